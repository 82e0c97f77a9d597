"""How many containers a service has, by their load."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.names import Scope
from components.settings.workload import Scaling

OUT_SECONDS, IN_SECONDS = 60, 300
"""Pause after more containers, and after fewer: quick to help, slow to save."""
REQUESTS_UNIT = 100
"""``requests_per_container`` counts hundreds of requests a minute here."""


def autoscaling(
    component: Component,
    scope: Scope,
    scaling: Scaling,
    *,
    cluster: pulumi.Input[str],
    service: pulumi.Input[str],
    requests: pulumi.Input[str] | None,
) -> None:
    """Holds CPU, memory and requests at their targets with *min* to *max* containers; the highest need counts.

    *requests* names load balancer and target group as ``<load balancer>/<target group>`` (arn suffixes), None without them.
    A change of *min*, *max* or a target is made in place and stops no container that is needed.
    """
    name = f"{component.name}-scaling"
    target = aws.appautoscaling.Target(
        name,
        service_namespace="ecs",
        scalable_dimension="ecs:service:DesiredCount",
        resource_id=pulumi.Output.format("service/{0}/{1}", cluster, service),
        min_capacity=scaling.min,
        max_capacity=scaling.max,
        tags=scope.named(name),
        opts=component.child(),
    )
    policies: dict[str, tuple[float, dict[str, Any]]] = {
        "cpu": (scaling.cpu_percent, {"predefined_metric_type": "ECSServiceAverageCPUUtilization"}),
        "memory": (scaling.memory_percent, {"predefined_metric_type": "ECSServiceAverageMemoryUtilization"}),
    }
    if requests is not None:
        counted = {"predefined_metric_type": "ALBRequestCountPerTarget", "resource_label": requests}
        policies["requests"] = (scaling.requests_per_container * REQUESTS_UNIT, counted)
    for role, (value, metric) in policies.items():
        held: Any = {
            "target_value": value,
            "predefined_metric_specification": metric,
            "scale_out_cooldown": OUT_SECONDS,
            "scale_in_cooldown": IN_SECONDS,
        }
        aws.appautoscaling.Policy(
            f"{name}-{role}",
            name=role,
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration=held,
            opts=component.child(),
        )
