"""What a place for backups must be able to do, whether it is a folder or a bucket."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import BinaryIO, Protocol

from operations.errors import OperationError

Write = Callable[[bytes], object]
"""Takes the next bytes."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """An object: its size in bytes, and when (UTC) it came. *cold*: it must be brought back before it can be read."""

    size: int
    modified: datetime
    cold: bool = False


class ObjectExists(OperationError):
    """There is an object of that name already; nothing was written over it."""


class NotThere(OperationError):
    """There is no such object (or no such bucket): it never was there, or another run has just removed it."""


def already(where: object) -> ObjectExists:
    """Names hold the second: there is one where two runs began in the same."""
    return ObjectExists(f"There is a backup {where} already; try again in a second.")


class Objects(Protocol):
    """Objects under keys such as ``daily/shop_20260331_120000.dump``. Failures are OperationError, one sentence; reading what is
    not there is NotThere."""

    where: str
    """``file:///...``, ``s3://bucket[/prefix]`` or ``gs://bucket[/prefix]``."""

    def listing(self, prefix: str) -> dict[str, Item]:
        """All objects whose key begins with *prefix*."""

    def read(self, key: str) -> bytes:
        """All of a small object."""

    def reader(self, key: str) -> BinaryIO:
        """A stream of an object; memory is constant."""

    def writing(self, key: str, expected: int) -> AbstractContextManager[Write]:
        """A new object, written piece by piece in constant memory. It is there, whole, when the block ends well; after an
        exception nothing of it is left. *expected* is about how many bytes to come. Raises ObjectExists."""

    def put(self, key: str, data: bytes) -> None:
        """A small new object, at once or not at all. Raises ObjectExists."""

    def copy(self, source: str, target: str) -> None:
        """Within the place; what is at *target* is replaced."""

    def remove(self, key: str) -> None:
        """Nothing happens where it is gone already."""

    def tidy(self, before: datetime) -> int:
        """Throws away what uploads begun *before* (UTC) that never ended have left; how many."""
