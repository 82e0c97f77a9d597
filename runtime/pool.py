"""``psycopg_pool.ConnectionPool`` with four of its habits designed out.

- Its connection check costs a round trip at each checkout. Here a connection is asked only where it lay idle for more
  than a second, or where its socket has something to read (the server's good-bye): otherwise a checkout costs one poll().
- It waits 0, 1, 2, 4, 8... s between stale connections, a minute for twenty after a restart. Here the first one found
  stale drains the pool, once.
- Its reconnection backs off past the outage. Here it tries every half second for as long as it takes.
- A caller who waited in vain hears "couldn't get a connection". Here he hears why.
"""

from __future__ import annotations

import time
from threading import Lock
from typing import Any

from psycopg import OperationalError
from psycopg.errors import ReadOnlySqlTransaction
from psycopg_pool import ConnectionPool, PoolTimeout

from runtime.connection import PooledConnection
from runtime.connector import Connector
from runtime.errors import DatabaseUnavailable, PoolExhausted

WAIT = 5.0
"""Seconds a caller waits for a connection, so that an application answers 503 and does not hang."""

GRACE = 2.0
"""Seconds of failing connects that callers sit out (a restart, a failover); after that they are told at once."""

RETRY = 0.5
"""Seconds between attempts to connect during an outage, so also the longest delay after its end."""

ANSWER = 2.0
"""Seconds an idle connection has to answer before it is handed out."""


class Pool(ConnectionPool[PooledConnection]):
    """A pool that *connector* fills. ``name`` ("writer", "reader") is used in errors and logs.

    Made closed: nothing is connected and no thread runs before ``open()``.
    """

    def __init__(
        self, connector: Connector, *, name: str, min_size: int, max_size: int, max_lifetime: float, max_idle: float
    ) -> None:
        self.connector = connector
        self._draining = Lock()
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
            max_idle=max_idle,
            reconnect_timeout=RETRY,
            reconnect_failed=_try_again,
        )

    def getconn(self, timeout: float | None = None) -> PooledConnection:
        """A connection within *timeout* seconds (default ``WAIT``). Raises ``DatabaseUnavailable``, ``PoolExhausted``."""
        limit, started, connector = timeout or WAIT, time.monotonic(), self.connector
        try:
            if connector.failure and self._is_down():
                raise PoolTimeout
            try:
                connection = super().getconn(limit if limit < GRACE else GRACE)
            except PoolTimeout:
                if connector.failure:
                    raise
                connection = super().getconn(started + limit - time.monotonic())
        except PoolTimeout:
            if connector.tell:
                connector.tell("refused", time.monotonic() - started)
            raise self._explanation(limit) from None
        if connector.tell:
            connection.used_at = time.monotonic()
            connector.tell("checkout", connection.used_at - started)
        return connection

    def putconn(self, conn: PooledConnection) -> None:
        now = self._returned_at = time.monotonic()
        if self.connector.tell:
            self.connector.tell("return", now - conn.used_at)
        conn.used_at = now
        super().putconn(conn)

    def clear(self, seen: PooledConnection | None = None) -> None:
        """Replaces all connections, those in use when they come back. Once per burst: not where *seen* is the older."""
        with self._draining:
            if seen is not None and seen.begun_at <= self.connector.cleared_at:
                return
            self.connector.cleared_at = time.monotonic()
            if self.connector.tell:
                self.connector.tell("drain", 0.0)
            self.drain()

    def _ask_if_suspect(self, conn: PooledConnection) -> None:
        if conn.begun_at <= self.connector.cleared_at:  # it came just then: psycopg_pool replaces those that it has
            conn.close()
            raise OperationalError("made before the connections were replaced")
        if not conn.is_suspect():
            return
        try:
            with conn.answering(within=ANSWER):
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


class Block:
    """``with Block(pool) as connection``: committed at the end, rolled back on an exception, then given back.

    What ``pool.connection()`` does, without the generator that costs as much as all the rest of a checkout.
    """

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def __enter__(self) -> PooledConnection:
        self._connection = self._pool.getconn()
        return self._connection

    def __exit__(self, *raised: Any) -> None:
        try:
            self._connection.__exit__(*raised)
            error = raised[1]
        except BaseException as failure:
            error = failure
            raise
        finally:
            self._pool.putconn(self._connection)
            if error is not None and isinstance(error, ReadOnlySqlTransaction) and not self._pool.connector.read_only:
                # The primary was demoted under its open connections: leave it, the new ones find its successor.
                self._pool.clear(seen=self._connection)


def _try_again(pool: ConnectionPool[Any]) -> None:
    # Called when one attempt, which lasts RETRY seconds, has failed. check() starts the next one; with connections left
    # there is no hurry, and it would take them all out to ask each.
    if pool.get_stats()["pool_available"] == 0:
        pool.check()
    elif isinstance(pool, Pool):
        pool.connector.failure = None  # nobody goes on trying, so nothing is known to be down
