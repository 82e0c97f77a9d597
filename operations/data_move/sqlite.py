"""Rows of a SQLite file."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Self

from psycopg import Copy

from operations.connection import Session
from operations.data_move import rows
from operations.data_move.catalog import Catalog, Table
from operations.data_move.fingerprint import Fingerprint
from operations.data_move.sequences import Position
from operations.errors import OperationError, Refused

_TABLES = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"


class SqliteSource:
    """The file as it is when the first table is read: a writer that comes later is not seen."""

    def __init__(self, file: sqlite3.Connection, where: str) -> None:
        self._file, self.where = file, where

    @classmethod
    @contextmanager
    def opened(cls, path: Path) -> Iterator[Self]:
        """Only for reading. Raises Refused where it is no SQLite file, OperationError where it cannot be read on."""
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)) as file:
            try:
                file.execute("BEGIN")
                file.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            except sqlite3.Error as error:
                raise Refused(f"{path} cannot be read as a SQLite file: {error}.") from None
            try:
                yield cls(file, str(path))
            except sqlite3.Error as error:
                raise OperationError(f"{path} could not be read: {error}. Nothing was moved.") from None

    def tables(self, catalog: Catalog) -> Mapping[str, Sequence[str]]:
        names = [name for (name,) in self._file.execute(_TABLES).fetchall()]
        return {name: self._columns(name) for name in names if self.count(name)}

    def positions(self, names: Collection[str]) -> Mapping[str, Position]:
        return {}

    def count(self, table: str) -> int:
        return int(self._file.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])

    def feed(self, table: str, target: Table, columns: Sequence[str], copy: Copy) -> Fingerprint:
        # by position: the target's names may differ in case
        own = {name.lower(): name for name in self._columns(table)}
        chosen = ", ".join(_quoted(own[column.lower()]) for column in columns)
        return rows.feed(iter(self._file.execute(f"SELECT {chosen} FROM {_quoted(table)}")), target, columns, copy)

    def read_back(self, session: Session, target: Table, columns: Sequence[str]) -> Fingerprint:
        return rows.read_back(session, target, columns)

    def _columns(self, table: str) -> list[str]:
        return [row[1] for row in self._file.execute(f"PRAGMA table_info({_quoted(table)})").fetchall()]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
