"""Where rows come from: the contract of a source, and which one an address means."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from psycopg import Copy

from operations.connection import Session
from operations.data_move.catalog import Catalog, Table
from operations.data_move.fingerprint import Fingerprint
from operations.data_move.sequences import Position
from operations.errors import Refused

POSTGRES = ("postgresql://", "postgres://")
SQLITE = "sqlite:///"


class Source(Protocol):
    """A consistent state of some rows. Failures are OperationError with one sentence that shows no value."""

    where: str
    """For messages; no password."""

    def tables(self, catalog: Catalog) -> Mapping[str, Sequence[str]]:
        """Its tables that hold rows, by name, and their columns. *catalog* is the target's."""

    def positions(self, names: Collection[str]) -> Mapping[str, Position]:
        """How far its sequences among *names* are; files have none. Raises OperationError where that may not be read."""

    def count(self, table: str) -> int:
        """Rows of its table *table*."""

    def feed(self, table: str, target: Table, columns: Sequence[str], copy: Copy) -> Fingerprint:
        """Writes *columns* of all rows of its *table* to *copy*, which fills *target*; what was written."""

    def read_back(self, session: Session, target: Table, columns: Sequence[str]) -> Fingerprint:
        """What *target* holds now, measured as :meth:`feed` measures."""


def open_source(address: str, secret: str | None, environ: Mapping[str, str]) -> AbstractContextManager[Source]:
    """``sqlite:///file`` (four slashes: from the root), ``postgresql://user@host/database``, or a file ``*.json`` of dumpdata.

    *secret*: id of the secret with user and password, else libpq's own ways hold (PGPASSWORD, PGPASSFILE, ~/.pgpass). Raises
    Refused for an address of another form, a file that is missing, and a password in the address.
    """
    if address.startswith(POSTGRES):
        from operations.data_move.postgres import PostgresSource, conninfo_from

        return PostgresSource.opened(conninfo_from(address, secret, environ))
    if secret is not None:
        raise Refused("--from-secret goes with a postgresql:// address only.")
    if address.startswith(SQLITE):
        from operations.data_move.sqlite import SqliteSource

        return SqliteSource.opened(_file(address.removeprefix(SQLITE)))
    if address.endswith(".json"):
        from operations.data_move.dumpdata import DumpData

        return DumpData.opened(_file(address))
    raise Refused(
        f"--from takes sqlite:///FILE, postgresql://USER@HOST/DATABASE or a FILE.json of dumpdata, not {_shown(address)}."
    )


def is_postgres(address: str) -> bool:
    return address.startswith(POSTGRES)


def _file(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise Refused(f"There is no file {path}.")
    return path


def _shown(address: str) -> str:
    """Without what may be a password."""
    return repr(address.rpartition("@")[2])
