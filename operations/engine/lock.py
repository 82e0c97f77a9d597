"""One run at a time per stack: a lock file that the operating system frees when its holder dies, however it dies."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from operations.errors import Refused


@contextmanager
def stack_lock(path: Path, *, stack: str, command: str) -> Iterator[None]:
    """Hold *path* (made when missing) for the length of the block.

    The file names its holder, so that a second run can say who is at work. Raises Refused, at once, while another
    process holds it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(_who(path, stack)) from None
        holder = {"pid": os.getpid(), "command": command, "since": datetime.now().astimezone().isoformat("T", "seconds")}
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, json.dumps(holder).encode(), 0)
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _who(path: Path, stack: str) -> str:
    try:
        holder = json.loads(path.read_text())
        since = datetime.fromisoformat(holder["since"]).strftime("%Y-%m-%d %H:%M:%S")
        return (
            f"Stack '{stack}' is busy: `{holder['command']}` (pid {holder['pid']}) has been at work on it since {since}. "
            "Wait for it to end, or stop it with Ctrl-C where it runs, and try again."
        )
    except (ValueError, KeyError, TypeError):  # the holder has the lock but has not written its name yet
        return f"Stack '{stack}' is busy: another run has just begun. Wait for it to end and try again."
