"""``DatabaseManager``: a writer pool, a reader pool, and the way to a connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import Any, Literal, Self

from psycopg import Connection, Cursor, Error, InternalError
from psycopg.errors import FeatureNotSupported, ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow

from runtime.connector import Connector, one_line
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable
from runtime.pool import Pool
from runtime.secrets import CachedSource, SecretSource, source_of

WRITER_LIFETIME = 3600.0
READER_LIFETIME = 300.0
"""Seconds a connection is kept. Shorter for reading: it bounds how long reads stay on the writer after a standby is back."""

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


class DatabaseManager:
    """Pooled connections to one database. Rows are dictionaries, time is UTC, nothing connects before the first use.

    min_size, max_size: connections of each of the two pools (2 and 20). source: where the login comes from, by default
    what the environment says. Every way to a connection raises ``DatabaseUnavailable`` after 5 s at the latest.
    A write is never repeated: a connection lost during COMMIT leaves the outcome unknown, and only the caller can tell.
    """

    def __init__(
        self,
        environment: DatabaseEnvironment,
        *,
        source: SecretSource | None = None,
        min_size: int = 2,
        max_size: int = 20,
        application_name: str = "web-application",
    ) -> None:
        cached = CachedSource(source or source_of(environment))
        sizes = {"min_size": min_size, "max_size": max_size}
        # read-write: an address that still leads to yesterday's primary must not be taken for a writer.
        writer = Connector(
            environment,
            cached,
            hosts=environment.writer_hosts,
            session="read-write",
            read_only=False,
            application_name=application_name,
        )
        self._writer = self._reader = Pool(writer, name="writer", max_lifetime=WRITER_LIFETIME, **sizes)
        if environment.has_reader:
            reader = Connector(
                environment,
                cached,
                hosts=environment.reader_hosts,
                session="prefer-standby",
                read_only=True,
                application_name=application_name,
            )
            self._reader = Pool(reader, name="reader", max_lifetime=READER_LIFETIME, **sizes)
        self._opened = False
        self._opening = Lock()

    def open(self, *, wait: float = 0.0) -> None:
        """Starts the pools; the first use does so too. wait: seconds to wait for a writer, else ``DatabaseUnavailable``."""
        with self._opening:
            if not self._opened:
                for pool in {self._writer, self._reader}:
                    pool.open()
                self._opened = True
        deadline = time.monotonic() + wait
        while wait:
            try:
                self._writer.putconn(self._writer.getconn(PATIENCE))
                return
            except DatabaseUnavailable:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)

    def close_all_connections(self) -> None:
        """Closes the pools for good; connections in use are closed when they come back."""
        with self._opening:
            self._opened = True  # closed pools answer "already closed", not "not open yet"
            for pool in {self._writer, self._reader}:
                pool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_all_connections()

    @contextmanager
    def writer(self) -> Iterator[Connection[DictRow]]:
        """A connection to the primary: committed at the end of the block, rolled back on an exception."""
        if not self._opened:
            self.open()
        try:
            with self._writer.connection() as connection:
                yield connection
        except ReadOnlySqlTransaction:
            # The primary was demoted under its open connections: leave it, the new ones find its successor.
            self._writer.clear()
            raise

    @contextmanager
    def reader(self) -> Iterator[Connection[DictRow]]:
        """A connection for reading: a standby where there is one, else the writer. May lag behind what was just written."""
        if not self._opened:
            self.open()
        with self._reader.connection() as connection:
            yield connection

    @contextmanager
    def get_connection(self) -> Iterator[Connection[DictRow]]:
        """As in the guides: a connection to the writer; what the caller does not commit is rolled back."""
        with self.writer() as connection:
            yield connection
            if connection.info.transaction_status != TransactionStatus.IDLE:
                connection.rollback()

    @contextmanager
    def get_cursor(self, commit: bool = False) -> Iterator[Cursor[DictRow]]:
        """As in the guides: a cursor on the writer; committed at the end only with *commit*."""
        with self.get_connection() as connection, connection.cursor() as cursor:
            yield cursor
            if commit:
                connection.commit()

    def health_check(self) -> bool:
        """Whether the writer answers."""
        return self.health().ok

    def health(self) -> Health:
        """Asks both pools' servers. Never raises; takes 2 s per pool at most where nobody answers."""
        self.open()
        reader = None if self._reader is self._writer else _health_of(self._reader)
        return Health(writer=_health_of(self._writer), reader=reader)


def _health_of(pool: Pool) -> NodeHealth:
    figures = ("pool_size", "pool_available", "pool_max")
    found: dict[str, Any]
    try:
        with pool.connection(timeout=PATIENCE) as connection:
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
