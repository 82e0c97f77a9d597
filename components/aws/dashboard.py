"""The dashboard of a stack: the state of all alarms, a graph of each with its threshold, and graphs that have no alarm."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

WIDTH, HEIGHT, ACROSS = 6, 6, 4
"""Of a graph in the 24 columns of a dashboard, and how many stand beside each other."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph of one or more metrics, each ``(namespace, metric, dimension, value, ...)``; values may be outputs."""

    title: str
    metrics: Sequence[Sequence[pulumi.Input[str]]]
    statistic: str = "Average"


def dashboard_body(region: str, alarms: Mapping[str, pulumi.Input[str]], graphs: Sequence[Graph]) -> dict[str, Any]:
    """The JSON of a dashboard. *alarms* are names to ARNs."""
    states = {
        "type": "alarm",
        "x": 0,
        "y": 0,
        "width": WIDTH * ACROSS,
        "height": HEIGHT // 2,
        "properties": {"title": "Alarms", "alarms": list(alarms.values())},
    }
    drawn = [
        {"title": graph.title, "metrics": [list(metric) for metric in graph.metrics], "stat": graph.statistic, "period": 60}
        for graph in graphs
    ] + [{"title": name, "annotations": {"alarms": [arn]}} for name, arn in alarms.items()]
    return {"widgets": [states, *(_widget(at, region, properties) for at, properties in enumerate(drawn))]}


def _widget(at: int, region: str, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "metric",
        "x": at % ACROSS * WIDTH,
        "y": HEIGHT // 2 + at // ACROSS * HEIGHT,
        "width": WIDTH,
        "height": HEIGHT,
        "properties": {"region": region, "view": "timeSeries", "stacked": False, **properties},
    }
