"""Alarms of the database, for both backends: values only, :mod:`components.aws.monitoring` makes the resources.

Aurora is watched through its cluster: the worst of all instances, or the writer whoever it is. So a failover and a reader that
autoscaling added are covered, and a new reader changes no alarm. RDS has no such metrics; there each instance is watched.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import pulumi

from components.aws.alarms import Alarm, LogLines, count_alarm
from components.settings.platform import AlarmSettings

if TYPE_CHECKING:
    from components.aws.classes import Node

GIB = 1024**3
WRITES_END = 2**31
"""Transaction ids in use at which PostgreSQL stops taking writes."""
ACU_PERCENT = 90
"""Share of max_acu: above it the database has no room left to grow into."""
BORROW_MICROSECONDS = 1_000_000
"""A client that waits a second for a connection of the proxy."""
DEADLOCKS = 1
"""Deadlocks in five minutes."""


class Watchable(Protocol):
    """What a database must say of itself to be watched."""

    @property
    def identifier(self) -> str: ...

    @property
    def nodes(self) -> Sequence[Node]: ...

    @property
    def log_group(self) -> Any: ...

    @property
    def proxy(self) -> Any: ...

    @property
    def credentials(self) -> Any: ...


def aurora_alarms(database: Watchable, settings: AlarmSettings, *, serverless: bool = False) -> list[Alarm]:
    """Alarms of an Aurora cluster; *serverless* watches the capacity, and has no metric of its local disk (Aurora user guide)."""
    cluster = {"DBClusterIdentifier": database.identifier}
    writer = {**cluster, "Role": "WRITER"}
    memory = min(node.memory_bytes for node in database.nodes)
    connections = min(node.max_connections for node in database.nodes)
    found = [
        _cpu(settings, "writer-cpu", writer),
        _connections(settings, "connections", cluster, connections),
        _memory(settings, "memory", cluster, memory),
        _transaction_ids(settings, writer),
        # Without a reader there is no data and no alarm; with one that autoscaling added there is.
        _lag(settings, "replica-lag", {**cluster, "Role": "READER"}, "AuroraReplicaLag", per_second=1000),
        *_of_both(database),
    ]
    if not serverless:
        # An instance has about twice its memory as local disk, so on a small class free_storage_gib would be most of it.
        least = min(settings.free_storage_gib * GIB, memory // 2)
        return [*found, _free("local-storage", cluster, "FreeLocalStorage", least, _LOCAL)]
    capacity = _rds(
        name="capacity",
        meaning="The database is near max_acu. Raise database.serverless.max_acu, or look for expensive queries.",
        metric="ACUUtilization",
        dimensions=cluster,
        statistic="Maximum",
        threshold=ACU_PERCENT,
    )
    return [*found, capacity]


def rds_alarms(database: Watchable, settings: AlarmSettings) -> list[Alarm]:
    """Alarms of an RDS instance and its replicas; the first node is the writer."""
    found = _of_both(database)
    for number, node in enumerate(database.nodes, start=1):
        instance = {"DBInstanceIdentifier": node.identifier}
        free = settings.free_storage_gib * GIB
        found += [
            _connections(settings, f"connections-{number}", instance, node.max_connections),
            _memory(settings, f"memory-{number}", instance, node.memory_bytes),
            _free(f"storage-{number}", instance, "FreeStorageSpace", free, _DISK),
        ]
        if node.reader:
            # While nobody writes, RDS counts up to five minutes and begins again: only what never falls below is old data.
            lag = _lag(settings, f"replica-lag-{number}", instance, "ReplicaLag", per_second=1)
            found.append(replace(lag, statistic="Minimum", period_seconds=600, evaluation_periods=1))
        else:
            found += [_cpu(settings, "writer-cpu", instance), _transaction_ids(settings, instance)]
    return found


Dimensions = Mapping[str, pulumi.Input[str]]

_LOCAL = (
    "An instance runs out of local disk, which holds sorts and temporary tables. Look for large sorts, or take a larger size."
)
_DISK = "The database runs out of disk. Raise database.storage.max_size_gib, or remove data."


def _rds(**alarm: Any) -> Alarm:
    return Alarm(namespace="AWS/RDS", **alarm)


def _cpu(settings: AlarmSettings, name: str, dimensions: Dimensions) -> Alarm:
    return _rds(
        name=name,
        meaning="The writer's CPU is busy for five minutes. Look at the top queries in Database Insights, or take a larger size.",
        metric="CPUUtilization",
        dimensions=dimensions,
        threshold=settings.cpu_percent,
    )


def _connections(settings: AlarmSettings, name: str, dimensions: Dimensions, most: int) -> Alarm:
    return _rds(
        name=name,
        meaning=f"Most of the {most} connections are in use. Look for leaks, make pools smaller, or set database.pooling.",
        metric="DatabaseConnections",
        dimensions=dimensions,
        statistic="Maximum",
        threshold=most * settings.connections_percent // 100,
    )


def _memory(settings: AlarmSettings, name: str, dimensions: Dimensions, memory_bytes: int) -> Alarm:
    return _free(
        name,
        dimensions,
        "FreeableMemory",
        memory_bytes * (100 - settings.memory_percent) // 100,
        "A database instance has little memory left. Lower work_mem or the connections, or take a larger size.",
    )


def _free(name: str, dimensions: Dimensions, metric: str, least: int, meaning: str) -> Alarm:
    return _rds(
        name=name, meaning=meaning, metric=metric, dimensions=dimensions, statistic="Minimum", threshold=least, comparison="<="
    )


def _lag(settings: AlarmSettings, name: str, dimensions: Dimensions, metric: str, *, per_second: int) -> Alarm:
    return _rds(
        name=name,
        meaning="A reader shows old data. Look for long queries on it and for bulk writes.",
        metric=metric,
        dimensions=dimensions,
        statistic="Maximum",
        threshold=settings.replica_lag_seconds * per_second,
        missing="notBreaching",
    )


def _transaction_ids(settings: AlarmSettings, dimensions: Dimensions) -> Alarm:
    return _rds(
        name="transaction-ids",
        meaning="Transaction ids run out, then PostgreSQL stops taking writes. Look for what keeps autovacuum from freezing: "
        "long transactions, abandoned replication slots, prepared transactions.",
        metric="MaximumUsedTransactionIDs",
        dimensions=dimensions,
        statistic="Maximum",
        threshold=WRITES_END * settings.transaction_id_percent // 100,
    )


def _of_both(database: Watchable) -> list[Alarm]:
    """What does not differ between the backends."""
    return [_deadlocks(database), _rotation(database), *_proxy(database)]


def _rotation(database: Watchable) -> Alarm:
    return count_alarm(
        name="password-rotation",
        meaning="A password could not be changed; the old one goes on working. See the log of the rotation function.",
        namespace="AWS/Lambda",
        metric="Errors",
        dimensions={"FunctionName": database.credentials.rotation.function_name},
        threshold=1,
    )


def _deadlocks(database: Watchable) -> Alarm:
    """Counted from the log, because RDS for PostgreSQL has no metric of them."""
    return count_alarm(
        name="deadlocks",
        meaning="Transactions waited for each other and one was cancelled. The database's log names both queries.",
        namespace=f"managed-postgres/{database.identifier}",
        metric="Deadlocks",
        lines=LogLines(group=database.log_group.name, pattern='"deadlock detected"'),
        threshold=DEADLOCKS,
    )


def _proxy(database: Watchable) -> list[Alarm]:
    if database.proxy is None:
        return []
    return [
        _rds(
            name="proxy-borrow-latency",
            meaning="Clients wait for connections of the proxy. Look for long or pinned transactions, or take a larger size.",
            metric="DatabaseConnectionsBorrowLatency",
            dimensions={"ProxyName": database.proxy.name},
            threshold=BORROW_MICROSECONDS,
            missing="notBreaching",
        )
    ]
