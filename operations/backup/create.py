"""A logical backup: pg_dump to a draft, verified in full, and only then published with its manifest.

``pg_restore --list`` would accept a truncated dump; ``pg_restore -f /dev/null`` reads all of it. A SHA-256 finds what
happens to the file later.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg

from operations.backup.pg_client import Client, client_environment, find_client
from operations.backup.store import BackupSet, BackupStore, Manifest, sha256_of
from operations.connection import Session, connect
from operations.errors import OperationError

APPLICATION = "managed-postgres backup"
DAILY_DAYS = 30
MONTHLY_DAYS = 365
LOCK_WAIT = "60s"
"""How long pg_dump waits for a table that is being altered."""

# Tables of extensions and of the system are not in a dump, or not ours. Never analysed counts as 0.
_ESTIMATES = """
    SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::bigint
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
    ORDER BY 1
"""


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
    facts = _facts(conninfo)
    client = find_client(facts.server_version)
    with store.writing() as dump:
        _dump(client, conninfo, dump)
        entries = _verify(client, dump)
        manifest = Manifest(
            name=f"{re.sub(r'[^A-Za-z0-9_-]', '_', facts.database)}_{started:%Y%m%d_%H%M%S}.dump",
            database=facts.database,
            started=started,
            ended=max(started, datetime.now(UTC)),
            bytes=dump.stat().st_size,
            sha256=sha256_of(dump),
            server_version=facts.server,
            client_version=client.version,
            toc_entries=entries,
            migration_version=facts.migration_version,
            row_estimates=facts.row_estimates,
        )
        before = store.sets()
        backup = store.publish(dump, manifest, "daily")
        monthly = None if _has_month(before, manifest) else store.publish(dump, manifest, "monthly")
        removed = expired([backup, *before], now=started, daily_days=retention_days)
        for old in removed:
            store.remove(old)
    return BackupReport(backup=backup, monthly=monthly, removed=tuple(removed))


def list_backups(store: BackupStore, *, verify: bool = False) -> list[BackupSet]:
    """The sets of *store*, newest first. With *verify* each dump is read and its checksum compared, else its size only."""
    sets = store.sets()
    return [replace(backup, problem=store.check(backup)) for backup in sets] if verify else sets


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


@dataclass(frozen=True, kw_only=True)
class _Facts:
    database: str
    server: str
    server_version: int
    migration_version: int | None
    row_estimates: dict[str, int]


def _facts(conninfo: str) -> _Facts:
    with connect(conninfo, APPLICATION) as session:
        return _Facts(
            database=session.info.dbname,
            server=(session.info.parameter_status("server_version") or "").split()[0],
            server_version=session.info.server_version,
            migration_version=_migration_version(session),
            row_estimates=dict(session.execute(_ESTIMATES).fetchall()),
        )


def _migration_version(session: Session) -> int | None:
    try:
        row = session.execute("SELECT max(version) FROM public.schema_migrations").fetchone()
    except psycopg.Error:  # no such table, or another tool's
        return None
    return row[0] if row and isinstance(row[0], int) else None


def _dump(client: Client, conninfo: str, target: Path) -> None:
    """zstd costs next to nothing and packs better than gzip; pg_dump has it from version 16 if it was built with it."""
    methods = ["--compress=zstd:1", "--compress=gzip:1"] if client.major >= 16 else ["-Z1"]
    for method in methods:
        command: list[str | Path] = [client.pg_dump, "-Fc", method, "-w", f"--lock-wait-timeout={LOCK_WAIT}", "-f", target]
        done = subprocess.run(command, env=client_environment(conninfo), capture_output=True, text=True, errors="replace")
        if done.returncode == 0:
            return
        if "does not support compression" not in done.stderr:
            break
    raise OperationError(f"pg_dump {_ended(done)}; no backup was made.")


def _verify(client: Client, dump: Path) -> int:
    """Reads the whole dump as a restore would; the number of its entries. Raises OperationError."""
    for arguments in (["-f", "/dev/null"], ["--list"]):
        done = subprocess.run([client.pg_restore, *arguments, dump], capture_output=True, text=True, errors="replace")
        if done.returncode != 0:
            raise OperationError(f"The dump cannot be restored: pg_restore {_ended(done)}; no backup was made.")
    return sum(1 for line in done.stdout.splitlines() if line and not line.startswith(";"))


def _ended(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode < 0:
        return f"was killed (signal {-done.returncode})"
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
    text = "; ".join(said[-3:]) or f"exit code {done.returncode}"
    room = ", free some space or choose another BACKUP_DIR" if "No space left" in text else ""
    return f"failed: {text}{room}"


def _has_month(sets: list[BackupSet], manifest: Manifest) -> bool:
    """Whether a good monthly set of the database exists for the month of *manifest* (UTC)."""
    month = f"{manifest.started:%Y%m}"
    return any(
        old.kind == "monthly"
        and old.problem is None
        and old.manifest.database == manifest.database
        and f"{old.manifest.started:%Y%m}" == month
        for old in sets
    )
