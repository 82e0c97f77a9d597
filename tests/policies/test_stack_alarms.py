"""Every database is watched, and somebody hears it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rules.aws.types import CLUSTER, CLUSTER_INSTANCE, INSTANCE
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.alarms import ALARM, POLICY, RULES
from policies.verdict import Undecided
from tests.policies.runtime_args import resource, urn_of
from tests.policies.stacks import changed, of, real, told, without

WATCHED, HEARD = of(RULES, "database-alarms"), of(RULES, "alarms-heard")


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod"])
def test_the_real_stacks_are_watched(name: str) -> None:
    assert told(WATCHED, real(name)) == []


@pytest.mark.parametrize(
    ("stack", "alarm", "missing"),
    [
        ("prod", "monitoring-writer-cpu", "CPU"),
        ("prod", "monitoring-connections", "connections"),
        ("prod", "monitoring-memory", "memory"),
        ("prod", "monitoring-local-storage", "storage"),
        ("prod", "monitoring-transaction-ids", "transaction ids"),
        ("prod", "monitoring-replica-lag", "replica lag"),
        ("gcp-prod", "monitoring-transaction-ids", "transaction ids"),
        ("gcp-dev", "monitoring-connections", "connections"),
    ],
)
def test_a_missing_alarm_is_named(stack: str, alarm: str, missing: str) -> None:
    database = "database-cluster" if stack == "prod" else "database-instance"
    assert told(WATCHED, without(real(stack), lambda one: one.name == alarm)) == [(database, f"has no alarm on {missing}")]


def test_each_server_of_google_is_asked_for() -> None:
    stack = without(real("gcp-prod"), lambda one: one.name in ("monitoring-replica-lag", "monitoring-cpu"))
    assert told(WATCHED, stack) == [
        ("database-instance", "has no alarm on CPU"),
        ("database-replica-1", "has no alarm on CPU, replica lag"),
    ]


def test_storage_is_watched_by_any_of_googles_metrics_of_the_disk() -> None:
    one = without(real("gcp-prod"), lambda r: r.name == "monitoring-storage")
    assert told(WATCHED, one) == []
    assert told(WATCHED, without(one, lambda r: r.name == "monitoring-storage-limit")) == [
        ("database-instance", "has no alarm on storage"),
        ("database-replica-1", "has no alarm on storage"),
    ]


def test_a_cluster_without_a_reader_needs_no_alarm_on_its_lag() -> None:
    stack = without(real("dev"), lambda one: one.name == "monitoring-replica-lag")
    assert told(WATCHED, stack) == []


def test_an_alarm_on_another_database_does_not_count() -> None:
    dimensions = {"DBClusterIdentifier": "somebody-elses", "Role": "WRITER"}
    stack = changed(real("prod"), "monitoring-writer-cpu", {"dimensions": dimensions})
    assert told(WATCHED, stack) == [("database-cluster", "has no alarm on CPU")]


@pytest.mark.parametrize(
    ("stack", "alarm", "off"),
    [("prod", "monitoring-memory", {"actionsEnabled": False}), ("gcp-dev", "monitoring-memory", {"enabled": False})],
)
def test_an_alarm_that_is_off_does_not_count(stack: str, alarm: str, off: dict[str, Any]) -> None:
    assert [what for _, what in told(WATCHED, changed(real(stack), alarm, off))] == ["has no alarm on memory"]  # type: ignore[misc]


def test_an_alarm_that_cannot_be_read_yet_leaves_it_open() -> None:
    stack = changed(real("prod"), "monitoring-memory", {"dimensions": UNKNOWN})
    urn = next(one.urn for one in stack.resources if one.name == "monitoring-memory")
    assert told(WATCHED, stack) == [Undecided(("dimensions",), urn)]
    conditions = [{"conditionThreshold": {"filter": UNKNOWN}}]
    google = changed(real("gcp-dev"), "monitoring-memory", {"conditions": conditions})
    assert [type(one) for one in told(WATCHED, google)] == [Undecided]


def test_what_cannot_be_read_does_not_hide_that_all_is_there() -> None:
    stack = changed(real("prod"), "monitoring-api-5xx", {"dimensions": UNKNOWN})
    assert told(WATCHED, stack) == []


def test_an_unknown_identifier_is_followed_by_its_way() -> None:
    """What a first preview of an RDS instance with a made-up name looks like."""
    urn = urn_of(INSTANCE, "db")
    metrics = ("DatabaseConnections", "FreeableMemory", "CPUUtilization", "MaximumUsedTransactionIDs", "FreeStorageSpace")
    alarms = [
        resource(
            ALARM,
            {"namespace": "AWS/RDS", "metricName": metric, "dimensions": {"DBInstanceIdentifier": UNKNOWN}},
            name=metric,
            runtime=False,
            property_depends_on={"dimensions": (urn,)},
        )
        for metric in metrics
    ]
    database = resource(INSTANCE, {"engine": "postgres", "identifierPrefix": "x"}, name="db", runtime=False)
    stack = Stack("test", "prod", "aws", (database, *alarms))
    assert told(WATCHED, stack) == []
    nowhere = replace(stack, resources=(database, *(replace(one, property_depends_on={}) for one in alarms)))
    assert told(WATCHED, nowhere) == [Undecided(("dimensions",), urn_of(ALARM, metrics[0]))]


def test_alarms_on_every_server_watch_a_cluster_and_expressions_count() -> None:
    cluster = resource(
        CLUSTER, {"clusterIdentifier": "c", "serverlessv2ScalingConfiguration": {"maxCapacity": 4}}, "c", runtime=False
    )
    servers = [
        resource(
            CLUSTER_INSTANCE,
            {"identifier": f"c-{number}", "clusterIdentifier": "c"},
            name=f"c-{number}",
            runtime=False,
            property_depends_on={"clusterIdentifier": (cluster.urn,)},
        )
        for number in (1, 2)
    ]

    def expression(metric: str, server: str) -> Any:
        query = {"id": "m", "metric": {"metricName": metric, "dimensions": {"DBInstanceIdentifier": server}}}
        props = {"metricQueries": [{"id": "e", "expression": "m / 2"}, query]}
        return resource(ALARM, props, name=f"{metric}-{server}", runtime=False)

    metrics = (
        "DatabaseConnections",
        "FreeableMemory",
        "CPUUtilization",
        "MaximumUsedTransactionIDs",
        "ACUUtilization",
        "AuroraReplicaLag",
    )
    alarms = [expression(metric, server.name) for metric in metrics for server in servers]
    stack = Stack("test", "prod", "aws", (cluster, *servers, *alarms))
    assert told(WATCHED, stack) == []
    fewer = without(stack, lambda one: one.name == "ACUUtilization-c-2")
    assert told(WATCHED, fewer) == [("c", "has no alarm on capacity")]


def test_a_replica_of_rds_needs_an_alarm_on_its_lag_and_none_on_transaction_ids() -> None:
    replica = resource(INSTANCE, {"identifier": "r", "replicateSourceDb": UNKNOWN}, name="r", runtime=False)
    assert told(WATCHED, Stack("test", "prod", "aws", (replica,))) == [
        ("r", "has no alarm on connections, memory, storage, replica lag")
    ]


def test_where_google_has_no_way_the_name_in_the_text_decides() -> None:
    """A state written by hand, or an alert with a literal name."""
    database = resource(CLOUD_SQL, {"name": "one", "databaseVersion": "POSTGRES_17"}, name="db", runtime=False)

    def alert(metric: str, server: str) -> Any:
        text = f'metric.type = "cloudsql.googleapis.com/database/{metric}" AND resource.labels.database_id = "p:{server}"'
        return resource(POLICY, {"conditions": [{"conditionThreshold": {"filter": text}}]}, name=metric, runtime=False)

    metrics = ("cpu/utilization", "postgresql/num_backends", "memory/utilization", "disk/utilization")
    alerts = [*(alert(metric, "one") for metric in metrics), alert("postgresql/transaction_id_utilization", "another")]
    assert told(WATCHED, Stack("test", "prod", "gcp", (database, *alerts))) == [("db", "has no alarm on transaction ids")]


def test_without_a_database_there_is_nothing_to_say() -> None:
    assert told(WATCHED, real("local")) == []
    assert told(HEARD, real("local")) == []


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_prod_hears_its_alarms(name: str) -> None:
    assert told(HEARD, real(name)) == []


@pytest.mark.parametrize(
    ("stack", "alarm", "path"),
    [("prod", "monitoring-memory", "alarmActions"), ("gcp-prod", "monitoring-memory", "notificationChannels")],
)
def test_an_alarm_that_tells_nobody(stack: str, alarm: str, path: str) -> None:
    for nobody in ([], None):
        assert told(HEARD, changed(real(stack), alarm, {path: nobody})) == [(alarm, f"tells nobody: {path} must not be empty")]
    assert told(HEARD, changed(real(stack), alarm, {path: UNKNOWN})) == [], "an address that is not known yet is one"


def test_a_topic_without_a_subscriber() -> None:
    stack = without(real("prod"), lambda one: one.type.endswith(":TopicSubscription"))
    assert told(HEARD, stack) == [("", "nobody hears the alarms: no TopicSubscription is in the stack")]
