"""Where backups are kept, and what makes one: a dump counts from the moment that its manifest is there, which comes last.

``daily/`` holds every set, ``monthly/`` the first of each month again. Whatever is killed or fails earlier publishes nothing.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, cast

from operations.backup.manifest import KINDS, BackupSet, Kind, Manifest
from operations.backup.objects import Item, NotThere, ObjectExists, Objects, Write
from operations.errors import OperationError
from operations.progress import Advance

CHUNK = 1 << 20
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL
LOST = "lost: the dump is not there"
FLIPPED = "corrupt: its checksum differs"
LEFT_BEHIND = timedelta(hours=24)
"""Age from which an object without a manifest, or an upload that never ended, is nobody's: no backup takes so long."""


@dataclass(frozen=True, kw_only=True)
class Contents:
    """Of a store. *unpublished* are dumps that have no manifest, *unreadable* manifests that are none."""

    sets: list[BackupSet]
    unpublished: dict[str, Item]
    unreadable: list[str]

    def left_behind(self, now: datetime | None = None) -> list[str]:
        """The dumps that were never published and a day ago were there: of runs that were killed."""
        before = (now or datetime.now(UTC)) - LEFT_BEHIND
        return sorted(key for key, item in self.unpublished.items() if item.modified < before)


class BackupStore:
    """The sets in a folder or a bucket. Failures are OperationError, one sentence."""

    def __init__(self, objects: Objects) -> None:
        self.objects = objects
        self.where = objects.where
        """``file:///...``, ``s3://...`` or ``gs://...``, for messages."""

    def writing(self, name: str, expected: int) -> AbstractContextManager[Write]:
        """The dump of a new daily set, about *expected* bytes; there when the block ends well, and only then."""
        return self.objects.writing(f"daily/{name}", expected)

    def publish(self, manifest: Manifest) -> BackupSet:
        """Makes the dump that was written a set. Where that fails the dump is gone too."""
        return self._publish("daily", manifest)

    def keep_monthly(self, backup: BackupSet) -> BackupSet | None:
        """The same set under ``monthly/``; None where another run was faster."""
        key = f"monthly/{backup.manifest.name}"
        self.objects.copy(backup.key, key)
        try:
            return self._publish("monthly", backup.manifest)
        except ObjectExists:
            return None

    def sets(self) -> list[BackupSet]:
        """All sets, newest first, with what is wrong where the dump is lost, not in its full size, or was found spoilt."""
        return self.contents().sets

    def contents(self) -> Contents:
        """The sets, and what is none."""
        found = Contents(sets=[], unpublished={}, unreadable=[])
        for kind in KINDS:
            items = self.objects.listing(f"{kind}/")
            for key, item in items.items():
                if key.endswith((".dump", ".dump.spoilt")) and f"{key.removesuffix('.spoilt')}.json" not in items:
                    found.unpublished[key] = item
                if not key.endswith(".dump.json"):
                    continue
                try:
                    manifest = self._manifest(key)
                except NotThere:  # another run has just removed the set
                    continue
                if manifest is None or f"{kind}/{manifest.name}.json" != key:  # of another set: it would be read, and removed
                    found.unreadable.append(key)
                    continue
                dump = items.get(key.removesuffix(".json"))
                problem = _size_problem(dump.size if dump else None, manifest)
                if problem is None and f"{kind}/{manifest.name}.spoilt" in items:
                    problem = FLIPPED
                found.sets.append(BackupSet(kind=kind, manifest=manifest, problem=problem, cold=bool(dump and dump.cold)))
        found.unreadable.sort()
        found.sets.sort(key=lambda backup: (backup.manifest.started, backup.kind), reverse=True)
        return found

    def check(self, backup: BackupSet, advance: Advance = lambda _: None) -> str | None:
        """Reads the whole dump again and compares its checksum; what is wrong with it, or None. The answer is kept."""
        if backup.problem not in (None, FLIPPED):
            return backup.problem
        try:
            with self.open(backup) as stream:
                while data := stream.read(CHUNK):
                    advance(len(data))
        except Spoilt as error:
            return error.problem
        if backup.problem:
            self.objects.remove(_mark(backup))
        return None

    def check_all(self, sets: Iterable[BackupSet], advance: Advance = lambda _: None) -> list[BackupSet]:
        """*sets* with what :meth:`check` says of each. One that cannot be read is no reason to leave out the others; what is in
        cold storage is not read, and what another run has removed meanwhile is left out."""
        checked = []
        for backup in sets:
            if not backup.cold:
                try:
                    backup = replace(backup, problem=self.check(backup, advance))
                except NotThere:
                    if self._is_removed(backup):
                        continue
                    backup = replace(backup, problem=LOST)
                except OperationError as error:
                    backup = replace(backup, problem=f"not read: {error}")
            checked.append(backup)
        return checked

    @contextmanager
    def open(self, backup: BackupSet) -> Iterator[BinaryIO]:
        """The dump as a stream. Reading raises :class:`Spoilt` at its end where it is short or its checksum differs: nothing
        that was made of it counts before that end was reached. From a wrong checksum on the set has a problem."""
        with self.objects.reader(backup.key) as source, self._checked(source, backup) as stream:
            yield stream

    @contextmanager
    def copied(self, backup: BackupSet, path: Path) -> Iterator[BinaryIO]:
        """The dump as a new file (0600) during the block, and a stream of that file, as that of :meth:`open`."""
        try:
            try:
                with os.fdopen(os.open(path, NEW, 0o600), "wb") as file, self.objects.reader(backup.key) as source:
                    shutil.copyfileobj(source, file, CHUNK)
            except OSError as error:
                raise OperationError(f"Cannot write {path}: {error.strerror or error}; free some space there.") from None
            with path.open("rb") as copy, self._checked(copy, backup) as stream:
                yield stream
        finally:
            path.unlink(missing_ok=True)

    @contextmanager
    def _checked(self, source: BinaryIO, backup: BackupSet) -> Iterator[BinaryIO]:
        try:
            yield cast(BinaryIO, _Checked(source, backup, f"{self.where}/{backup.key}"))
        except Spoilt as error:
            if error.problem == FLIPPED:
                with suppress(OperationError):  # marked already, or this one may only read
                    self.objects.put(_mark(backup), b"")
            raise

    def remove(self, backup: BackupSet) -> None:
        """Takes the set away, its manifest first."""
        for key in (f"{backup.key}.json", backup.key, _mark(backup)):
            self.objects.remove(key)

    def tidy(self, now: datetime | None = None) -> int:
        """Throws away what uploads that never ended have left for a day; how many."""
        return self.objects.tidy((now or datetime.now(UTC)) - LEFT_BEHIND)

    def _is_removed(self, backup: BackupSet) -> bool:
        try:
            self.objects.read(f"{backup.key}.json")
        except NotThere:
            return True
        return False

    def _publish(self, kind: Kind, manifest: Manifest) -> BackupSet:
        key = f"{kind}/{manifest.name}"
        try:
            self.objects.put(f"{key}.json", manifest.to_json().encode())
        except ObjectExists:
            raise
        except BaseException:
            with suppress(OperationError):
                self.objects.remove(f"{key}.json")
                self.objects.remove(key)
            raise
        return BackupSet(kind=kind, manifest=manifest, problem=None)

    def _manifest(self, key: str) -> Manifest | None:
        try:
            return Manifest.from_json(self.objects.read(key).decode())
        except ValueError:
            return None


class Spoilt(OperationError):
    """A dump is not what was verified. ``problem`` is what is wrong, in the words of a list."""

    def __init__(self, where: str, problem: str) -> None:
        super().__init__(f"The dump {where} is {problem}; take another backup.")
        self.problem = problem


class _Checked(io.RawIOBase):
    """The bytes of a dump, as they come from *source*."""

    def __init__(self, source: BinaryIO, backup: BackupSet, where: str) -> None:
        self._source, self._made, self._where = source, backup.manifest, where
        self._digest, self._bytes = hashlib.sha256(), 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        data = self._source.read(len(buffer))
        buffer[: len(data)] = data
        self._digest.update(data)
        self._bytes += len(data)
        if not data and len(buffer):
            problem = _size_problem(self._bytes, self._made)
            if problem is None and self._digest.hexdigest() != self._made.sha256:
                problem = FLIPPED
            if problem is not None:
                raise Spoilt(self._where, problem)
        return len(data)


def _mark(backup: BackupSet) -> str:
    """What says, beside a dump, that it was read and found spoilt."""
    return f"{backup.key}.spoilt"


def _size_problem(size: int | None, manifest: Manifest) -> str | None:
    if size is None:
        return LOST
    return None if size == manifest.bytes else f"corrupt: {size} bytes instead of {manifest.bytes}"
