"""Backups in a folder of this machine, or one that is mounted."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from operations.backup.objects import Item, NotThere, Write, already
from operations.errors import OperationError


class Folder:
    """Folders are 0700 and files 0600, since dumps hold all data. One writer at a time: a second one is refused."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.where = root.absolute().as_uri()

    def listing(self, prefix: str) -> dict[str, Item]:
        found = {}
        with self._said("Cannot read"):
            for path in (self.root / prefix).glob("*"):
                with suppress(FileNotFoundError):  # another run removes it right now
                    stat = path.stat()
                    if path.suffix != ".draft":
                        modified = datetime.fromtimestamp(stat.st_mtime, UTC)
                        found[str(path.relative_to(self.root))] = Item(size=stat.st_size, modified=modified)
        return found

    def read(self, key: str) -> bytes:
        with self._said("Cannot read", key):
            return (self.root / key).read_bytes()

    def reader(self, key: str) -> BinaryIO:
        with self._said("Cannot read", key):
            return (self.root / key).open("rb")

    @contextmanager
    def writing(self, key: str, expected: int) -> Iterator[Write]:
        partial = self.root / ".partial"
        with self._said("Cannot keep backups in"), self._locked(), self._said("Cannot write to"):
            target = self._target(key)
            if target.exists():
                raise already(target)
            partial.unlink(missing_ok=True)  # of a run that was killed: the lock proves that it is gone
            try:
                with _created(partial) as file:
                    yield file.write
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(target)
                _sync(target.parent)
            finally:
                partial.unlink(missing_ok=True)

    def put(self, key: str, data: bytes) -> None:
        target = self._target(key)
        draft = target.with_suffix(f".{os.getpid()}.draft")
        with self._said("Cannot write to"):
            try:
                with _created(draft) as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                _name(draft, target)
                _sync(target.parent)
            finally:
                draft.unlink(missing_ok=True)

    def copy(self, source: str, target: str) -> None:
        """A second name costs nothing; file systems without hard links get a copy."""
        path = self._target(target)
        with self._said("Cannot write to"):
            path.unlink(missing_ok=True)
            try:
                path.hardlink_to(self.root / source)
            except OSError:
                shutil.copyfile(self.root / source, path)
                path.chmod(0o600)
                _sync(path)

    def remove(self, key: str) -> None:
        with self._said("Cannot remove from"):
            (self.root / key).unlink(missing_ok=True)

    def tidy(self, before: datetime) -> int:
        """Drafts that a kill left; a ``.partial`` is the next writer's to remove."""
        old = [path for path in self.root.glob("*/*.draft") if path.stat().st_mtime < before.timestamp()]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _target(self, key: str) -> Path:
        path = self.root / key
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperationError(f"Another backup is being written to {self.root}; try again when it is over.") from None
            yield
        finally:
            os.close(lock)

    @contextmanager
    def _said(self, what: str, key: str = "") -> Iterator[None]:
        try:
            yield
        except OSError as error:
            mend = "free some space or choose another place" if error.errno in (28, 122) else "choose another BACKUP_DIR"
            kind = NotThere if isinstance(error, FileNotFoundError) else OperationError
            raise kind(f"{what} {self.root / key}: {error.strerror or error}; {mend}.") from None


def _created(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _name(draft: Path, target: Path) -> None:
    """*draft* becomes *target* unless there is one: two writers at once cannot both win."""
    try:
        target.hardlink_to(draft)
    except FileExistsError:
        raise already(target) from None
    except OSError:  # no hard links here
        if target.exists():
            raise already(target) from None
        draft.replace(target)


def _sync(path: Path) -> None:
    with suppress(OSError):  # some file systems cannot sync a folder
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
