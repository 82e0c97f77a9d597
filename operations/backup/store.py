"""Where backups are kept: a set is a dump and its manifest, and a set without a manifest does not exist.

``daily/`` holds every set, ``monthly/`` the first of each month again. The manifest is written last, so whatever is
killed or fails earlier publishes nothing.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

from operations.errors import OperationError

Kind = Literal["daily", "monthly"]
KINDS: tuple[Kind, ...] = ("daily", "monthly")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known of a verified dump. Times are UTC; *row_estimates* are the planner's, by ``schema.table``."""

    name: str
    database: str
    started: datetime
    ended: datetime
    bytes: int
    sha256: str
    server_version: str
    client_version: str
    toc_entries: int
    migration_version: int | None
    row_estimates: dict[str, int]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, default=datetime.isoformat) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises ValueError for a text that is not a manifest."""
        data: Any = json.loads(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or not names <= data.keys():
            raise ValueError("not a manifest of a backup")
        times = {name: datetime.fromisoformat(str(data[name])) for name in ("started", "ended")}
        return cls(**{name: data[name] for name in names} | times)


@dataclass(frozen=True, kw_only=True)
class BackupSet:
    """A published backup. *problem* is None while the dump is there in its full size (the store's cheap check)."""

    kind: Kind
    manifest: Manifest
    problem: str | None

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.manifest.name}"


class BackupStore(Protocol):
    """A place for backups. Failures are OperationError."""

    def writing(self) -> AbstractContextManager[Path]:
        """A new file (mode 0600) to dump into; one writer at a time. It is gone at the end unless it was published."""

    def publish(self, dump: Path, manifest: Manifest, kind: Kind) -> BackupSet:
        """Makes *dump*, which stays usable, and then *manifest* visible under ``kind/``; never over an existing set."""

    def sets(self) -> list[BackupSet]:
        """All sets, newest first."""

    def strays(self) -> list[str]:
        """Dumps without a manifest: never published, or half removed."""

    def check(self, backup: BackupSet) -> str | None:
        """Reads the whole dump again and compares its checksum; what is wrong with it, or None."""

    def remove(self, backup: BackupSet) -> None:
        """Takes the set away, its manifest first."""


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class FolderStore:
    """Backups in a folder of this machine (or a mounted one); folders 0700 and files 0600, since dumps hold all data."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def writing(self) -> Iterator[Path]:
        partial = self.root / ".partial"
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(self.root / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise OperationError(f"Cannot keep backups in {self.root}: {error.strerror}; choose another BACKUP_DIR.") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise OperationError(f"Another backup is being written to {self.root}; try again when it is over.") from None
            partial.unlink(missing_ok=True)  # of a run that was killed: the lock proves that it is gone
            os.close(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            yield partial
        except OSError as error:
            raise OperationError(f"Cannot write to {self.root}: {error.strerror or error}; no backup was made.") from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
            os.close(lock)

    def publish(self, dump: Path, manifest: Manifest, kind: Kind) -> BackupSet:
        folder = self.root / kind
        folder.mkdir(mode=0o700, exist_ok=True)
        target, notice = folder / manifest.name, folder / f"{manifest.name}.json"
        if notice.exists():
            raise OperationError(f"There is a backup {target} already; try again in a second.")
        target.unlink(missing_ok=True)  # without a manifest it was never a backup
        try:
            _link(dump, target)
            _write(notice, manifest.to_json())
        except BaseException:
            notice.unlink(missing_ok=True)
            target.unlink(missing_ok=True)
            raise
        return BackupSet(kind=kind, manifest=manifest, problem=None)

    def sets(self) -> list[BackupSet]:
        found = []
        for kind in KINDS:
            for notice in (self.root / kind).glob("*.dump.json"):
                try:
                    manifest = Manifest.from_json(notice.read_text())
                except (OSError, ValueError) as error:
                    raise OperationError(f"Cannot read {notice}: {error}; move that file and its dump away.") from None
                found.append(BackupSet(kind=kind, manifest=manifest, problem=_size_problem(notice.with_suffix(""), manifest)))
        return sorted(found, key=lambda backup: (backup.manifest.started, backup.kind), reverse=True)

    def strays(self) -> list[str]:
        dumps = (path for kind in KINDS for path in (self.root / kind).glob("*.dump"))
        return sorted(str(path.relative_to(self.root)) for path in dumps if not path.with_name(f"{path.name}.json").exists())

    def check(self, backup: BackupSet) -> str | None:
        path = self.root / backup.key
        problem = _size_problem(path, backup.manifest)
        if problem is None and sha256_of(path) != backup.manifest.sha256:
            return "corrupt: its checksum differs"
        return problem

    def remove(self, backup: BackupSet) -> None:
        path = self.root / backup.key
        path.with_name(f"{path.name}.json").unlink(missing_ok=True)
        path.unlink(missing_ok=True)


def _size_problem(path: Path, manifest: Manifest) -> str | None:
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        return "lost: the dump is not there"
    return None if size == manifest.bytes else f"corrupt: {size} bytes instead of {manifest.bytes}"


def _link(source: Path, target: Path) -> None:
    """A second name costs nothing; file systems without hard links get a copy."""
    try:
        target.hardlink_to(source)
    except OSError:
        shutil.copyfile(source, target)
        target.chmod(0o600)
        _sync(target)


def _write(path: Path, text: str) -> None:
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    _sync(path.parent)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
