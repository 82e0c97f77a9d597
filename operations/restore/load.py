"""Fills a database with a dump: pg_restore with several connections from a file, or with one from a stream.

A file needs as much room as the dump; where there is none, or only memory that calls itself a disk, the dump is streamed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from operations.backup.manifest import BackupSet
from operations.backup.pg_client import Client, client_environment
from operations.backup.store import BackupStore
from operations.connection import Session
from operations.errors import OperationError
from operations.restore.contents import Contents, Superuser, allowed, contents_of
from operations.restore.scratch import scratch_folder

CHUNK = 1 << 20
JOBS = 4
"""Connections that pg_restore fills tables and makes indexes with. The server has the work; the smallest ones have 25 in all."""
ROOM = 1.1
"""Free space, in sizes of the dump, that a copy of it on disk asks for."""
POLL_SECONDS = 0.1

# pg_restore turns off the timeouts that it knows, and a server that is older than it does not know all of them.
_HARMLESS = "unrecognized configuration parameter"

Tick = Callable[[], None]
"""Called all the time while the database fills."""


def load(
    client: Client, conninfo: str, inside: Session, store: BackupStore, backup: BackupSet, superuser: Superuser | None, tick: Tick
) -> Contents:
    """Loads *backup* into the empty database of *conninfo*, to which *inside* is a session; returns what was loaded.

    Raises OperationError: the dump is spoilt, cannot be read, or pg_restore failed. The database is of no use then.
    """
    contents = allowed(_whole(client, store, backup, tick), inside, superuser)
    with scratch_folder() as scratch:
        wanted = scratch / "list"
        wanted.write_text("\n".join(contents.lines) + "\n", encoding="utf-8", errors="surrogateescape")
        older = client.major > inside.info.server_version // 10000
        command = [str(client.pg_restore), "-w", "-L", str(wanted), "-d", inside.info.dbname, *([] if older else ["-e"])]
        if _has_room(scratch, backup.manifest.bytes):
            file = scratch / "dump"
            with store.copied(backup, file) as copy, _running([*command, f"-j{JOBS}", str(file)], conninfo, fed=False) as process:
                while copy.read(CHUNK):  # beside pg_restore, to the end also when it gave up: a spoilt dump is the better reason
                    tick()
                while process.poll() is None:
                    tick()
                    time.sleep(POLL_SECONDS)
        else:
            with store.open(backup) as dump, _running(command, conninfo, fed=True) as process:
                _feed(process, dump, tick)
    return contents


def _whole(client: Client, store: BackupStore, backup: BackupSet, tick: Tick) -> Contents:
    with store.open(backup) as dump:
        try:
            contents = contents_of(client, dump)
            if contents.count != backup.manifest.toc_entries:
                raise OperationError(
                    f"{backup.key} has {contents.count} entries, its manifest says {backup.manifest.toc_entries}: "
                    "it is not that backup."
                )
        except OperationError:
            while dump.read(CHUNK):  # to its end: a spoilt dump is the better reason
                tick()
            raise
    return contents


def _feed(process: subprocess.Popen[bytes], dump: BinaryIO, tick: Tick) -> None:
    """All of *dump*, to its end also when pg_restore gave up."""
    assert process.stdin is not None
    heard = True
    while data := dump.read(CHUNK):
        tick()
        if heard:
            try:
                process.stdin.write(data)
            except BrokenPipeError:
                heard = False
    process.stdin.close()
    process.wait()


@contextmanager
def _running(command: list[str], conninfo: str, *, fed: bool) -> Iterator[subprocess.Popen[bytes]]:
    """pg_restore, which does not outlive the block. Raises OperationError where it failed."""
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            env={**client_environment(conninfo), "LC_ALL": "C"},  # `judge` reads English
            stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            bufsize=0,
        )
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
        if process.returncode:
            errors.seek(0)
            judge(process.returncode, errors.read().decode(errors="replace"))


def judge(code: int, text: str) -> None:
    """Raises OperationError unless all that pg_restore complains of is a timeout that the server does not know."""
    if code < 0:
        raise OperationError(f"pg_restore was killed (signal {-code}).")
    wrong = [line.removeprefix("pg_restore: error: ") for line in text.splitlines() if line.startswith("pg_restore: error: ")]
    serious = [line for line in wrong if _HARMLESS not in line]
    if serious or not wrong:
        what = "; ".join(serious[:3]) or " ".join(text.split()) or f"exit code {code}"
        raise OperationError(f"pg_restore failed: {what.removeprefix('could not execute query: ')}.")


def _has_room(folder: Path, size: int) -> bool:
    """Cloud Run's files lie in the memory of the container."""
    return not os.environ.get("CLOUD_RUN_JOB") and shutil.disk_usage(folder).free > size * ROOM
