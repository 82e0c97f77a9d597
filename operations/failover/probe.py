"""Measures from a client's side how long a database takes no writes."""

from __future__ import annotations

import threading
import time
from types import TracebackType

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

INTERVAL_SECONDS = 0.02
CONNECT_SECONDS = 2
"""Of each server; libpq counts whole seconds and takes 1 for 2."""
JOIN_SECONDS = 5.0


class WriteProbe:
    """Asks for a new transaction number again and again, which only a server that takes writes gives, and changes no data.

    A context manager. A session that hangs on a lost server is left to end with the process.
    """

    def __init__(self, conninfo: str) -> None:
        settings = {"connect_timeout": str(CONNECT_SECONDS), "application_name": "managed-postgres failover"}
        self._conninfo = make_conninfo("", **{**conninfo_to_dict(conninfo), **settings, "target_session_attrs": "read-write"})
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._begun_last = self._last = time.monotonic()
        self.outage = 0.0
        """Longest time between two writes, in seconds; where none ever succeeded before, since the beginning."""

    def __enter__(self) -> WriteProbe:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._end.set()
        self._thread.join(JOIN_SECONDS)

    def writes(self, seconds: float) -> bool:
        """Wait up to *seconds* for a write that begins after this call; whether there was one."""
        since = time.monotonic()
        while self._begun_last < since:
            if time.monotonic() > since + seconds:
                return False
            time.sleep(INTERVAL_SECONDS)
        return True

    def _run(self) -> None:
        session: psycopg.Connection[tuple[int]] | None = None
        try:
            while not self._end.wait(INTERVAL_SECONDS):
                begun = time.monotonic()
                try:
                    session = session or psycopg.connect(self._conninfo, autocommit=True)
                    session.execute("SELECT pg_current_xact_id()")
                except psycopg.Error:
                    if session is not None:
                        session.close()
                    session = None
                    continue
                now = time.monotonic()
                self.outage = max(self.outage, now - self._last)
                self._last, self._begun_last = now, begun
        finally:
            if session is not None:
                session.close()
