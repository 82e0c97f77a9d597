"""What the conditions of an alert become, in the three forms that Cloud Monitoring takes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from components.gcp.alerts import Alert
from components.gcp.conditions import Condition, Lines, Query, Series, Threshold, happened, prometheus
from tests.components.gcp.alerting import SCOPE, Made, made
from tests.components.gcp.network import network_alone

CPU = "cloudsql.googleapis.com/database/cpu/utilization"
GIB = 1024**3


def one(*conditions: Condition, **change: Any) -> Made:
    """What an alert with *conditions* becomes."""
    alert = Alert(name="alert", meaning="Something is wrong. Do something.", conditions=conditions, **change)
    return made(lambda: [alert])["alert"]


def resolved(build: Callable[[], pulumi.Output[str]]) -> str:
    """The text that an output comes to."""
    found: list[str] = []
    network_alone(lambda network: build().apply(found.append))
    return found[0]


def series(**change: Any) -> Series:
    return Series(**{"metric": CPU, "resource": "cloudsql_database", **change})


def test_a_threshold_says_all_that_google_wants_to_know() -> None:
    found = one(Threshold(series=series(where={"resource.labels.database_id": ["p:a", "p:b"]}), value=0.8))
    assert found.condition == {
        "filter": f'metric.type = "{CPU}" AND resource.type = "cloudsql_database"'
        ' AND resource.labels.database_id = one_of("p:a", "p:b")',
        "aggregations": [{"alignmentPeriod": "60s", "perSeriesAligner": "ALIGN_MEAN", "crossSeriesReducer": "REDUCE_MAX"}],
        "comparison": "COMPARISON_GT",
        "thresholdValue": 0.8,
        "duration": "300s",
        "trigger": {"count": 1},
        "evaluationMissingData": "EVALUATION_MISSING_DATA_NO_OP",
    }
    assert found.policy["displayName"] == "shop-dev-watching-alert"
    assert found.policy["documentation"]["content"] == "Something is wrong. Do something."
    assert found.policy["notificationChannels"] == ["projects/p/notificationChannels/1"]
    assert found.policy["userLabels"] == SCOPE.labels()
    assert (found.policy["combiner"], found.policy["severity"]) == ("OR", "ERROR")


def test_missing_data_is_judged_only_over_a_time() -> None:
    """Google takes evaluation_missing_data together with a retest window only."""
    assert "evaluationMissingData" not in one(Threshold(series=series(), value=0, seconds=0, missing="ACTIVE")).condition


def test_one_value_is_equal_and_an_ending_is_enough_where_google_writes_a_path() -> None:
    found = one(Threshold(series=series(where={"resource.labels.a": ["one"]}, ends={"resource.labels.b": "end"}), value=1))
    assert found.condition["filter"].endswith('resource.labels.a = "one" AND resource.labels.b = ends_with("end")')


def test_a_share_has_two_series_of_the_same_shape() -> None:
    part, whole = (series(metric=f"m/{name}", by=("resource.labels.a",)) for name in ("part", "whole"))
    condition = one(Threshold(series=part, of=whole, value=0.05)).condition
    assert '"m/whole"' in condition["denominatorFilter"]
    assert condition["aggregations"] == condition["denominatorAggregations"]
    assert condition["aggregations"][0]["groupByFields"] == ["resource.labels.a"]


def test_a_query_is_promql_with_its_number_in_full() -> None:
    assert one(Query(text="free_bytes", value=5 * GIB, comparison="<", seconds=300)).condition == {
        "query": "free_bytes < 5368709120",
        "duration": "300s",
        "evaluationInterval": "60s",
        "disableMetricValidation": False,
    }


def test_together_is_and() -> None:
    each = Query(text="a", value=1)
    found = one(each, each, together=True).policy
    assert found["combiner"] == "AND"
    assert len({condition["displayName"] for condition in found["conditions"]}) == 2


def test_lines_of_a_log_are_counted_by_a_metric_that_the_alert_need_not_find_yet() -> None:
    """terraform-provider-google#11102: a policy on a metric of a moment ago is a 404."""
    found = one(Lines(filter='severity="ERROR"', resource="cloud_run_revision", window="1h", value=0))
    assert found.lines
    assert (found.lines["name"], found.lines["filter"]) == ("shop-dev-watching-alert", 'severity="ERROR"')
    assert found.lines["metricDescriptor"] == {"metricKind": "DELTA", "valueType": "INT64", "unit": "1"}
    assert "bucketName" not in found.lines, "a metric of the project counts what the buckets leave out too"
    assert found.condition["disableMetricValidation"] is True
    assert found.condition["query"] == (
        '(sum(sum_over_time(logging_googleapis_com:user_shop_dev_watching_alert{monitored_resource="cloud_run_revision"}[1h]))'
        " or vector(0)) > 0"
    )


def test_promql_has_googles_names_in_its_own_spelling() -> None:
    where = {"resource.labels.database_id": ["p:a", "p:b"], "metric.labels.state": ["up"]}
    assert resolved(lambda: prometheus("cloudsql.googleapis.com/database/disk/quota", "cloudsql_database", where)) == (
        'cloudsql_googleapis_com:database_disk_quota{monitored_resource="cloudsql_database",database_id=~"p:a|p:b",state=~"up"}'
    )


def test_nothing_ever_counted_is_zero_and_not_nothing() -> None:
    """A threshold on a series that never was is never evaluated: a backup that never worked would not be missed."""
    assert resolved(lambda: happened("a.b/c", "r", {}, "24h")).endswith(" or vector(0))")
