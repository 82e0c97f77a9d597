"""One migrator at a time: advisory locks that the server frees by itself when their holder dies, and who blocks whom.

Two session locks, both taken by polling ``pg_try_advisory_lock``. Polled, because a session that *waits* in
``pg_advisory_lock`` holds a snapshot that ``CREATE INDEX CONCURRENTLY`` waits for in turn: a deadlock.

``RUN`` is held on a connection of its own for the whole run, out of reach of what a migration does to its session.
``WORK`` is held on the connection that runs a file. When a migrator is killed, RUN is free at once, but the server may
go on with the dead one's statement for a second; WORK makes the next migrator wait that long.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import psycopg

from operations.connection import Session
from operations.migrate.files import MigrationError

RUN = 5_480_061_726_114_083_001
WORK = 5_480_061_726_114_083_002
"""Any two numbers that no other program uses; advisory locks are private to a database."""

POLL_SECONDS = 0.1

_HOLDER = """
    SELECT pid, coalesce(usename, '?'), coalesce(application_name, '') FROM pg_locks JOIN pg_stat_activity USING (pid)
    WHERE locktype = 'advisory' AND objsubid = 1 AND granted AND pg_locks.database = (SELECT oid FROM pg_database
          WHERE datname = current_database()) AND (classid::bigint << 32) + objid::bigint = %s
"""
_BLOCKERS = """
    SELECT pid, coalesce(usename, '?'), coalesce(application_name, ''), coalesce(state, ''),
           extract(epoch FROM now() - xact_start)::integer
    FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(%s)) ORDER BY xact_start LIMIT 3
"""


@contextmanager
def held(connection: Session, key: int, *, wait: float, progress: Callable[[str], None]) -> Iterator[None]:
    """Holds the session lock *key*, waiting for it at most *wait* seconds. Raises :class:`MigrationError` naming the holder.

    Given back at the end: after a mere close the server would hold it for some milliseconds more.
    """
    _take(connection, key, wait, progress)
    try:
        yield
    finally:
        with suppress(psycopg.Error):
            connection.execute("SELECT pg_advisory_unlock(%s)", (key,))


def _take(connection: Session, key: int, wait: float, progress: Callable[[str], None]) -> None:
    deadline = time.monotonic() + wait
    told = False
    while not _one(connection, "SELECT pg_try_advisory_lock(%s)", key):
        if time.monotonic() > deadline:
            raise MigrationError(
                f"another migration ({_holder(connection, key)}) is still running after {wait:g} s; nothing more was done; run "
                "migrate again when it is over, or end it with SELECT pg_terminate_backend(<pid>)"
            )
        if not told:
            progress(f"waiting for another migration ({_holder(connection, key)})")
            told = True
        time.sleep(POLL_SECONDS)


def check_held(connection: Session, key: int) -> None:
    """Raises :class:`MigrationError` unless *connection* still holds *key*: it may have died, or be a pooler's.

    Behind a pooler in transaction mode the next statement may reach another server session than the one that locked.
    """
    try:
        held = _one(connection, f"SELECT exists (SELECT FROM ({_HOLDER}) AS h WHERE h.pid = pg_backend_pid())", key)
    except psycopg.OperationalError:
        held = False
    if not held:
        raise MigrationError(
            "the lock on this database was lost, nothing more was applied; connect to the server itself, not through a pooler "
            "in transaction mode, and run migrate again"
        )


class BlockerWatch:
    """While a file runs, notes over *connection* who blocks the session *pid*; :attr:`seen` is for the error sentence.

    Looks every *interval* seconds.
    *connection* is used from a thread here and must not be used elsewhere meanwhile.
    """

    def __init__(self, connection: Session, pid: int, *, interval: float) -> None:
        self.seen = ""
        self._connection, self._pid, self._interval = connection, pid, interval
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, name="blocker-watch", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join(timeout=10)

    def _look(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                rows = self._connection.execute(_BLOCKERS, (self._pid,)).fetchall()
            except psycopg.Error:
                return  # only the wording of an error hangs on this; check_held() reports a lost connection
            if rows:
                self.seen = "; ".join(_described(*row) for row in rows)


def _described(pid: int, user: str, application: str, state: str, seconds: int | None) -> str:
    parts = [f"user {user}", application, state and f"{state} for {seconds or 0} s"]
    return f"pid {pid} ({', '.join(part for part in parts if part)})"


def _holder(connection: Session, key: int) -> str:
    row = connection.execute(_HOLDER, (key,)).fetchone()
    return _described(row[0], row[1], row[2], "", None) if row else "just ended"


def _one(connection: Session, query: str, key: int) -> Any:
    row = connection.execute(query.encode(), (key,)).fetchone()
    assert row is not None
    return row[0]
