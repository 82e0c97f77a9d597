"""One connection of a pool: it knows how old it is, and waits for no answer forever."""

from __future__ import annotations

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar

from psycopg import Connection, OperationalError
from psycopg.abc import PQGen
from psycopg.errors import QueryCanceled, _WaitTimeout
from psycopg.rows import DictRow

from runtime.connector import Connector
from runtime.errors import StatementTimeout

T = TypeVar("T")

TRUST = 1.0
"""Seconds a connection may lie idle and still be handed out without a round trip."""

CANCELLING = 5.0
"""Seconds that a cancelled statement has to end; then the connection is closed."""


class PooledConnection(Connection[DictRow]):
    """A connection that knows when it was begun and when it was last used, and waits for no answer forever.

    A statement that takes longer than ``statement_timeout`` is cancelled from here. As a setting of the session it would reach
    others behind a pooler (PgBouncer, Cloud SQL's), and behind RDS Proxy it would take the session out of the pooling.
    """

    begun_at: float
    """When its making began (monotonic seconds): what it knows of the server is no newer."""
    used_at: float
    _patience: float | None = None
    _news: select.poll
    _connector: Connector | None = None
    """Set once the connection is made: making it has time limits of its own."""

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        connector: Connector = kwargs.pop("connector")
        while True:
            begun_at = time.monotonic()
            connection = connector.connect(partial(super().connect, conninfo, **kwargs))
            if begun_at > connector.cleared_at:
                break
            connection.close()  # what it was made of was true before the connections were replaced
        connection.read_only = connector.read_only or None
        # A managed server's default, so nothing is sent. It is one of the few settings that poolers restore for each client.
        if connection.info.parameter_status("TimeZone") != "UTC":
            connection.execute("SET timezone TO 'UTC'")
            connection.commit()
        connection._connector = connector
        connection.begun_at, connection.used_at = begun_at, time.monotonic()
        connection._news = select.poll()
        connection._news.register(connection.fileno(), select.POLLIN)
        return connection

    def wait(self, gen: PQGen[T], interval: float = 0.1, timeout: float | None = None) -> T:
        connector = self._connector
        limit = self._patience or (connector and connector.statement_timeout)
        if timeout is not None or not limit:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, limit)
        except _WaitTimeout:
            if self._patience:
                self.pgconn.finish()
                raise OperationalError(f"no answer within {limit:g} s: the connection was closed") from None
            if connector and connector.tell:
                connector.tell("cancel", limit)
            return self._cancel(gen, interval, limit)

    def _cancel(self, gen: PQGen[T], interval: float, limit: float) -> T:
        late = f"the statement took longer than {limit:g} s"
        try:
            self.cancel_safe(timeout=CANCELLING)
            return super().wait(gen, interval, CANCELLING)  # it may just have ended by itself
        except QueryCanceled:
            raise StatementTimeout(f"{late} and was cancelled") from None
        except OperationalError:
            self.pgconn.finish()
            raise StatementTimeout(f"{late} and cannot be cancelled: the connection was closed") from None

    @contextmanager
    def answering(self, within: float) -> Iterator[None]:
        """In the block each answer is waited for so many seconds, in the place of ``statement_timeout``; then this is closed."""
        self._patience = within
        try:
            yield
        finally:
            self._patience = None

    def is_suspect(self) -> bool:
        """Whether to ask the server before use: idle too long, or something unasked for has arrived."""
        return time.monotonic() - self.used_at > TRUST or bool(self._news.poll(0))
