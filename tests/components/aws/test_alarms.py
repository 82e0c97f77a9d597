"""Alarms as values: what is watched, and at which number it fires."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest

from components.aws.alarms import Alarm, LogLines, alarm_resource, topic_arn
from components.aws.database_alarms import aurora_alarms, rds_alarms
from components.aws.workload_alarms import cache_alarms, service_alarms
from components.component import Component
from components.names import Scope
from components.settings.platform import AlarmSettings
from tests.recorder import Recording, record

GIB = 1024**3
SETTINGS = AlarmSettings()


@dataclass
class FakeNode:
    identifier: str
    memory_bytes: int = 16 * GIB
    max_connections: int = 1658
    reader: bool = False


@dataclass
class FakeDatabase:
    """As much of a database as alarms look at."""

    identifier: str = "shop-prod"
    nodes: list[Any] = field(default_factory=lambda: [FakeNode("shop-prod-1"), FakeNode("shop-prod-2", reader=True)])
    log_group: Any = field(default_factory=lambda: SimpleNamespace(name="/aws/rds/cluster/shop-prod/postgresql"))
    proxy: Any = None
    credentials: Any = field(
        default_factory=lambda: SimpleNamespace(rotation=SimpleNamespace(function_name="shop-prod-rotation"))
    )


def by_name(alarms: list[Alarm]) -> dict[str, Alarm]:
    found = {alarm.name: alarm for alarm in alarms}
    assert len(found) == len(alarms), "names are unique"
    return found


def aurora(settings: AlarmSettings = SETTINGS, **change: Any) -> dict[str, Alarm]:
    serverless = change.pop("serverless", False)
    return by_name(aurora_alarms(FakeDatabase(**change), settings, serverless=serverless))


def test_the_writer_is_watched_for_five_minutes_whoever_it_is() -> None:
    alarm = aurora()["writer-cpu"]
    assert (alarm.metric, alarm.threshold, alarm.comparison) == ("CPUUtilization", 80, ">=")
    assert alarm.period_seconds * alarm.evaluation_periods == 300
    assert alarm.dimensions == {"DBClusterIdentifier": "shop-prod", "Role": "WRITER"}


def test_connections_are_held_against_the_real_maximum_of_the_smallest_instance() -> None:
    nodes = [FakeNode("a", max_connections=1000), FakeNode("b", max_connections=500, reader=True)]
    alarm = aurora(nodes=nodes)["connections"]
    assert (alarm.metric, alarm.statistic, alarm.threshold) == ("DatabaseConnections", "Maximum", 400)


def test_lag_of_aurora_is_in_milliseconds_and_of_rds_in_seconds() -> None:
    assert aurora()["replica-lag"].threshold == 5000
    assert aurora()["replica-lag"].dimensions["Role"] == "READER"
    replica = by_name(rds_alarms(FakeDatabase(), SETTINGS))["replica-lag-2"]
    assert (replica.metric, replica.threshold) == ("ReplicaLag", 5)
    assert replica.dimensions == {"DBInstanceIdentifier": "shop-prod-2"}


def test_lag_of_an_idle_rds_is_no_alarm() -> None:
    """RDS counts up to five minutes while nobody writes, then begins again: only what never falls below the threshold is old."""
    replica = by_name(rds_alarms(FakeDatabase(), SETTINGS))["replica-lag-2"]
    assert (replica.statistic, replica.period_seconds, replica.evaluation_periods) == ("Minimum", 600, 1)


def test_a_database_without_readers_has_no_lag() -> None:
    alone = [FakeNode("shop-prod-1")]
    assert aurora(nodes=alone)["replica-lag"].missing == "notBreaching", "until autoscaling adds a reader"
    assert "ReplicaLag" not in {alarm.metric for alarm in rds_alarms(FakeDatabase(nodes=alone), SETTINGS)}


def test_memory_fires_when_little_is_left() -> None:
    alarm = aurora()["memory"]
    assert (alarm.metric, alarm.statistic, alarm.comparison) == ("FreeableMemory", "Minimum", "<=")
    assert alarm.threshold == pytest.approx(1.6 * GIB, rel=0.01)


def test_local_storage_of_a_small_instance_is_not_always_low() -> None:
    assert aurora()["local-storage"].threshold == 5 * GIB
    small = aurora(nodes=[FakeNode("shop-dev-1", memory_bytes=4 * GIB)])
    assert small["local-storage"].threshold == 2 * GIB, "db.t4g.medium has about 8 GiB in all"


def test_transaction_ids_fire_long_before_writes_end() -> None:
    assert aurora()["transaction-ids"].threshold == 2**30
    assert aurora()["transaction-ids"].metric == "MaximumUsedTransactionIDs"


def test_deadlocks_are_counted_from_the_log_on_both_backends() -> None:
    for alarms in (aurora(), by_name(rds_alarms(FakeDatabase(), SETTINGS))):
        alarm = alarms["deadlocks"]
        assert alarm.lines == LogLines(group="/aws/rds/cluster/shop-prod/postgresql", pattern='"deadlock detected"')
        assert (alarm.statistic, alarm.threshold, alarm.missing) == ("Sum", 1, "notBreaching")


def test_a_failed_password_rotation_is_heard_of() -> None:
    alarm = aurora()["password-rotation"]
    assert (alarm.metric, alarm.dimensions) == ("Errors", {"FunctionName": "shop-prod-rotation"})


def test_capacity_is_watched_on_serverless_only() -> None:
    assert "capacity" not in aurora()
    assert aurora(serverless=True)["capacity"].metric == "ACUUtilization"


def test_what_serverless_has_no_metric_of_is_no_alarm() -> None:
    """CloudWatch has no FreeLocalStorage of serverless instances: the alarm would never have data and never fire."""
    assert "FreeLocalStorage" not in {alarm.metric for alarm in aurora(serverless=True).values()}


def test_a_proxy_is_watched_where_there_is_one() -> None:
    assert "proxy-borrow-latency" not in aurora()
    alarm = aurora(proxy=SimpleNamespace(name="shop-prod-proxy"))["proxy-borrow-latency"]
    assert alarm.dimensions == {"ProxyName": "shop-prod-proxy"}
    assert alarm.metric == "DatabaseConnectionsBorrowLatency"
    assert alarm.threshold == 1_000_000, "microseconds"


def test_each_rds_instance_is_watched_and_the_writer_for_more() -> None:
    alarms = by_name(rds_alarms(FakeDatabase(), SETTINGS))
    assert {"connections-1", "connections-2", "memory-1", "memory-2", "storage-1", "storage-2"} <= set(alarms)
    assert alarms["writer-cpu"].dimensions == {"DBInstanceIdentifier": "shop-prod-1"}
    assert alarms["storage-2"].metric == "FreeStorageSpace"
    assert alarms["storage-2"].threshold == 5 * GIB


def test_a_new_reader_changes_no_alarm_that_is_there() -> None:
    three = [*FakeDatabase().nodes, FakeNode("shop-prod-3", reader=True)]
    assert aurora() == aurora(nodes=three)
    before, after = (by_name(rds_alarms(FakeDatabase(nodes=nodes), SETTINGS)) for nodes in (FakeDatabase().nodes, three))
    assert all(after[name] == alarm for name, alarm in before.items())


def test_thresholds_are_the_users() -> None:
    settings = AlarmSettings(
        cpu_percent=70,
        connections_percent=50,
        replica_lag_seconds=9,
        free_storage_gib=3,
        memory_percent=75,
        transaction_id_percent=10,
    )
    alarms = aurora(settings)
    thresholds = {
        name: alarms[name].threshold for name in ("writer-cpu", "connections", "replica-lag", "local-storage", "memory")
    }
    assert thresholds == {
        "writer-cpu": 70,
        "connections": 829,
        "replica-lag": 9000,
        "local-storage": 3 * GIB,
        "memory": 4 * GIB,
    }
    assert alarms["transaction-ids"].threshold == pytest.approx(2**31 / 10, rel=0.01)


def test_a_service_without_any_container_is_below_desired() -> None:
    (alarm,) = service_alarms("api", cluster="shop-dev", name="shop-dev-api")
    assert alarm.metric == "desired - FILL(running, 0)"
    assert alarm.terms == {"desired": "DesiredTaskCount", "running": "RunningTaskCount"}
    assert alarm.dimensions == {"ClusterName": "shop-dev", "ServiceName": "shop-dev-api"}


def test_each_node_of_the_cache_is_watched() -> None:
    alarms = by_name(cache_alarms(["shop-dev-cache-001", "shop-dev-cache-002"], SETTINGS))
    assert alarms["cache-memory-2"].dimensions == {"CacheClusterId": "shop-dev-cache-002"}
    assert alarms["cache-memory-2"].threshold == 90


class Thing(Component):
    TYPE = "Thing"


SCOPE = Scope(app="shop", environment="dev", tier="dev", stack="dev", region="ap-northeast-1")


def recorded(alarm: Alarm) -> Recording:
    """What *alarm* becomes as a child of a component ``thing``."""

    def program() -> None:
        alarm_resource(Thing("thing"), SCOPE, alarm, topic_arn(SCOPE, pulumi.Output.from_input("123456789012")))

    return record(program, {})


def test_an_alarm_speaks_through_the_topic_when_it_begins_and_ends() -> None:
    made = recorded(aurora()["writer-cpu"]).of_type(":MetricAlarm")["thing-writer-cpu"].inputs
    assert made["name"] == "shop-dev-thing-writer-cpu"
    assert made["alarmActions"] == made["okActions"] == ["arn:aws:sns:ap-northeast-1:123456789012:shop-dev-alarms"]
    assert made["comparisonOperator"] == "GreaterThanOrEqualToThreshold"
    assert made["alarmDescription"].startswith("The writer's CPU")
    assert made["tags"]["Name"] == "shop-dev-thing-writer-cpu"


def test_log_lines_become_a_metric() -> None:
    recording = recorded(aurora()["deadlocks"])
    lines = recording.of_type(":LogMetricFilter")["thing-deadlocks-lines"].inputs
    made = recording.of_type(":MetricAlarm")["thing-deadlocks"].inputs
    assert lines["logGroupName"] == "/aws/rds/cluster/shop-prod/postgresql"
    metric = lines["metricTransformation"]
    assert (
        (metric["namespace"], metric["name"])
        == (made["namespace"], made["metricName"])
        == ("managed-postgres/shop-prod", "Deadlocks")
    )


def test_metric_maths_returns_its_result_only() -> None:
    (alarm,) = service_alarms("api", cluster="shop-dev", name="shop-dev-api")
    made = recorded(alarm).of_type(":MetricAlarm")["thing-api-running"].inputs
    assert "metricName" not in made
    queries = {query["id"]: query for query in made["metricQueries"]}
    assert [name for name, query in queries.items() if query["returnData"]] == ["result"]
    assert queries["running"]["metric"]["metricName"] == "RunningTaskCount"
    assert queries["running"]["metric"]["period"] == 60
