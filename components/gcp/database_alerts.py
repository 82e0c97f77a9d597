"""Alerts of Cloud SQL: values only, :mod:`components.gcp.monitoring` makes the resources.

One alert watches all servers, each of which opens incidents of its own: a new replica changes the alerts in place and adds none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import pulumi

from components.gcp.alerts import EVENT_CLOSES, Alert
from components.gcp.conditions import Lines, Query, Series, Threshold, prometheus
from components.gcp.instance import Node
from components.gcp.text import joined
from components.settings.database import DatabaseSettings
from components.settings.platform import AlarmSettings

GIB = 1024**3
RESOURCE = "cloudsql_database"
SERVER = "resource.labels.database_id"

LIMIT_SHARE = 0.85
"""Of ``storage.max_size_gib``. The share of the present disk says little: Cloud SQL lets a disk of 100 GiB fill to 91 % before it
grows it, and one of 500 GiB to 95 % (Cloud SQL, automatic storage increase)."""
LATE_SECONDS = 6 * 3600
"""After a day without a backup: Cloud SQL begins it within four hours of the set time, and it needs some time itself."""


class Watchable(Protocol):
    """What a database must say of itself to be watched."""

    @property
    def settings(self) -> DatabaseSettings: ...

    @property
    def nodes(self) -> Sequence[Node]: ...

    @property
    def network(self) -> Any: ...


def database_alerts(database: Watchable, settings: AlarmSettings) -> list[Alert]:
    """All alerts of a database; the first node is the writer."""
    servers, writer = server_ids(database), server_ids(database)[:1]
    readers = servers[1:]
    most = min(node.max_connections for node in database.nodes)
    limit = database.settings.storage.max_size_gib * GIB
    found = [
        Alert(
            name="down",
            meaning="PostgreSQL has not answered for five minutes. See the instance's operations and its log in the console. "
            "With ha it fails over by itself within a minute or two.",
            severity="CRITICAL",
            conditions=(Threshold(series=series("up", servers, aligner="ALIGN_MAX"), value=1, comparison="<", missing="ACTIVE"),),
        ),
        Alert(
            name="cpu",
            meaning="A server's CPU is busy for five minutes. Look at the top queries in Query Insights, or take a larger size.",
            conditions=(Threshold(series=series("cpu/utilization", servers), value=settings.cpu_percent / 100),),
        ),
        Alert(
            name="memory",
            meaning="A server has little memory left. Lower work_mem or the connections, or take a larger size.",
            conditions=(Threshold(series=series("memory/utilization", servers), value=settings.memory_percent / 100),),
        ),
        Alert(
            name="storage",
            meaning="A server runs out of disk: it has grown to its limit, or cannot grow. Raise database.storage.max_size_gib, "
            "or remove data. When it is full, PostgreSQL stops.",
            severity="CRITICAL",
            conditions=(Query(text=_free_bytes(servers), value=settings.free_storage_gib * GIB, comparison="<", seconds=300),),
        ),
        Alert(
            name="storage-limit",
            meaning="The data comes near database.storage.max_size_gib, where the disk stops growing. Raise it, or remove data.",
            severity="WARNING",
            conditions=(Threshold(series=series("disk/bytes_used", servers), value=int(limit * LIMIT_SHARE)),),
        ),
        Alert(
            name="connections",
            meaning=f"Most of the {most} connections are in use. Look for leaks, make pools smaller, or set database.pooling.",
            conditions=(
                # one series per database of the server
                Threshold(
                    series=series("postgresql/num_backends", servers, aligner="ALIGN_MAX", reducer="REDUCE_SUM"),
                    value=most * settings.connections_percent // 100,
                ),
            ),
        ),
        Alert(
            name="transaction-ids",
            meaning="Transaction ids run out, then PostgreSQL stops taking writes. Look for what keeps autovacuum from freezing: "
            "long transactions, abandoned replication slots, prepared transactions.",
            conditions=(
                Threshold(
                    series=series("postgresql/transaction_id_utilization", writer, aligner="ALIGN_MAX"),
                    value=settings.transaction_id_percent / 100,
                ),
            ),
        ),
        Alert(
            name="deadlocks",
            meaning="Transactions waited for each other and one was cancelled. The database's log names both queries.",
            severity="WARNING",
            closes_seconds=EVENT_CLOSES,
            conditions=(_event("postgresql/deadlock_count", servers),),
        ),
        Alert(
            name="backup-missing",
            meaning="Cloud SQL has made no backup of the database for 30 hours. See the instance's backups in the console, and "
            "make one by hand: gcloud sql backups create --instance=<instance>.",
            conditions=(
                Lines(
                    filter=_backed_up(writer[0]), resource=RESOURCE, window="24h", value=1, comparison="<", seconds=LATE_SECONDS
                ),
            ),
        ),
    ]
    return [*found, *(_of_readers(readers, settings) if readers else []), *(_of_standby(writer) if database.settings.ha else [])]


def server_ids(database: Watchable) -> list[pulumi.Output[str]]:
    """The servers as metrics and logs call them: ``<project>:<instance>``, the writer first."""
    return [joined(database.network.project, ":", node.instance.name) for node in database.nodes]


def series(path: str, servers: Sequence[pulumi.Output[str]], **how: Any) -> Series:
    """A metric of *servers*, each on its own."""
    return Series(
        metric=f"cloudsql.googleapis.com/database/{path}", resource=RESOURCE, where={SERVER: servers}, by=(SERVER,), **how
    )


def _of_readers(readers: Sequence[pulumi.Output[str]], settings: AlarmSettings) -> list[Alert]:
    lag = series("replication/replica_lag", readers)
    return [
        Alert(
            name="replica-lag",
            meaning="A reader shows old data, or no longer follows the writer. Look for long queries on it and for bulk writes.",
            conditions=(
                Threshold(series=lag, value=settings.replica_lag_seconds),
                # a stopped replica has no lag but a negative number
                Threshold(series=lag, value=0, comparison="<"),
            ),
        )
    ]


def _of_standby(writer: Sequence[pulumi.Output[str]]) -> list[Alert]:
    return [
        Alert(
            name="failover",
            meaning="The database failed over to its standby. Connections were cut; see that the applications are back.",
            closes_seconds=EVENT_CLOSES,
            conditions=(_event("auto_failover_request_count", writer),),
        ),
        Alert(
            name="standby",
            meaning="The standby cannot take over: losing a zone would now stop the database. See the instance's operations.",
            conditions=(
                Threshold(
                    series=series("available_for_failover", writer, aligner="ALIGN_MAX"), value=1, comparison="<", seconds=900
                ),
            ),
        ),
    ]


def _event(path: str, servers: Sequence[pulumi.Output[str]]) -> Threshold:
    """Something happened at least once in five minutes."""
    counted = series(path, servers, aligner="ALIGN_DELTA", reducer="REDUCE_SUM", period_seconds=300)
    return Threshold(series=counted, value=0, seconds=0)


def _free_bytes(servers: Sequence[pulumi.Output[str]]) -> pulumi.Output[str]:
    """Of the present disk: what PostgreSQL can still write before it grows."""
    quota, used = (
        prometheus(f"cloudsql.googleapis.com/database/disk/{what}", RESOURCE, {SERVER: servers})
        for what in ("quota", "bytes_used")
    )
    return joined("(max by (database_id) (", quota, ") - max by (database_id) (", used, "))")


def _backed_up(writer: pulumi.Input[str]) -> pulumi.Output[str]:
    """The audit log's entry of a good automatic backup (Cloud SQL, view backup audit logs); those by hand have another method."""
    return joined(
        f'resource.type="{RESOURCE}" AND {SERVER}="',
        writer,
        '" AND log_id("cloudaudit.googleapis.com/system_event")'
        ' AND protoPayload.methodName="cloudsql.instances.automatedBackup"'
        ' AND protoPayload.metadata.windowStatus="STATUS_SUCCEEDED"',
    )
