"""Alerts: what one is, and the Cloud Monitoring resources that it becomes. All of a stack speak through the same channels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.gcp.conditions import Condition, Lines, Query, Threshold
from components.names import Scope

Severity = Literal["CRITICAL", "ERROR", "WARNING"]

DAY = 24 * 3600
EVENT_CLOSES = 1800
"""An incident of something that is over at once closes after half an hour, the shortest that Google takes."""


@dataclass(frozen=True, kw_only=True)
class Alert:
    """Opens an incident when one of *conditions* is met, or all of them *together*."""

    name: str
    """Short and unique in its component, such as ``cpu``. A change recreates the alert."""
    meaning: str
    """What is wrong and what to do: the text that people get."""
    conditions: tuple[Condition, ...]
    together: bool = False
    severity: Severity = "ERROR"
    """CRITICAL: users notice now; ERROR: they will; WARNING: look at it this week."""
    closes_seconds: int = DAY
    """An incident without data for this time is closed."""

    @property
    def threshold(self) -> float:
        """The number that decides, in the metric's own unit: a share is between 0 and 1."""
        return self.conditions[0].value


@dataclass(frozen=True, kw_only=True)
class Made:
    """An alert that exists: its policy, and its conditions as graphs can draw them."""

    policy: gcp.monitoring.AlertPolicy
    conditions: tuple[Threshold | Query, ...]


def alert_policy(component: GcpComponent, scope: Scope, alert: Alert) -> Made:
    """Alert policy ``<component>-<alert>``, at Google with ``<app>-<environment>-`` before it. The network's channels hear when
    an incident begins and when it ends."""
    name = f"{component.name}-{alert.name}"
    conditions = tuple(_measurable(component, scope, alert, condition) for condition in alert.conditions)
    shown = scope.physical(name, limit=512)
    arguments: Any = [
        {"display_name": f"{shown} {number}", **condition.arguments()} for number, condition in enumerate(conditions, start=1)
    ]
    policy = gcp.monitoring.AlertPolicy(
        name,
        display_name=shown,
        combiner="AND" if alert.together else "OR",
        conditions=arguments,
        severity=alert.severity,
        notification_channels=component.network.channels,
        alert_strategy={"auto_close": f"{alert.closes_seconds}s"},
        documentation={"subject": f"{shown}: {alert.severity}", "content": alert.meaning, "mime_type": "text/markdown"},
        user_labels=scope.labels(),
        opts=component.child(),
    )
    return Made(policy=policy, conditions=conditions)


def _measurable(component: GcpComponent, scope: Scope, alert: Alert, condition: Condition) -> Threshold | Query:
    """The condition itself; for log lines the log-based metric that counts them, and the condition on it."""
    if not isinstance(condition, Lines):
        return condition
    name = f"{component.name}-{alert.name}"
    metric = scope.physical(name, limit=100)
    gcp.logging.Metric(
        f"{name}-lines",
        name=metric,
        description=alert.meaning,
        filter=condition.filter,
        metric_descriptor={"metric_kind": "DELTA", "value_type": "INT64", "unit": "1"},
        opts=component.child(),
    )
    return condition.counted(metric)
