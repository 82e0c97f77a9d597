"""ECS cluster: Fargate and Fargate Spot, Container Insights, and shells whose sessions are recorded."""

from __future__ import annotations

import pulumi_aws as aws

from components.aws.kms import CustomerKey
from components.aws.logs import log_group
from components.component import Component
from components.names import Scope

INSIGHTS_DAYS, SESSION_DAYS = 7, 365
"""Days that raw metrics are kept (CloudWatch has its own copy of their values), and what was typed in a container's shell."""


def ecs_cluster(network: Component, scope: Scope, key: CustomerKey) -> tuple[aws.ecs.Cluster, aws.ecs.ClusterCapacityProviders]:
    """Cluster ``<app>-<environment>``, and its capacity, which whoever runs a task in it depends on.

    A change of app or environment recreates it and everything that runs in it.
    """
    logical, name = f"{network.name}-cluster", scope.physical()
    # AWS makes the group of Container Insights itself, without an end, unless it is there first.
    insights = log_group(
        network,
        "cluster-insights",
        scope,
        name=f"/aws/ecs/containerinsights/{name}/performance",
        retention_days=INSIGHTS_DAYS,
        key=key,
    )
    sessions = log_group(network, "cluster-sessions", scope, name=f"/{name}/sessions", retention_days=SESSION_DAYS, key=key)
    cluster = aws.ecs.Cluster(
        logical,
        name=name,
        settings=[{"name": "containerInsights", "value": "enabled"}],
        configuration={
            "execute_command_configuration": {
                "kms_key_id": key.arn,
                "logging": "OVERRIDE",
                "log_configuration": {"cloud_watch_encryption_enabled": True, "cloud_watch_log_group_name": sessions.name},
            }
        },
        tags=scope.named(logical),
        opts=network.child(depends_on=[insights]),
    )
    capacity = aws.ecs.ClusterCapacityProviders(
        f"{logical}-capacity",
        cluster_name=cluster.name,
        capacity_providers=["FARGATE", "FARGATE_SPOT"],
        default_capacity_provider_strategies=[{"capacity_provider": "FARGATE", "weight": 1, "base": 0}],
        opts=network.child(),
    )
    return cluster, capacity
