"""What an alert looks at: a metric of Google's and a number, a PromQL expression, or lines of a log. Values only.

Cloud Monitoring compares in two forms. A *threshold* is a filter, an aggregation and a number; it takes ``>`` and ``<`` only.
What it cannot say (a difference of two metrics, "nothing at all happened") is PromQL. So is everything about our own log-based
metrics: a threshold on one that has just been made is refused for up to ten minutes (terraform-provider-google#11102), PromQL can
do without that check.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

from components.gcp.text import joined

Comparison = Literal[">", "<"]
COMPARISONS: dict[Comparison, str] = {">": "COMPARISON_GT", "<": "COMPARISON_LT"}

Values = Sequence[pulumi.Input[str]]

EVALUATED = "60s"
"""How often PromQL is evaluated; a multiple of 30 seconds."""


@dataclass(frozen=True, kw_only=True)
class Series:
    """The time series of a metric, aligned to one point per period and put together."""

    metric: str
    """Full type, such as ``run.googleapis.com/request_count``."""
    resource: str
    """Type of the monitored resource, such as ``cloud_run_revision``."""
    where: Mapping[str, Values] = field(default_factory=dict)
    """Labels, such as ``resource.labels.service_name``, to the values that are meant."""
    ends: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    """Labels to what their value ends with: some services put a whole path there, others its last part."""
    aligner: str = "ALIGN_MEAN"
    """How the points of a period become one."""
    reducer: str = "REDUCE_MAX"
    """How several series become one per group."""
    by: tuple[str, ...] = ()
    """Labels that make a group; each group opens incidents of its own."""
    period_seconds: int = 60
    """At least 60."""

    @property
    def filter(self) -> pulumi.Output[str]:
        """As Cloud Monitoring's filters are written."""
        first = f'metric.type = "{self.metric}" AND resource.type = "{self.resource}"'
        exact = [part for label, values in self.where.items() for part in _is(label, values)]
        ends = [part for label, value in self.ends.items() for part in (f' AND {label} = ends_with("', value, '")')]
        return joined(first, *exact, *ends)

    @property
    def aggregation(self) -> dict[str, Any]:
        """The API's names, as the dashboard has them; :func:`snake` gives the SDK's."""
        groups = {"groupByFields": list(self.by)} if self.by else {}
        return {
            "alignmentPeriod": f"{self.period_seconds}s",
            "perSeriesAligner": self.aligner,
            "crossSeriesReducer": self.reducer,
            **groups,
        }

    @property
    def query(self) -> dict[str, Any]:
        """What a graph of it asks for."""
        return {"timeSeriesFilter": {"filter": self.filter, "aggregation": self.aggregation}}


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """Fires when *series*, or its share of *of*, compares with *value* for *seconds* without a break."""

    series: Series
    of: Series | None = None
    value: float
    comparison: Comparison = ">"
    seconds: int = 300
    """Whole minutes; 0 fires at the first point, for events that are over when they are seen."""
    missing: Literal["INACTIVE", "ACTIVE", "NO_OP"] = "NO_OP"
    """What no data means: good, bad, or as before. Google takes it with *seconds* only."""

    def arguments(self) -> dict[str, Any]:
        """The condition as the provider takes it."""
        share = (
            {"denominator_filter": self.of.filter, "denominator_aggregations": [snake(self.of.aggregation)]} if self.of else {}
        )
        missing = {"evaluation_missing_data": f"EVALUATION_MISSING_DATA_{self.missing}"} if self.seconds else {}
        return {
            "condition_threshold": {
                "filter": self.series.filter,
                "aggregations": [snake(self.series.aggregation)],
                "comparison": COMPARISONS[self.comparison],
                "threshold_value": self.value,
                "duration": f"{self.seconds}s",
                "trigger": {"count": 1},
                **share,
                **missing,
            }
        }

    @property
    def query(self) -> dict[str, Any]:
        """What a graph of it asks for."""
        if self.of is None:
            return self.series.query
        numerator, denominator = (each.query["timeSeriesFilter"] for each in (self.series, self.of))
        return {"timeSeriesFilterRatio": {"numerator": numerator, "denominator": denominator}}


@dataclass(frozen=True, kw_only=True)
class Query:
    """Fires when the PromQL expression *text* compares with *value* for *seconds* without a break."""

    text: pulumi.Input[str]
    value: float
    comparison: Comparison = ">"
    seconds: int = 0
    known: bool = True
    """Google checks that the metric exists; False for one that was made a moment ago."""

    def arguments(self) -> dict[str, Any]:
        """The condition as the provider takes it."""
        return {
            "condition_prometheus_query_language": {
                "query": joined(self.text, f" {self.comparison} {self.value:.15g}"),
                "duration": f"{self.seconds}s",
                "evaluation_interval": EVALUATED,
                "disable_metric_validation": not self.known,
            }
        }

    @property
    def query(self) -> dict[str, Any]:
        """What a graph of it asks for."""
        return {"prometheusQuery": self.text}


@dataclass(frozen=True, kw_only=True)
class Lines:
    """Counts the log entries that match *filter* over *window* (PromQL, such as ``1h``) and compares. None at all counts 0.

    Log-based metrics count what arrives, also entries that the ``_Default`` bucket leaves out because a bucket of ours keeps
    them; alerts on the log itself see only what is in ``_Default``. They may be ten minutes late, and alerts see their last 25
    hours: a *window* is between half an hour and a day, and *seconds* make it longer.
    """

    filter: pulumi.Input[str]
    resource: str
    """Type of the monitored resource that the entries are about."""
    window: str
    value: float
    comparison: Comparison = ">"
    seconds: int = 0

    def counted(self, name: str) -> Query:
        """The condition, once a log-based metric called *name* counts the entries."""
        text = happened(f"logging.googleapis.com/user/{name}", self.resource, {}, self.window)
        return Query(text=text, value=self.value, comparison=self.comparison, seconds=self.seconds, known=False)


Condition = Threshold | Query | Lines


def prometheus(metric: str, resource: str, where: Mapping[str, Values]) -> pulumi.Output[str]:
    """A selector of PromQL for a metric of Cloud Monitoring. Labels have no ``resource.labels.`` before them there."""
    domain, _, path = metric.partition("/")
    name = f"{_word(domain)}:{_word(path)}"
    chosen = [part for label, values in where.items() for part in _among(label.rpartition(".")[2], values)]
    return joined(f'{name}{{monitored_resource="{resource}"', *chosen, "}")


def happened(metric: str, resource: str, where: Mapping[str, Values], window: str) -> pulumi.Output[str]:
    """How often a counter counted over *window*: 0, and not nothing, where it never did. Google's counters are deltas, to be
    added up; ``increase`` wants two samples, and of something rare there is one."""
    return joined("(sum(sum_over_time(", prometheus(metric, resource, where), f"[{window}])) or vector(0))")


def snake(names: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of the API as the SDK has them: ``alignmentPeriod`` is ``alignment_period``."""
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower(): value for name, value in names.items()}


def _word(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9_]", "_", text)


def _is(label: str, values: Values) -> list[pulumi.Input[str]]:
    start, end = ("one_of(", ")") if len(values) > 1 else ("", "")
    quoted = _joined([joined('"', value, '"') for value in values], ", ")
    return [f" AND {label} = {start}", *quoted, end]


def _among(label: str, values: Values) -> list[pulumi.Input[str]]:
    return [f',{label}=~"', *_joined(values, "|"), '"']


def _joined(values: Values, between: str) -> list[pulumi.Input[str]]:
    return [part for number, value in enumerate(values) for part in ((between, value) if number else (value,))]
