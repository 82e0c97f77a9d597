"""What a pool reaches: the role of its server, how far it lags, and what is wrong where there is no answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from psycopg import Connection, Error, InternalError
from psycopg.errors import FeatureNotSupported
from psycopg.rows import DictRow

from runtime.connector import one_line
from runtime.pool import Pool

PATIENCE = 2.0
"""Seconds ``health`` waits for a connection; load balancers give up after about 5."""


@dataclass(frozen=True, kw_only=True)
class NodeHealth:
    """What one pool reaches: ``role`` primary or standby; ``lag_seconds`` behind the primary (0 on it, None where the
    server does not say); ``problem`` in one sentence where there is no answer; ``pool`` the pool's figures."""

    role: Literal["primary", "standby"] | None = None
    lag_seconds: float | None = None
    problem: str | None = None
    pool: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Health:
    """``reader`` is None where reads have no address of their own."""

    writer: NodeHealth
    reader: NodeHealth | None

    @property
    def ok(self) -> bool:
        """Whether the writer answers. Without a reader reads go to the writer, so that alone is no outage."""
        return self.writer.problem is None


def health_of(pool: Pool) -> NodeHealth:
    """Asks the server that *pool* reaches. Never raises; waits 2 s for a connection and for each answer."""
    figures = ("pool_size", "pool_available", "pool_max")
    found: dict[str, Any]
    try:
        with pool.connection(timeout=PATIENCE) as connection, connection.answering(within=PATIENCE):
            found = _role_of(connection)
    except Error as error:
        found = {"problem": one_line(error)}
    stats = pool.get_stats()
    return NodeHealth(**found, pool={name: stats[name] for name in figures})


def _role_of(connection: Connection[DictRow]) -> dict[str, Any]:
    row = connection.execute("SELECT pg_is_in_recovery() AS standby").fetchone()
    assert row is not None
    if not row["standby"]:
        return {"role": "primary", "lag_seconds": 0.0}
    try:
        # The age of the last replayed commit is no lag where nobody writes: connected, and all that arrived is replayed.
        row = connection.execute(
            "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()"
            " AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0"
            " ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8 AS lag"
        ).fetchone()
    except (FeatureNotSupported, InternalError):  # Aurora: its readers share the primary's storage, nothing is replayed
        connection.rollback()
        row = None
    return {"role": "standby", "lag_seconds": row and row["lag"]}
