"""Rows that Python has read, into a table and back: what SQLite and dumpdata share."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from psycopg import Copy, sql

from operations.connection import Session
from operations.data_move.catalog import Table
from operations.data_move.fingerprint import Fingerprint
from operations.data_move.values import canonical, convert, readable
from operations.errors import OperationError

_numbers = itertools.count()


def feed(rows: Iterator[Sequence[Any]], target: Table, columns: Sequence[str], copy: Copy) -> Fingerprint:
    """Writes *rows*, whose values are those of *columns*. Raises OperationError naming row and column, and no value."""
    kinds = [target.columns[column].type for column in columns]
    mark = Fingerprint()
    for row in rows:
        made = []
        for column, kind, value in zip(columns, kinds, row, strict=True):
            try:
                made.append(convert(kind, value))
            except (ValueError, OverflowError, TypeError) as error:
                raise OperationError(
                    f"{target.full}, row {mark.rows + 1}: {column} is {kind}, and the value there is none of that "
                    f"({_reason(error)}). Mend it in the source; nothing was moved."
                ) from None
        copy.write_row(made)
        mark.add(_text(kinds, made))
    return mark


def read_back(session: Session, target: Table, columns: Sequence[str]) -> Fingerprint:
    """The rows of *target*, through a cursor of the server: memory is constant. *session* is in a transaction."""
    kinds = [target.columns[column].type for column in columns]
    chosen = [
        sql.Identifier(column) if readable(kind) else sql.SQL("{}::text").format(sql.Identifier(column))
        for column, kind in zip(columns, kinds, strict=True)
    ]
    mark = Fingerprint()
    with session.cursor(f"read_back_{next(_numbers)}") as cursor:
        cursor.itersize = 2000
        for row in cursor.execute(sql.SQL("SELECT {} FROM {}").format(sql.SQL(", ").join(chosen), target.identifier)):
            mark.add(_text(kinds, row))
    return mark


def _text(kinds: Sequence[str], row: Sequence[Any]) -> bytes:
    return repr([canonical(kind, value) for kind, value in zip(kinds, row, strict=True)]).encode(errors="surrogatepass")


def _reason(error: Exception) -> str:
    """Python's own sentences quote the value; ours, which begin otherwise, do not."""
    text = str(error)
    return text if text in _OURS or text.startswith("text with") else type(error).__name__


_OURS = frozenset({"no truth value", "a fraction", "no number", "neither bytes nor base64"})
