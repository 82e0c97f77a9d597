"""What a manifest says of a database, as one snapshot of it that pg_dump sees too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from operations.connection import Session, connect, described
from operations.errors import OperationError

APPLICATION = "managed-postgres backup"

OWN_TABLES = """
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
    AND NOT EXISTS (SELECT FROM pg_depend AS d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ORDER BY n.nspname, c.relname
"""
"""Of a database: not those of the system, nor of extensions, which come and go with them."""
_ESTIMATES = f"SELECT n.nspname || '.' || c.relname, greatest(c.reltuples, 0)::bigint {OWN_TABLES}"  # never analysed is 0


@dataclass(frozen=True, kw_only=True)
class Facts:
    """*size* is the database's on disk, in bytes; *snapshot* is what ``pg_dump --snapshot`` takes."""

    database: str
    server: str
    server_version: int
    size: int
    migration_version: int | None
    row_estimates: dict[str, int]
    snapshot: str


@contextmanager
def facts(conninfo: str) -> Iterator[Facts]:
    """The facts of the database of *conninfo*. Their snapshot can be used until the block ends.

    Raises OperationError.
    """
    with connect(conninfo, APPLICATION) as session:
        try:
            found = _look(session)
        except psycopg.Error as error:
            text = error.diag.message_primary or " ".join(str(error).split())
            raise OperationError(f"Cannot look into {described(conninfo)}: {text}; no backup was made.") from None
        try:
            yield found
        finally:
            session.close()  # it may be lost by now, and nothing depends on it


def _look(session: Session) -> Facts:
    session.execute("SET idle_in_transaction_session_timeout = 0")  # a dump takes its time
    session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    row = session.execute("SELECT pg_database_size(current_database()), pg_export_snapshot()").fetchone()
    assert row is not None
    return Facts(
        database=session.info.dbname,
        server=(session.info.parameter_status("server_version") or "").split()[0],
        server_version=session.info.server_version,
        size=row[0],
        migration_version=migration_of(session)[0],
        row_estimates=dict(session.execute(_ESTIMATES).fetchall()),
        snapshot=row[1],
    )


def migration_of(session: Session) -> tuple[int | None, str]:
    """The newest migration's version, and its name as ``007_invoices``; None and ``none`` where there are none of ours."""
    try:
        with session.transaction():  # a savepoint: the snapshot outlives an error
            row = session.execute("SELECT max(version) FROM public.schema_migrations").fetchone()
    except psycopg.Error:  # no such table, or another tool's
        return None, "none"
    version = row[0] if row else None
    if not isinstance(version, int):
        return None, "none"
    try:
        with session.transaction():
            named = session.execute("SELECT name FROM public.schema_migrations WHERE version = %s", [version]).fetchone()
    except psycopg.Error:  # of another tool, without names
        named = None
    return version, str(named[0]).removesuffix(".sql") if named else str(version)
