"""A stream over an object that is read range by range, so that a reader may take its time."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

RANGE = 8 << 20
"""Bytes of one request. A single request for all of it would be dropped while pg_restore builds an index."""


class Ranges(io.RawIOBase):
    """Calls *fetch(start, end)*, both included, for as many bytes as are wanted, up to *size*."""

    def __init__(self, fetch: Callable[[int, int], bytes], size: int) -> None:
        self._fetch, self._size, self._at = fetch, size, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        wanted = min(len(buffer), self._size - self._at)
        if wanted <= 0:
            return 0
        data = self._fetch(self._at, self._at + wanted - 1)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
