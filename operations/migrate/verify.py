"""Whether the migrations can be applied: to the database as it is, and to an empty one beside it that is dropped afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from operations.connection import connect
from operations.console import count
from operations.migrate.files import MigrationError, read_files
from operations.migrate.runner import APPLICATION, migrate, status
from operations.restore import beside
from operations.restore.names import beside as name_beside
from operations.restore.server import Server, said, server_of

if TYPE_CHECKING:
    from operations.restore.contents import Superuser

_EXTENSIONS = "SELECT extname FROM pg_extension WHERE extname <> 'plpgsql' ORDER BY extname"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Verified:
    """*files* that can all be applied, of which the database lacks *pending*; *seconds* that all of them took on an empty one."""

    files: int
    pending: tuple[str, ...]
    seconds: float


def verify(conninfo: str, directory: Path, say: Say, superuser: Superuser | None = None) -> Verified:
    """Compares names and checksums with the database's records, then applies all files to a new database of the same server.

    *conninfo*: of the database's owner. *superuser* makes the extensions that the database has and its owner may not make.
    The database itself is only read. Raises MigrationError naming file and line, Refused where the owner may make no databases.
    """
    files = read_files(directory)
    for file in files:
        file.check()
    found = status(conninfo, directory)
    if found.problem:
        raise MigrationError(found.problem)
    with server_of(conninfo) as server, server.alone("verify"):
        server.require_rights(replaces=False)
        for left in server.beside("verify"):
            say(f"Dropping {left.name}, which a run left that did not end.")
            server.drop(left.name)
        name = name_beside(server.database, "verify", datetime.now(UTC))
        say(f"Applying {count(len(files), 'file')} to the empty database {name} ...")
        begun = time.monotonic()
        try:
            beside.create(server, name)
            _extensions(server, name, superuser)
            _apply_twice(server.at(name), directory, say)
        finally:
            server.drop(name)
    return Verified(
        files=len(files), pending=tuple(entry.name for entry in found.pending), seconds=round(time.monotonic() - begun, 3)
    )


def _apply_twice(conninfo: str, directory: Path, say: Say) -> None:
    migrate(conninfo, directory, progress=lambda line: say(f"  {line}"))
    again = migrate(conninfo, directory)
    if again.applied:
        raise MigrationError(f"{again.applied[0].name} was applied twice: it removes records from public.schema_migrations")


def _extensions(server: Server, name: str, superuser: Superuser | None) -> None:
    """Those of the database. Where there is no superuser the migrations have to make theirs, as on the clouds."""
    if superuser is None:
        return
    with said(f"Cannot make the extensions of {server.database}"), connect(server.conninfo, APPLICATION) as there:
        wanted = [extension for (extension,) in there.execute(_EXTENSIONS).fetchall()]
    with said(f"Cannot make an extension in {name}"), superuser(name) as root:
        for extension in wanted:
            _make(root, extension)


def _make(root: psycopg.Connection[tuple[object, ...]], extension: str) -> None:
    root.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {} CASCADE").format(sql.Identifier(extension)))
