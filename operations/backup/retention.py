"""Which sets go, and which are kept for a year."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from operations.backup.manifest import BackupSet, Manifest
from operations.errors import Refused

DAILY_DAYS = 30
MONTHLY_DAYS = 365
MOST_DAYS = 36_500


def retention_days(environ: Mapping[str, str]) -> int:
    """How long daily sets are kept: BACKUP_RETENTION_DAYS, by default 30. Raises Refused."""
    text = environ.get("BACKUP_RETENTION_DAYS") or str(DAILY_DAYS)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= MOST_DAYS):
        raise Refused(f"BACKUP_RETENTION_DAYS is {text!r}; it must be a number of days from 1 to {MOST_DAYS}.")
    return int(text)


def expired(
    sets: Iterable[BackupSet], *, now: datetime, daily_days: int = DAILY_DAYS, monthly_days: int = MONTHLY_DAYS
) -> list[BackupSet]:
    """The sets past their age, but never a database's newest good one: a spoilt newer set does not count for it."""
    sets = sorted(sets, key=lambda backup: backup.manifest.started)
    last_good = {backup.manifest.database: backup.key for backup in sets if backup.problem is None}
    days = {"daily": daily_days, "monthly": monthly_days}
    return [
        backup
        for backup in sets
        if now - backup.manifest.started > timedelta(days=days[backup.kind])
        and last_good.get(backup.manifest.database) not in (None, backup.key)
    ]


def has_month(sets: Iterable[BackupSet], manifest: Manifest) -> bool:
    """Whether a good monthly set of the database exists for the month of *manifest* (UTC)."""
    month = f"{manifest.started:%Y%m}"
    return any(
        old.kind == "monthly"
        and old.problem is None
        and old.manifest.database == manifest.database
        and f"{old.manifest.started:%Y%m}" == month
        for old in sets
    )
