"""``psycopg_pool.ConnectionPool`` with four of its habits designed out.

- Its connection check costs a round trip at each checkout. Here a connection is asked only where it lay idle for more
  than a second, or where its socket has something to read (the server's good-bye): otherwise a checkout costs one poll().
- It waits 0, 1, 2, 4, 8... s between stale connections, a minute for twenty after a restart. Here the first one found
  stale drains the pool, once.
- Its reconnection backs off past the outage. Here it tries every half second for as long as it takes.
- A caller who waited in vain hears "couldn't get a connection". Here he hears why.
"""

from __future__ import annotations

import select
import time
from functools import partial
from threading import Lock
from typing import Any, Self

from psycopg import Connection
from psycopg.rows import DictRow
from psycopg_pool import ConnectionPool, PoolTimeout

from runtime.connector import Connector
from runtime.errors import DatabaseUnavailable, PoolExhausted

WAIT = 5.0
"""Seconds a caller waits for a connection, so that an application answers 503 and does not hang."""

GRACE = 2.0
"""Seconds of failing connects that callers sit out (a restart, a failover); after that they are told at once."""

TRUST = 1.0
"""Seconds a connection may lie idle and still be handed out without a round trip."""

RETRY = 0.5
"""Seconds between attempts to connect during an outage, so also the longest delay after its end."""


class PooledConnection(Connection[DictRow]):
    """A connection that knows when it was made and when it was last used."""

    made_at: float
    used_at: float
    _news: select.poll

    @classmethod
    def connect(cls, conninfo: str = "", **kwargs: Any) -> Self:
        connector: Connector = kwargs.pop("connector")
        connection = connector.connect(partial(super().connect, conninfo, **kwargs))
        connection.read_only = connector.read_only or None
        # A managed server's default, so nothing is sent. It is one of the few settings that poolers restore for each client.
        if connection.info.parameter_status("TimeZone") != "UTC":
            connection.execute("SET timezone TO 'UTC'")
            connection.commit()
        connection.made_at = connection.used_at = time.monotonic()
        connection._news = select.poll()
        connection._news.register(connection.fileno(), select.POLLIN)
        return connection

    def is_suspect(self) -> bool:
        """Whether to ask the server before use: idle too long, or something unasked for has arrived."""
        return time.monotonic() - self.used_at > TRUST or bool(self._news.poll(0))


class Pool(ConnectionPool[PooledConnection]):
    """A pool that *connector* fills. ``name`` ("writer", "reader") is used in errors and logs.

    Made closed: nothing is connected and no thread runs before ``open()``.
    """

    def __init__(self, connector: Connector, *, name: str, min_size: int, max_size: int, max_lifetime: float) -> None:
        self.connector = connector
        self._draining = Lock()
        self._cleared_at = 0.0
        self._returned_at = 0.0
        super().__init__(
            connection_class=PooledConnection,
            kwargs={"connector": connector},
            min_size=min_size,
            max_size=max_size,
            open=False,
            check=self._ask_if_suspect,
            name=name,
            timeout=WAIT,
            max_lifetime=max_lifetime,
            reconnect_timeout=RETRY,
            reconnect_failed=_try_again,
        )

    def getconn(self, timeout: float | None = None) -> PooledConnection:
        """A connection within *timeout* seconds (default ``WAIT``). Raises ``DatabaseUnavailable``, ``PoolExhausted``."""
        deadline = time.monotonic() + (timeout or WAIT)
        try:
            if self.connector.failure and self._is_down():
                raise PoolTimeout
            try:
                return super().getconn(min(GRACE, timeout or WAIT))
            except PoolTimeout:
                if self.connector.failure:
                    raise
                return super().getconn(deadline - time.monotonic())
        except PoolTimeout:
            raise self._explanation(timeout or WAIT) from None

    def putconn(self, conn: PooledConnection) -> None:
        conn.used_at = self._returned_at = time.monotonic()
        super().putconn(conn)

    def clear(self, seen: PooledConnection | None = None) -> None:
        """Replaces all connections, those in use when they come back. Once per burst: not where *seen* is the older."""
        with self._draining:
            if seen is not None and seen.made_at <= self._cleared_at:
                return
            self._cleared_at = time.monotonic()
            self.drain()

    def _ask_if_suspect(self, conn: PooledConnection) -> None:
        if not conn.is_suspect():
            return
        try:
            self.check_connection(conn)
        except Exception:
            self.clear(seen=conn)
            raise

    def _is_down(self) -> bool:
        failure, now = self.connector.failure, time.monotonic()
        if failure is None or now - failure.since < GRACE or now - self._returned_at < GRACE:
            return False
        return self.get_stats()["pool_available"] == 0

    def _explanation(self, waited: float) -> DatabaseUnavailable:
        stats = self.get_stats()
        size, largest = stats["pool_size"], stats["pool_max"]
        # Not the callers waiting: psycopg_pool counts those who gave up until the next connection comes.
        state = f"{size} of {largest} connections, {stats['pool_available']} free"
        if self.connector.failure:
            reason = self.connector.failure.reason
            return DatabaseUnavailable(f"no connection to the {self.name} {self.connector.address}: {reason} (pool: {state})")
        if size >= largest:
            return PoolExhausted(
                f"all {largest} connections of the {self.name} pool are in use and none came free within {waited:g} s "
                f"(pool: {state}): keep transactions short, or raise max_size"
            )
        return DatabaseUnavailable(
            f"no connection to the {self.name} {self.connector.address} within {waited:g} s: no answer yet (pool: {state})"
        )


def _try_again(pool: ConnectionPool[Any]) -> None:
    # Called when one attempt, which lasts RETRY seconds, has failed. check() starts the next one; with connections left
    # there is no hurry, and it would take them all out to ask each.
    if pool.get_stats()["pool_available"] == 0:
        pool.check()
