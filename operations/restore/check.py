"""A restored database against what is known of its backup: migration, tables, rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from psycopg import sql

from operations.backup.facts import OWN_TABLES, migration_of
from operations.connection import Session
from operations.restore.server import said

MANY = 1000
"""Rows from which an estimate is worth comparing."""
SHARE = 0.5
"""Of the estimate at least so much should be there: the planner's estimates are some days old and rough, not wild."""

_TABLES = f"SELECT n.nspname, c.relname {OWN_TABLES}"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What was found. *problems*: it is not what was backed up. *doubts*: somebody should look."""

    migration: int | None
    migration_name: str
    """``007_invoices``; ``none`` where the database has no migrations of ours."""
    tables: Mapping[str, int]
    """Rows by ``schema.table``, counted."""
    problems: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(self.tables.values())


def look(inside: Session, tick: Callable[[], None] = lambda: None, *, count: bool = True) -> Checked:
    """Counts the rows of every table, which reads all of them; without *count* they are 0.

    Raises OperationError where a table cannot be read.
    """
    counted: dict[str, int] = {}
    with said(f"The database {inside.info.dbname} cannot be read"), inside.transaction():
        inside.execute("SET LOCAL row_security = off")  # an error is better than a part of the rows
        inside.execute("SET LOCAL statement_timeout = 0")  # the owner's or the database's is for other work than this
        for schema, table in inside.execute(_TABLES).fetchall():
            tick()
            query = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(schema, table))
            row = inside.execute(query).fetchone() if count else None
            counted[f"{schema}.{table}"] = row[0] if row else 0
    version, name = migration_of(inside)
    return Checked(migration=version, migration_name=name, tables=counted)


def against(found: Checked, migration: int | None, estimates: Mapping[str, int]) -> Checked:
    """*found* with its differences from *migration* and *estimates* (rows by ``schema.table``)."""
    problems = []
    if found.migration != migration:
        problems.append(f"its migration is {found.migration}, that of the backup {migration}")
    problems += [f"the table {name} is missing" for name in estimates if name not in found.tables]
    doubts = [
        f"{name} has {found.tables[name]} rows, and about {rows} were there at the backup"
        for name, rows in estimates.items()
        if rows >= MANY and found.tables.get(name, rows) < rows * SHARE
    ]
    return Checked(
        migration=found.migration,
        migration_name=found.migration_name,
        tables=found.tables,
        problems=tuple(problems),
        doubts=tuple(doubts),
    )
