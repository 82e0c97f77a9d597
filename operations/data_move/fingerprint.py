"""The measure that both sides of a move are compared by: how many rows, and a checksum that no order changes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

_MODULUS = 1 << 128


@dataclass
class Fingerprint:
    """Grows by one row at a time."""

    rows: int = 0
    total: int = 0

    def add(self, row: bytes | bytearray | memoryview) -> None:
        """The sum, unlike a combination by XOR, sees a row that is there twice."""
        self.rows += 1
        self.total = (self.total + int.from_bytes(hashlib.sha256(row).digest()[:16], "big")) % _MODULUS

    @property
    def checksum(self) -> str:
        """32 hexadecimal digits."""
        return f"{self.total:032x}"
