"""``DatabaseManager``: a writer pool, a reader pool, and the way to a connection."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from threading import Lock
from typing import Any, Self

from psycopg import Connection, Cursor
from psycopg.pq import TransactionStatus
from psycopg.rows import DictRow

from runtime.connector import Connector
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable
from runtime.health import PATIENCE, Health, health_of
from runtime.metrics import Hook, teller
from runtime.pool import Block, Pool
from runtime.secrets import CachedSource, SecretSource, TokenSource, source_of

WRITER_LIFETIME = 3600.0
READER_LIFETIME = 300.0
"""Seconds a connection is kept. Shorter for reading: it bounds how long reads stay on the writer after a standby is back."""

STATEMENT_TIMEOUT = 30.0
"""Seconds for one statement: nobody waits longer for a page, and load balancers give up after 60."""

IDLE_TIMEOUT = 600.0
"""Seconds until a connection that nobody needs is closed: before RDS Proxy (1800 here) and the network's devices do it unseen."""

PIN = 15.0
"""Seconds after a write during which whoever wrote reads from the writer. A reader lags by milliseconds to a second, and an
alarm is raised at 5 s (``alarms.replica_lag_seconds``); Django's pinning routers use 15 too."""


class DatabaseManager:
    """Pooled connections to one database. Rows are dictionaries, time is UTC, nothing connects before the first use.

    min_size, max_size: connections of each of the two pools (2 and 20). source: where the login comes from, by default
    what the environment says. statement_timeout: seconds (30) after which a statement is cancelled with
    ``StatementTimeout``; None for no limit, as work that takes longer needs it in a manager of its own. idle_timeout:
    seconds (600) until an unused connection over *min_size* is closed; a transaction left open is ended by the server.
    hook: is told what the pools do (``runtime.metrics``). Every way to a connection raises ``DatabaseUnavailable`` after
    5 s at the latest. A write is never repeated: a connection lost during COMMIT leaves the outcome unknown, and only the
    caller can tell.

    There is no asynchronous twin: psycopg_pool's is another class with code of its own. Call this one in worker threads, as
    FastAPI does with plain functions.
    """

    def __init__(
        self,
        environment: DatabaseEnvironment,
        *,
        source: SecretSource | TokenSource | None = None,
        min_size: int = 2,
        max_size: int = 20,
        application_name: str = "web-application",
        statement_timeout: float | None = STATEMENT_TIMEOUT,
        idle_timeout: float = IDLE_TIMEOUT,
        hook: Hook | None = None,
    ) -> None:
        login = source or source_of(environment)
        login = login if isinstance(login, TokenSource) else CachedSource(login)
        limits: dict[str, Any] = {"min_size": min_size, "max_size": max_size, "max_idle": idle_timeout}

        def connector(name: str, hosts: tuple[str, ...], session: str) -> Connector:
            return Connector(
                environment,
                login,
                hosts=hosts,
                session=session,
                read_only=name == "reader",
                application_name=application_name,
                statement_timeout=statement_timeout,
                tell=teller(hook, name),
            )

        # read-write: an address that still leads to yesterday's primary must not be taken for a writer.
        writer = connector("writer", environment.writer_hosts, "read-write")
        self._writer = self._reader = Pool(writer, name="writer", max_lifetime=WRITER_LIFETIME, **limits)
        if environment.has_reader:
            reader = connector("reader", environment.reader_hosts, "prefer-standby")
            self._reader = Pool(reader, name="reader", max_lifetime=READER_LIFETIME, **limits)
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

    def drain(self) -> None:
        """Replaces all connections, those in use when they come back: after a planned switchover, or a change of the CA file."""
        for pool in {self._writer, self._reader}:
            pool.clear()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close_all_connections()

    def writer(self) -> AbstractContextManager[Connection[DictRow]]:
        """A connection to the primary: committed at the end of the block, rolled back on an exception."""
        if not self._opened:
            self.open()
        return Block(self._writer)

    def reader(self, *, wrote_at: float | None = None) -> AbstractContextManager[Connection[DictRow]]:
        """A connection for reading: a standby where there is one, else the writer. May lag behind what was just written.

        wrote_at: when whoever asks last wrote (``time.time()``, kept in a cookie or a session): reads go to the writer for
        15 s from then on, so they see what was written, and are refused writes there too.
        """
        if not self._opened:
            self.open()
        if self._reader is not self._writer and wrote_at is not None and abs(time.time() - wrote_at) < PIN:
            return self._reading_writer()
        return Block(self._reader)

    @contextmanager
    def _reading_writer(self) -> Iterator[Connection[DictRow]]:
        with self._writer.connection() as connection:  # not a Block: a refused write here is no sign of a demoted primary
            connection.read_only = True
            try:
                yield connection
            finally:
                if not connection.closed:  # a transaction under way has nothing to keep, and must end before the next line
                    connection.rollback()
                    connection.read_only = None

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
        reader = None if self._reader is self._writer else health_of(self._reader)
        return Health(writer=health_of(self._writer), reader=reader)
