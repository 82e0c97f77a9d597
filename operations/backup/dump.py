"""One pg_dump, read once: what it writes goes to the store, into a checksum and through a full pg_restore at the same time.

``pg_restore --list`` would accept a truncated dump; ``pg_restore -f /dev/null`` reads all of it. A SHA-256 finds what happens
to the dump later.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from operations.backup.child import Failed, running
from operations.backup.objects import Write
from operations.backup.pg_client import Client, client_environment
from operations.errors import OperationError

LOCK_WAIT = "60s"
"""How long pg_dump waits for a table that is being altered."""
METHODS = ("zstd:1", "gzip:1")
"""zstd costs next to nothing and packs better than gzip; pg_dump has it from version 16, if it was built with it."""


@dataclass(frozen=True, kw_only=True)
class Dumped:
    """A whole dump that could be restored: its size, SHA-256, and number of entries."""

    bytes: int
    sha256: str
    toc_entries: int


def dump(client: Client, conninfo: str, write: Write, *, snapshot: str | None = None) -> Dumped:
    """Dumps the database of *conninfo*, as the exported *snapshot* sees it, into *write*, in constant memory.

    Raises OperationError where pg_dump fails, or where pg_restore cannot read all of what it wrote.
    """
    environment = {**client_environment(conninfo), "LC_ALL": "C"}  # what it says is looked at: in English
    for method in METHODS if client.major >= 16 else METHODS[1:]:
        try:
            return _piped(client, dump_command(client, method, snapshot), environment, write)
        except _Unpacked:
            continue
    raise OperationError(f"The pg_dump in {client.bindir} packs with neither of {', '.join(METHODS)}; no backup was made.")


def dump_command(client: Client, method: str = METHODS[0], snapshot: str | None = None) -> list[str]:
    """pg_dump to standard output, in the custom format, packed by *method*."""
    packed = f"--compress={method}" if client.major >= 16 else f"-Z{method.rpartition(':')[2]}"
    seen = [f"--snapshot={snapshot}"] if snapshot else []
    return [str(client.pg_dump), "-Fc", packed, "-w", f"--lock-wait-timeout={LOCK_WAIT}", *seen]


class _Unpacked(Exception):
    """pg_dump was built without this compression, and has written nothing."""


def _piped(client: Client, command: list[str], environment: dict[str, str], write: Write) -> Dumped:
    digest, size = hashlib.sha256(), 0
    restore = str(client.pg_restore)
    with (
        running(command, environment) as dumping,
        running([restore, "-f", "/dev/null"], fed=True) as restoring,
        running([restore, "--list"], fed=True) as listing,
    ):
        try:
            while data := dumping.read():
                restoring.feed(data)
                listing.feed(data)
                digest.update(data)
                write(data)
                size += len(data)
        except Failed as error:
            raise _unreadable(error) from None
        try:
            dumping.finish()
        except Failed as error:
            if not size and "does not support compression" in str(error):
                raise _Unpacked from None
            raise OperationError(f"pg_dump {error}; no backup was made.") from None
        try:
            restoring.finish()
            listing.finish()
        except Failed as error:
            raise _unreadable(error) from None
        return Dumped(bytes=size, sha256=digest.hexdigest(), toc_entries=listing.lines)


def _unreadable(error: Failed) -> OperationError:
    return OperationError(f"The dump cannot be restored: pg_restore {error}; no backup was made.")
