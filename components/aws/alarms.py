"""Alarms: what one is, and the CloudWatch resources that it becomes. All of a stack speak through one SNS topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.names import Scope

Comparison = Literal[">=", ">", "<=", "<"]

COMPARISONS: dict[Comparison, str] = {
    ">=": "GreaterThanOrEqualToThreshold",
    ">": "GreaterThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
    "<": "LessThanThreshold",
}


@dataclass(frozen=True, kw_only=True)
class LogLines:
    """A metric made of log lines: each line of *group* that matches *pattern* (CloudWatch Logs syntax) counts one."""

    group: pulumi.Input[str]
    pattern: str


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Fires when *statistic* over *period_seconds* compares with *threshold*, *evaluation_periods* times in a row."""

    name: str
    """Short and unique in its component, such as ``writer-cpu``. A change recreates the alarm."""
    meaning: str
    """What is wrong and what to do: the text that people get."""
    namespace: str
    metric: str
    """Name of the metric; with *terms* an expression over them."""
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    terms: Mapping[str, str] = field(default_factory=dict)
    """Metric maths: names of the expression to metrics, all of the same namespace, dimensions and statistic."""
    lines: LogLines | None = None
    """Where the metric is counted from, where AWS has none."""
    statistic: Literal["Average", "Maximum", "Minimum", "Sum"] = "Average"
    threshold: float
    comparison: Comparison = ">="
    period_seconds: int = 60
    evaluation_periods: int = 5
    missing: Literal["missing", "notBreaching", "breaching"] = "missing"
    """What a period without data means: no opinion, good, or bad."""


def count_alarm(**alarm: Any) -> Alarm:
    """An alarm on how often something bad happened in five minutes; nothing counted is good."""
    return Alarm(statistic="Sum", period_seconds=300, evaluation_periods=1, missing="notBreaching", **alarm)


def topic_name(scope: Scope) -> str:
    """Name of the SNS topic of the stack's alarms."""
    return scope.physical("alarms")


def topic_arn(scope: Scope, account_id: pulumi.Input[str]) -> pulumi.Output[str]:
    """ARN of that topic, for components that are made before monitoring: an alarm needs the topic when it fires, not earlier."""
    return pulumi.Output.format("arn:aws:sns:{0}:{1}:{2}", scope.region, account_id, topic_name(scope))


def alarm_resource(component: Component, scope: Scope, alarm: Alarm, topic: pulumi.Input[str]) -> aws.cloudwatch.MetricAlarm:
    """Alarm ``<component>-<alarm>``, at AWS with ``<app>-<environment>-`` before it. *topic* hears of its begin and its end."""
    name = f"{component.name}-{alarm.name}"
    if alarm.lines:
        aws.cloudwatch.LogMetricFilter(
            f"{name}-lines",
            name=scope.physical(name, limit=255),
            log_group_name=alarm.lines.group,
            pattern=alarm.lines.pattern,
            metric_transformation={
                "name": alarm.metric,
                "namespace": alarm.namespace,
                "value": "1",
                "default_value": "0",
            },
            opts=component.child(),
        )
    return aws.cloudwatch.MetricAlarm(
        name,
        name=scope.physical(name, limit=255),
        alarm_description=alarm.meaning,
        comparison_operator=COMPARISONS[alarm.comparison],
        threshold=alarm.threshold,
        evaluation_periods=alarm.evaluation_periods,
        datapoints_to_alarm=alarm.evaluation_periods,
        treat_missing_data=alarm.missing,
        alarm_actions=[topic],
        ok_actions=[topic],
        tags=scope.named(name),
        opts=component.child(),
        **_measured(alarm),
    )


def _measured(alarm: Alarm) -> dict[str, Any]:
    """The arguments that say what is measured: a metric, or an expression and its metrics."""
    if not alarm.terms:
        return {
            "namespace": alarm.namespace,
            "metric_name": alarm.metric,
            "dimensions": dict(alarm.dimensions) or None,
            "statistic": alarm.statistic,
            "period": alarm.period_seconds,
        }
    terms = [
        {
            "id": term,
            "metric": {
                "namespace": alarm.namespace,
                "metric_name": metric,
                "dimensions": dict(alarm.dimensions),
                "stat": alarm.statistic,
                "period": alarm.period_seconds,
            },
            "return_data": False,
        }
        for term, metric in alarm.terms.items()
    ]
    result = {"id": "result", "expression": alarm.metric, "label": alarm.name, "return_data": True}
    return {"metric_queries": [result, *terms]}
