"""Credentials kept in memory, fetched again only when a login with them failed."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from runtime.errors import SecretError
from runtime.secrets.source import Credentials, SecretSource

RATE = 1.0
"""Seconds between two fetches. A rotation makes every pooled connection fail at once; the secret store sees one call."""


class CachedSource:
    """A ``SecretSource`` in front of another. Threads share one fetch; never more than one a second.

    Kept without an age limit: a password is good until a login fails, and a store that is down then harms nobody.
    """

    def __init__(self, source: SecretSource, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._kept: Credentials | None = None
        self._problem: str | None = None
        self._fetched_at = -RATE

    def fetch(self) -> Credentials:
        """The kept credentials, or fetched ones the first time. Raises ``SecretError``."""
        with self._lock:
            return self._kept or self._fetch()

    def refresh(self, failed: Credentials) -> Credentials:
        """What to try after a login with *failed* was refused; *failed* itself where there is nothing newer (yet)."""
        with self._lock:
            if self._kept is not None and (self._kept != failed or self._too_soon()):
                return self._kept
            return self._fetch()

    def _too_soon(self) -> bool:
        return self._clock() - self._fetched_at < RATE

    def _fetch(self) -> Credentials:
        if self._problem is not None and self._too_soon():
            raise SecretError(self._problem)
        self._problem = None
        self._fetched_at = self._clock()
        try:
            self._kept = self._source.fetch()
        except SecretError as error:
            self._problem = str(error)
            raise
        return self._kept
