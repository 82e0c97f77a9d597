"""What a store can do without: sets past their retention, and what killed runs left behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from operations.backup.manifest import BackupSet
from operations.backup.retention import expired, retention_days
from operations.backup.store import BackupStore


@dataclass(frozen=True, kw_only=True)
class Pruning:
    """True when it would remove something that can be seen; uploads that never ended cannot."""

    sets: tuple[BackupSet, ...]
    leftovers: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.sets or self.leftovers)

    def lines(self) -> Iterator[str]:
        """One for each object."""
        for old in self.sets:
            yield f"  {old.key}  {old.manifest.bytes} bytes, past its retention"
        for key in self.leftovers:
            yield f"  {key}  never published"

    def carry_out(self, store: BackupStore) -> int:
        """Removes it, and what uploads that never ended hold; how many of those there were. Can be repeated."""
        for old in self.sets:
            store.remove(old)
        for key in self.leftovers:
            store.objects.remove(key)
        return store.tidy()


def plan(store: BackupStore, environ: Mapping[str, str], now: datetime | None = None) -> Pruning:
    """What BACKUP_RETENTION_DAYS of *environ* leaves no place for in *store*, of the database DB_NAME; other databases may keep
    theirs longer. *now* (UTC) is for tests. Raises Refused."""
    now = now or datetime.now(UTC)
    found = store.contents()
    own = [one for one in found.sets if one.manifest.database == environ["DB_NAME"]]
    sets = expired(own, now=now, daily_days=retention_days(environ))
    return Pruning(sets=tuple(sets), leftovers=tuple(found.left_behind(now)))
