"""Every database is watched by a set of alarms, and somebody hears them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rule import Config, StackRule
from policies.rules.aws.types import CLUSTER, CLUSTER_INSTANCE, INSTANCE, TOPIC
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.databases import IDENTIFIER, TYPES, Database, databases, name_of
from policies.verdict import Undecided

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
POLICY = "gcp:monitoring/alertPolicy:AlertPolicy"
CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"

Said = Iterator["tuple[str | None, str] | Undecided"]

_SERVER = {"connections": "DatabaseConnections", "memory": "FreeableMemory"}
_WRITER = {"CPU": "CPUUtilization", "transaction ids": "MaximumUsedTransactionIDs"}
AURORA = {**_SERVER, **_WRITER, "storage": "FreeLocalStorage"}
"""What must be watched, and the metric (Amazon Aurora and RDS user guides, CloudWatch metrics). Any threshold will do."""
SERVERLESS = {**_SERVER, **_WRITER, "capacity": "ACUUtilization"}
"""Aurora Serverless v2 has no metric of its local disk; instead it may run out of capacity."""
AURORA_READERS = {"replica lag": "AuroraReplicaLag"}
RDS = {**_SERVER, **_WRITER, "storage": "FreeStorageSpace"}
RDS_REPLICA = {**_SERVER, "storage": "FreeStorageSpace", "replica lag": "ReplicaLag"}

GOOGLE = {
    "CPU": "database_cpu_",
    "connections": "database_postgresql_num_backends",
    "memory": "database_memory_",
    "storage": "database_disk_",
    "transaction ids": "database_postgresql_transaction_id",
}
"""What must be watched, and how the metric begins after ``cloudsql.googleapis.com/``, in the letters that PromQL has as well."""
GOOGLE_REPLICA = {
    **{what: GOOGLE[what] for what in ("CPU", "connections", "memory", "storage")},
    "replica lag": "database_replication_replica_lag",
}


@dataclass
class Watched:
    """What the alarms of a stack look at. Looked up, not searched: a thousand databases have ten thousand alarms."""

    seen: set[tuple[str, str]] = field(default_factory=set)
    """(metric, who): who is a URN, or a name with what kind of name it is before it."""
    unreadable: list[tuple[Resource, str]] = field(default_factory=list)
    """Alarms that may look at anything, with the property that is not known yet."""

    def by(self, metric: str, server: Resource) -> bool:
        name = name_of(server)
        return (metric, server.urn) in self.seen or (bool(name) and (metric, _named(server.type, name)) in self.seen)


def has_alarms(stack: Stack, config: Config) -> Said:
    """A database lacks one that :data:`AURORA` and the other tables ask for. Alarms that are switched off do not count."""
    aws, google = _of_aws(stack), _of_google(stack)
    for database in databases(stack):
        watched = google if database.resource.type == CLOUD_SQL else aws
        missing = [what for what, metric in _needs(database).items() if not _watched(watched, metric, database)]
        if missing and watched.unreadable:
            alarm, path = watched.unreadable[0]
            yield Undecided((path,), alarm.urn)
        elif missing:
            yield database.urn, f"has no alarm on {', '.join(missing)}"


def are_heard(stack: Stack, config: Config) -> Said:
    """An alarm that tells nobody; on AWS also a stack whose topics have no subscriber, or have none in this stack."""
    for token, path in ((ALARM, "alarmActions"), (POLICY, "notificationChannels")):
        for alarm in stack.of_type(token):
            if alarm.fact(path) is ABSENT or alarm.fact(path) == []:
                yield alarm.urn, f"tells nobody: {path} must not be empty"
    if stack.of_type(ALARM) and stack.of_type(TOPIC) and not stack.of_type(SUBSCRIPTION):
        yield None, "nobody hears the alarms: no TopicSubscription is in the stack"


def _needs(database: Database) -> Mapping[str, str]:
    kind = database.resource.type
    if kind == CLUSTER:
        return {**(SERVERLESS if database.serverless else AURORA), **(AURORA_READERS if len(database.servers) > 1 else {})}
    if kind == INSTANCE:
        return RDS_REPLICA if database.replica else RDS
    return GOOGLE_REPLICA if database.replica else GOOGLE


def _watched(watched: Watched, metric: str, database: Database) -> bool:
    """By one alarm as a whole, or each of its servers by its own."""
    servers = database.servers
    return watched.by(metric, database.resource) or (bool(servers) and all(watched.by(metric, one) for one in servers))


def _of_aws(stack: Stack) -> Watched:
    watched = Watched()
    for alarm in stack.of_type(ALARM):
        if alarm.fact("actionsEnabled") is False:
            continue
        for at, metric, dimensions in _metrics(alarm):
            if metric is UNKNOWN or dimensions is UNKNOWN:
                watched.unreadable.append((alarm, at))
            elif metric is not ABSENT and isinstance(dimensions, dict):
                for kind in (CLUSTER, CLUSTER_INSTANCE):
                    _add(watched, alarm, str(metric), kind, dimensions.get(_DIMENSION[kind], ABSENT), at)
    return watched


def _metrics(alarm: Resource) -> Iterator[tuple[str, Any, Any]]:
    """(property, metric, dimensions) of an alarm on a metric, or of each metric in an expression."""
    if alarm.fact("metricQueries") is ABSENT:
        yield "dimensions", alarm.fact("metricName"), alarm.fact("dimensions")
        return
    names = dict(alarm.each("metricQueries[*].metric.metricName"))
    for (at, name), (_, dimensions) in zip(names.items(), alarm.each("metricQueries[*].metric.dimensions"), strict=True):
        yield at.partition("[")[0], name, dimensions


def _add(watched: Watched, alarm: Resource, metric: str, kind: str, who: Any, at: str) -> None:
    if who is ABSENT:
        return
    if who is not UNKNOWN:
        watched.seen.add((metric, _named(kind, str(who))))
        return
    urns = alarm.property_depends_on.get(at, ())
    watched.seen.update((metric, urn) for urn in urns)
    if not urns:
        watched.unreadable.append((alarm, at))


_DIMENSION = {CLUSTER: "DBClusterIdentifier", CLUSTER_INSTANCE: "DBInstanceIdentifier"}


def _named(kind: str, name: str) -> str:
    """Two kinds of server may have the same name; an instance has the same dimension in a cluster and without one."""
    return f"{IDENTIFIER[kind]}={name}"


_TEXTS = (
    "conditionThreshold.filter",
    "conditionAbsent.filter",
    "conditionPrometheusQueryLanguage.query",
    "conditionMonitoringQueryLanguage.query",
)


def _of_google(stack: Stack) -> Watched:
    watched = Watched()
    for alert in stack.of_type(POLICY):
        if alert.fact("enabled") is False:
            continue
        urns = [urn for urn in alert.property_depends_on.get("conditions", ()) if f"{CLOUD_SQL}::" in urn]
        for path in _TEXTS:
            for at, text in alert.each(f"conditions[*].{path}"):
                if text is UNKNOWN:
                    watched.unreadable.append((alert, at))
                elif text is not ABSENT:
                    watched.seen.update(_seen(str(text), urns))
    return watched


def _seen(text: str, urns: list[str]) -> Iterator[tuple[str, str]]:
    """The ways say whose metric it is; where an alert has none, the text does: ``<project>:<instance>``."""
    letters = re.sub(r"[^A-Za-z0-9]+", "_", text)
    names = [_named(CLOUD_SQL, name) for name in re.findall(r":([a-z][a-z0-9-]*)", text)]
    for metric in {*GOOGLE.values(), *GOOGLE_REPLICA.values()}:
        if metric in letters:
            yield from ((metric, who) for who in urns or names)


RULES = (
    StackRule(
        id="database-alarms",
        title="Every database is watched: CPU, connections, memory, storage, transaction ids, replica lag",
        severity="high",
        remediation="Leave the component Monitoring in the stack; the key alarms sets the thresholds.",
        docs="policies/stack/README.md#alarms",
        judge=has_alarms,
        types=(*TYPES, ALARM, POLICY),
        dev="mandatory",
    ),
    StackRule(
        id="alarms-heard",
        title="Somebody hears every alarm",
        severity="high",
        remediation="Write an address into alarms.emails.",
        docs="policies/stack/README.md#alarms",
        judge=are_heard,
        types=(ALARM, TOPIC, SUBSCRIPTION, POLICY, CHANNEL),
        dev="disabled",
    ),
)
