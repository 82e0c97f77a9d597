"""Moves all rows of a source into a database: in one transaction, compared before it is committed. All of it or nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import psycopg
from psycopg import sql

from operations.connection import Session, connect, described
from operations.console import count
from operations.data_move import APPLICATION
from operations.data_move.catalog import Table, catalog_of, set_sequences
from operations.data_move.plan import Step, make_plan, require_empty
from operations.data_move.postgres import set_forms
from operations.data_move.sequences import go_on, sequences_of
from operations.data_move.source import Source
from operations.errors import OperationError

LOCK_SECONDS = 10
"""How long another session's work on the tables is waited for."""
_LINE = re.compile(r"COPY \S+, line (\d+)(?:, column (\w+))?")

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class MovedTable:
    """A table that was moved, or would be: then without a checksum."""

    table: str
    rows: int
    checksum: str | None


@dataclass(frozen=True, kw_only=True)
class Moved:
    """What was done, in this order."""

    tables: tuple[MovedTable, ...]
    steps: tuple[Step, ...]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables)


def move(source: Source, conninfo: str, *, exclude: Collection[str] = (), dry_run: bool = False, say: Say) -> Moved:
    """Fills the empty tables of *conninfo*'s database, of which the caller must be the owner, with the rows of *source*.

    With *dry_run* everything is looked at and nothing written. Raises Refused (nothing begun) where the source does not fit or a
    table has rows, OperationError where a value does not fit or what arrived is not what was sent: then nothing was moved.
    """
    begun = time.monotonic()
    with connect(conninfo, APPLICATION) as session:
        leave_when_killed(session)
        steps = make_plan(source, catalog_of(session), exclude)
        positions = source.positions(sequences_of(session))
        with all_or_nothing(session, f"{source.where} to {described(conninfo)}", "Nothing was moved."):
            if dry_run:
                require_empty(session, steps)
                tables = [MovedTable(table=step.target.full, rows=step.rows, checksum=None) for step in steps]
            else:
                tables = _fill(session, source, steps, say)
                go_on(session, positions)
                analyze(session, (step.target for step in steps), say)
    return Moved(tables=tuple(tables), steps=tuple(steps), seconds=round(time.monotonic() - begun, 3))


@contextmanager
def all_or_nothing(session: Session, where: str, nothing: str) -> Iterator[None]:
    """A transaction, whose failure is an OperationError of *where* that ends with *nothing*.

    A connection that is lost while the server keeps the rows leaves nobody here who could know; then it says that.
    """
    kept = False
    try:
        with session.transaction():
            yield
            kept = True
    except psycopg.Error as error:
        if kept and session.broken:
            nothing = "Whether the rows are there is not known, as this was at the very end: look before you do it again."
        raise OperationError(f"{where}: {sentence(error)} {nothing}") from None


def prepare(session: Session) -> None:
    """For a transaction that fills tables."""
    session.execute("SELECT set_config('lock_timeout', %s, true)", [f"{LOCK_SECONDS}s"])
    for name in ("statement_timeout", "idle_in_transaction_session_timeout"):
        session.execute("SELECT set_config(%s, '0', true)", [name])
    set_forms(session)


def leave_when_killed(session: Session) -> None:
    """The server looks each second whether we are still there; without that a killed run could keep its locks for long."""
    with suppress(psycopg.Error):  # not on every platform
        session.execute("SET client_connection_check_interval = '1s'")


def lock(session: Session, table: sql.Identifier) -> None:
    """Nobody else writes the table until the transaction ends; reading goes on."""
    session.execute(sql.SQL("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE").format(table))


def analyze(session: Session, tables: Iterable[Table], say: Say) -> None:
    """Statistics, in the transaction of the rows: what ends here leaves no rows behind a message that says there are none.

    A table that cannot be analyzed (a function of an index fails there) is no reason to lose them: *say* tells it.
    """
    for table in tables:
        try:
            with session.transaction():
                session.execute(sql.SQL("ANALYZE {}").format(table.identifier))
        except psycopg.Error as error:
            if session.broken:
                raise
            say(f"  {table.full}: no statistics, until ANALYZE makes them: {sentence(error)}")


def sentence(error: psycopg.Error) -> str:
    """What the server said and in which line of the rows, without their values."""
    if isinstance(error, psycopg.errors.LockNotAvailable):
        return f"Another session has been writing these tables for {LOCK_SECONDS} s: end it, or wait, and try again."
    text = (error.diag.message_primary or " ".join(str(error).split())).partition(': "')[0]
    at = _LINE.search(error.diag.context or "")
    place = f" ({error.diag.table_name})" if error.diag.table_name else ""
    if at:
        place += f" (row {at[1]}{f', column {at[2]}' if at[2] else ''})"
    return f"{text}{place}."


def _fill(session: Session, source: Source, steps: list[Step], say: Say) -> list[MovedTable]:
    prepare(session)
    for step in sorted(steps, key=lambda step: step.target.full):  # in one order, so that two moves cannot block each other
        lock(session, step.target.identifier)
    require_empty(session, steps)
    for step in reversed(steps):
        if step.replaces:
            say(f"  {step.target.full}: the rows that Django made give way to the source's")
            session.execute(sql.SQL("DELETE FROM {}").format(step.target.identifier))
    session.execute("SET CONSTRAINTS ALL DEFERRED")
    moved = []
    for step in steps:
        moved.append(_table(session, source, step))
        say(f"  {step.target.full}: {count(moved[-1].rows, 'row')}")
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    for step, table in zip(steps, moved, strict=True):
        arrived = source.read_back(session, step.target, step.columns)
        if (arrived.rows, arrived.checksum) != (table.rows, table.checksum):
            what = f"{arrived.rows} rows" if arrived.rows != table.rows else "other values"
            raise OperationError(
                f"{step.target.full}: {table.rows} rows were sent, and {what} arrived: a trigger, a shorter type or another one "
                "changes them. Make the table as the source's. Nothing was moved."
            )
        set_sequences(session, step.target)
    return moved


def _table(session: Session, source: Source, step: Step) -> MovedTable:
    names = sql.SQL(", ").join(sql.Identifier(column) for column in step.columns)
    with session.cursor() as cursor:
        with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(step.target.identifier, names)) as copy:
            sent = source.feed(step.source, step.target, step.columns, copy)
        if sent.rows != step.rows:
            raise OperationError(
                f"{step.source}: {step.rows} rows were counted and {sent.rows} read: something writes {source.where}. "
                "Nothing was moved."
            )
    return MovedTable(table=step.target.full, rows=sent.rows, checksum=sent.checksum)
