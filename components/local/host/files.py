"""Files and folders of the local stack: replaced whole, private by default, given to the right user; and lock files."""

from __future__ import annotations

import fcntl
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.local.host.postgres.accounts import Account

ENTERABLE = 0o711
"""Mode of a folder that another user (PostgreSQL's) passes through, but does not list."""


def make_folder(path: Path, *, mode: int = ENTERABLE, owner: Account | None = None) -> None:
    """Make *path* and its missing parents (:data:`ENTERABLE`, whatever the umask), and give *path* to *owner*.

    An existing folder keeps its mode unless *mode* asks for another than the default.
    """
    missing = [folder for folder in (*reversed(path.parents), path) if not folder.exists()]  # macOS: mkdir("/") is no EEXIST
    for folder in missing:
        with suppress(FileExistsError):
            folder.mkdir()
            folder.chmod(ENTERABLE)  # mkdir's own mode is cut by the umask
    if mode != ENTERABLE:
        path.chmod(mode)
    if owner is not None:
        owner.own(path)


def write_file(path: Path, text: str, *, mode: int = 0o600, owner: Account | None = None) -> None:
    """Replace *path* by *text* in one step, with *mode*, readable by *owner*: a reader sees the old or the new text whole.

    :raises OSError: disk full or no permission; the old file is then as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    scratch = Path(temporary)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        scratch.chmod(mode)
        if owner is not None:
            owner.own(scratch)
        scratch.replace(path)
    except BaseException:
        with suppress(OSError):
            scratch.unlink()
        raise


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Wait for and hold the lock file *path*, across threads and processes. Not reentrant.

    The kernel drops the lock with its holder, so a killed process never leaves one behind.
    """
    make_folder(path.parent)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
