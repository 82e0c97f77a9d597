"""Alarms of what stands around the database: services, load balancer, cache. Values only."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.alarms import Alarm, count_alarm
from components.settings.platform import AlarmSettings

Text = pulumi.Input[str]

ERRORS = 10
"""Answers with a 5xx status in five minutes: more than one unlucky request, less than what users write about."""
CACHE_CPU_PERCENT = 90
"""Of the one core that the cache's engine uses."""


def service_alarms(service: str, *, cluster: Text, name: Text) -> list[Alarm]:
    """Alarms of the ECS service *name* of *cluster*; *service* is what it is called in the stack file."""
    return [
        Alarm(
            name=f"{service}-running",
            meaning=f"Service {service} runs fewer containers than it should. See its events in ECS and its log.",
            namespace="ECS/ContainerInsights",
            # a service of which nothing runs has no data for what runs
            metric="desired - FILL(running, 0)",
            terms={"desired": "DesiredTaskCount", "running": "RunningTaskCount"},
            dimensions={"ClusterName": cluster, "ServiceName": name},
            threshold=1,
        )
    ]


def target_alarms(service: str, balancer: aws.lb.LoadBalancer, group: aws.lb.TargetGroup) -> list[Alarm]:
    """Alarms of a public service, seen from the load balancer."""
    dimensions = {"LoadBalancer": balancer.arn_suffix, "TargetGroup": group.arn_suffix}
    return [
        _errors(
            f"{service}-5xx", f"Service {service} answers with errors. See its log.", "HTTPCode_Target_5XX_Count", dimensions
        ),
        Alarm(
            name=f"{service}-unhealthy",
            meaning=f"Containers of service {service} fail their health check. See its log.",
            namespace="AWS/ApplicationELB",
            metric="UnHealthyHostCount",
            dimensions=dimensions,
            statistic="Maximum",
            threshold=1,
            missing="notBreaching",
        ),
    ]


def balancer_alarms(balancer: aws.lb.LoadBalancer) -> list[Alarm]:
    """Alarms of the load balancer itself: errors that it answered without a service."""
    meaning = "The load balancer finds nobody to answer. See which services run, and its access log."
    return [_errors("load-balancer-5xx", meaning, "HTTPCode_ELB_5XX_Count", {"LoadBalancer": balancer.arn_suffix})]


def cache_alarms(members: Sequence[Text], settings: AlarmSettings) -> list[Alarm]:
    """Alarms of the cache, for each of its nodes."""
    found = []
    for number, member in enumerate(members, start=1):
        for name, metric, threshold, meaning in (
            (
                "cpu",
                "EngineCPUUtilization",
                CACHE_CPU_PERCENT,
                "The cache's core is busy. Look for slow commands, or take a larger size.",
            ),
            (
                "memory",
                "DatabaseMemoryUsagePercentage",
                settings.memory_percent,
                "The cache is nearly full and will drop keys. Give keys an end, or take a larger size.",
            ),
        ):
            found.append(
                Alarm(
                    name=f"cache-{name}-{number}",
                    meaning=meaning,
                    namespace="AWS/ElastiCache",
                    metric=metric,
                    dimensions={"CacheClusterId": member},
                    threshold=threshold,
                )
            )
    return found


def _errors(name: str, meaning: str, metric: str, dimensions: dict[str, pulumi.Output[str]]) -> Alarm:
    return count_alarm(
        name=name,
        meaning=meaning,
        namespace="AWS/ApplicationELB",
        metric=metric,
        dimensions=dimensions,
        threshold=ERRORS,
    )
