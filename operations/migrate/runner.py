"""Brings a database's schema up to date: plain SQL files, each applied once, wholly or not at all.

Safe to start twice at once and to kill at any moment: one migrator works at a time (see ``migration_lock``), a file and
its record in ``public.schema_migrations`` are committed together, and a file that was edited, lost or slipped in between
is refused before anything runs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from operations.connection import Session, connect, described
from operations.migrate.apply import Applied, Limits, apply
from operations.migrate.files import MigrationError, MigrationFile, Record, problem_of, read_files
from operations.migrate.lock import RUN, WORK, BlockerWatch, check_held, held

APPLICATION = "managed-postgres migrate"

# The application may read which version runs, but not rewrite history: default privileges of the database give it DML
# on every table the owner creates, this one included.
_CREATE_TABLE = """
CREATE TABLE public.schema_migrations (
    version    bigint PRIMARY KEY,
    name       text NOT NULL,
    sha256     text NOT NULL,
    applied_at timestamptz NOT NULL DEFAULT now(),
    seconds    double precision NOT NULL,
    applied_by text NOT NULL
);
DO $$
DECLARE
    grantee text;
BEGIN
    FOR grantee IN
        SELECT DISTINCT CASE acl.grantee WHEN 0 THEN 'PUBLIC' ELSE acl.grantee::regrole::text END
        FROM pg_class AS c, aclexplode(c.relacl) AS acl
        WHERE c.oid = 'public.schema_migrations'::regclass AND acl.grantee <> c.relowner
    LOOP
        EXECUTE 'REVOKE INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER ON public.schema_migrations FROM ' || grantee;
    END LOOP;
END
$$;
"""
_RECORDS = "SELECT version, name, sha256, applied_at, seconds, applied_by FROM public.schema_migrations ORDER BY version"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What one run did: the files it applied, and how many there are in all."""

    applied: tuple[Applied, ...]
    total: int


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One file or record in a :class:`Status`; *applied_at* and *seconds* are None while it is pending."""

    version: int
    name: str
    applied_at: datetime | None
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class Status:
    """What is applied and what is pending, and the first thing that would make ``migrate`` refuse, if any."""

    entries: tuple[Entry, ...]
    problem: str | None

    @property
    def pending(self) -> tuple[Entry, ...]:
        return tuple(entry for entry in self.entries if entry.applied_at is None)


def migrate(
    conninfo: str,
    directory: Path,
    *,
    limits: Limits | None = None,
    allow_newer: bool = False,
    last: int | None = None,
    progress: Callable[[str], None] = lambda _line: None,
) -> Report:
    """Applies the files of *directory* that the database lacks, in order; stops at the first that fails.

    *conninfo* is libpq's, of the owner of the database. *progress* gets a line per applied file and per longer wait.
    *allow_newer* accepts a database that is ahead of the files. *last* is the highest version to be applied (None: all).
    Raises :class:`MigrationError` or ``ConnectionFailed``, both one sentence; what was applied before stays.
    """
    limits = limits or Limits()
    files = read_files(directory)
    try:
        return _migrate(conninfo, files, limits, allow_newer, last, progress)
    except psycopg.Error as error:  # outside any file: those have sentences of their own
        text = " ".join(str(error).split())
        raise MigrationError(f"the connection to {described(conninfo)} was lost: {text}; run migrate again") from None


def _migrate(
    conninfo: str,
    files: list[MigrationFile],
    limits: Limits,
    allow_newer: bool,
    last: int | None,
    progress: Callable[[str], None],
) -> Report:
    with connect(conninfo, APPLICATION) as lock, held(lock, RUN, wait=limits.lock_wait, progress=progress):
        records = _records(lock, conninfo, create=True)
        problem = problem_of(files, records, allow_newer=allow_newer)
        if problem:
            raise MigrationError(f"{problem}; nothing was applied")
        done = {record.version for record in records}
        pending = [file for file in files if file.version not in done and (last is None or file.version <= last)]
        for file in pending:
            file.check()
        # The very server that holds the lock: after a failover a host list could lead elsewhere.
        here = make_conninfo(conninfo, host=lock.info.host, port=lock.info.port)
        applied = tuple(_apply(file, here, lock, limits, progress) for file in pending)
    return Report(applied=applied, total=len(files))


def status(conninfo: str, directory: Path, *, allow_newer: bool = False) -> Status:
    """What ``migrate`` would find; changes nothing and takes no lock. Raises as :func:`migrate` does."""
    files = read_files(directory)
    with connect(conninfo, APPLICATION) as session:
        records = _records(session, conninfo, create=False)
    known = {record.version for record in records}
    entries = [Entry(version=r.version, name=r.name, applied_at=r.applied_at, seconds=r.seconds) for r in records]
    entries += [
        Entry(version=file.version, name=file.name, applied_at=None, seconds=None) for file in files if file.version not in known
    ]
    ordered = tuple(sorted(entries, key=lambda entry: entry.version))
    return Status(entries=ordered, problem=problem_of(files, records, allow_newer=allow_newer))


def _apply(file: MigrationFile, conninfo: str, lock: Session, limits: Limits, progress: Callable[[str], None]) -> Applied:
    """On a connection of the file's own, so that nothing it sets (role, search_path) reaches the next file."""
    check_held(lock, RUN)
    with connect(conninfo, APPLICATION) as work:
        _prepare(work)
        pid = work.info.backend_pid
        often = min(0.5, limits.lock_timeout / 4)
        with held(work, WORK, wait=limits.lock_wait, progress=progress):
            applied = apply(file, work, lambda: BlockerWatch(lock, pid, interval=often), limits, progress)
    progress(f"{applied.name} applied in {applied.seconds:.2f} s")
    return applied


def _prepare(work: Session) -> None:
    """No time limit on statements; and the server shall look each second whether we are still there.

    Without the latter it would go on with the statement of a killed migrator to its end.
    """
    work.execute("SET statement_timeout = 0")
    try:
        work.execute("SET client_connection_check_interval = '1s'")
    except psycopg.Error:
        return  # not on every platform; the WORK lock still keeps the next migrator waiting


def _records(session: Session, conninfo: str, *, create: bool) -> list[Record]:
    try:
        row = session.execute("SELECT to_regclass('public.schema_migrations') IS NOT NULL").fetchone()
        if not (row and row[0]):
            if not create:
                return []
            with session.transaction():
                session.execute(_CREATE_TABLE)
        rows = session.execute(_RECORDS).fetchall()
    except psycopg.errors.UndefinedColumn:
        raise MigrationError(
            f"public.schema_migrations in {described(conninfo)} belongs to another migration tool; rename that table first"
        ) from None
    except psycopg.Error as error:
        raise MigrationError(
            f"cannot use public.schema_migrations in {described(conninfo)}: {error.diag.message_primary or error}; "
            "run migrate as the owner of the database"
        ) from None
    return [
        Record(version=version, name=name, sha256=sha256, applied_at=at, seconds=seconds, applied_by=by)
        for version, name, sha256, at, seconds, by in rows
    ]
