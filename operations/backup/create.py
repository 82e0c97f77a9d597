"""A logical backup: dumped and verified on its way into the store, and only then published with its manifest."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from operations.backup.dump import dump
from operations.backup.facts import facts
from operations.backup.manifest import BackupSet, Manifest
from operations.backup.pg_client import find_client
from operations.backup.retention import DAILY_DAYS, expired, has_month
from operations.backup.store import BackupStore
from operations.errors import OperationError
from operations.progress import transfer


@dataclass(frozen=True, kw_only=True)
class BackupReport:
    """What one run made: the set, its monthly copy if this was the month's first, and what had expired."""

    backup: BackupSet
    monthly: BackupSet | None
    removed: tuple[BackupSet, ...]


def create_backup(
    conninfo: str, store: BackupStore, *, retention_days: int = DAILY_DAYS, now: datetime | None = None
) -> BackupReport:
    """Dumps the database of *conninfo* into *store*, verifies, publishes, and removes what is past its retention.

    Raises OperationError, one sentence; nothing is published then and nothing removed. *now* (UTC) is for tests.
    """
    started = now or datetime.now(UTC)
    backup = store.publish(_dumped(conninfo, store, started))
    try:
        before = [found for found in store.sets() if found.key != backup.key]
        monthly = None if has_month(before, backup.manifest) else store.keep_monthly(backup)
        own = [one for one in (backup, *before) if one.manifest.database == backup.manifest.database]
        removed = expired(own, now=started, daily_days=retention_days)  # other databases have retentions of their own
        for old in removed:
            store.remove(old)
        store.tidy()
    except OperationError as error:
        raise OperationError(f"{backup.key} is published, but then: {error}") from None
    return BackupReport(backup=backup, monthly=monthly, removed=tuple(removed))


def _dumped(conninfo: str, store: BackupStore, started: datetime) -> Manifest:
    """Puts a verified dump into *store*; its manifest, which nobody has seen yet."""
    with facts(conninfo) as seen:
        client = find_client(seen.server_version)
        name = f"{re.sub(r'[^A-Za-z0-9_-]', '_', seen.database)}_{started:%Y%m%d_%H%M%S}.dump"
        with store.writing(name, seen.size) as write, transfer(f"Dumping {seen.database}") as advance:

            def keep(data: bytes) -> None:
                write(data)
                advance(len(data))

            made = dump(client, conninfo, keep, snapshot=seen.snapshot)
    return Manifest(
        name=name,
        database=seen.database,
        started=started,
        ended=max(started, datetime.now(UTC)),
        bytes=made.bytes,
        sha256=made.sha256,
        server_version=seen.server,
        client_version=client.version,
        toc_entries=made.toc_entries,
        migration_version=seen.migration_version,
        row_estimates=seen.row_estimates,
    )
