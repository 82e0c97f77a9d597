"""The dashboard of a stack: open incidents, a graph of each alert with its threshold, and graphs that have no alert."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.gcp.conditions import Query, Series, Threshold

COLUMNS, WIDTH, HEIGHT = 48, 16, 12
"""Of the dashboard, and of a graph in it: three stand beside each other."""


@dataclass(frozen=True, kw_only=True)
class Graph:
    """A graph of one or more metrics; *limits* are drawn across it."""

    title: str
    lines: Sequence[Series | Threshold | Query]
    limits: Sequence[float] = ()


def alert_graph(name: str, conditions: Sequence[Threshold | Query]) -> Graph:
    """What an alert looks at. An alert on two measures has them in two units, so only the first is drawn."""
    first = conditions[0]
    return Graph(title=name, lines=[first], limits=[first.value])


def listed(policy: str | None) -> str:
    """The name of an alert policy as a list of incidents takes it: without its project."""
    return f"alertPolicies/{(policy or '').rpartition('/')[2]}"


def dashboard_json(title: str, policies: Sequence[pulumi.Input[str]], graphs: Sequence[Graph]) -> dict[str, Any]:
    """The JSON of a dashboard. *policies* are alert policies as :func:`listed`.

    Google leaves zeros and empty lists out of what it gives back, and the provider would then see a change for ever: so do we.
    """
    incidents = {"title": "Open incidents", "incidentList": {"policyNames": list(policies)}}
    tiles = [
        {"width": COLUMNS, "height": HEIGHT, "widget": incidents},
        *(_tile(number, graph) for number, graph in enumerate(graphs)),
    ]
    return {"displayName": title, "mosaicLayout": {"columns": COLUMNS, "tiles": tiles}}


def _tile(number: int, graph: Graph) -> dict[str, Any]:
    across = COLUMNS // WIDTH
    place = {"xPos": number % across * WIDTH, "yPos": HEIGHT + number // across * HEIGHT}
    limits = [{"value": limit} for limit in graph.limits if limit]
    chart: Mapping[str, Any] = {
        "dataSets": [{"plotType": "LINE", "timeSeriesQuery": line.query} for line in graph.lines],
        **({"thresholds": limits} if limits else {}),
    }
    return {
        **{key: value for key, value in place.items() if value},
        "width": WIDTH,
        "height": HEIGHT,
        "widget": {"title": graph.title, "xyChart": chart},
    }
