"""A CSV file into one table: all of its rows or none."""

from __future__ import annotations

import codecs
import csv
import time
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from psycopg import sql

from operations.connection import connect, described
from operations.data_move import APPLICATION
from operations.data_move.catalog import Table, catalog_of, empty, find, set_sequences
from operations.data_move.move import Say, all_or_nothing, analyze, leave_when_killed, lock, prepare
from operations.errors import Refused

BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What a load did."""

    table: str
    columns: tuple[str, ...]
    rows: int
    seconds: float


def load(conninfo: str, path: Path, name: str, *, append: bool, say: Say) -> Loaded:
    """Reads *path* (UTF-8, commas, a first line with the names of columns) into the table *name*.

    An empty field without quotes is NULL. Columns that the file lacks get their defaults. Raises Refused for a file or table that
    does not fit and, unless *append*, a table with rows; OperationError where the server refuses a row: none was loaded then.
    """
    begun = time.monotonic()
    columns = _header(path)
    with connect(conninfo, APPLICATION) as session:
        leave_when_killed(session)
        table = find(catalog_of(session), name)
        if table is None:
            raise Refused(f"{described(conninfo)} has no table {name}. Nothing was done.")
        _check(path, columns, table)
        names = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
        copy = sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv, HEADER true)").format(table.identifier, names)
        with path.open("rb") as file, all_or_nothing(session, str(path), "No row was loaded."), session.cursor() as cursor:
            prepare(session)
            lock(session, table.identifier)
            if not append and not empty(session, table):
                raise Refused(f"{table.full} has rows already: --append adds to them. Nothing was done.")
            _skip_mark(file)
            with cursor.copy(copy) as rows:
                while block := file.read(BLOCK):
                    rows.write(block)
            count = cursor.rowcount
            set_sequences(session, table)
            analyze(session, [table], say)
    return Loaded(table=table.full, columns=columns, rows=count, seconds=round(time.monotonic() - begun, 3))


def _header(path: Path) -> tuple[str, ...]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            found = tuple(next(csv.reader(file), ()))
    except FileNotFoundError:
        raise Refused(f"There is no file {path}.") from None
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Refused(f"{path} cannot be read as CSV in UTF-8: {type(error).__name__}.") from None
    if not found or len(set(found)) < len(found):
        raise Refused(f"The first line of {path} must name the columns, each once.")
    return found


def _check(path: Path, columns: tuple[str, ...], table: Table) -> None:
    unknown = [column for column in columns if column not in table.columns]
    missing = [column.name for column in table.columns.values() if column.required and column.name not in columns]
    if unknown:
        raise Refused(
            f"The first line of {path} names {', '.join(unknown)}, and {table.full} has no such column (it has: "
            f"{', '.join(table.columns)}). Nothing was done."
        )
    if missing:
        raise Refused(f"{table.full} needs a value for {', '.join(missing)}, which {path} does not have. Nothing was done.")


def _skip_mark(file: BinaryIO) -> None:
    """The byte order mark that spreadsheets write."""
    if file.read(len(codecs.BOM_UTF8)) != codecs.BOM_UTF8:
        file.seek(0)
