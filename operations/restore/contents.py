"""What is in a dump, by ``pg_restore --list``, and which of it the restoring user can make."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from typing import BinaryIO

import psycopg
from psycopg import sql

from operations.backup.pg_client import Client
from operations.connection import Session
from operations.errors import OperationError
from operations.restore.server import said

CHUNK = 1 << 16
Superuser = Callable[[str], AbstractContextManager[Session]]
"""Opens a superuser's session to the database of that name: a server of this machine lets us, no cloud does."""

_ENTRY = re.compile(r"\d+; \d+ \d+ (?P<kind>ACL|EXTENSION|COMMENT) (?P<rest>.*)")


@dataclass(frozen=True, kw_only=True)
class Contents:
    """The lines of the list. *left* says what of the dump was left out of it, and why."""

    lines: tuple[str, ...]
    left: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """Entries, as the manifest of a backup counts them."""
        return sum(1 for line in self.lines if line and not line.startswith(";"))


def contents_of(client: Client, dump: BinaryIO) -> Contents:
    """Reads as much of *dump* as its list needs. Raises OperationError for what is no dump, or newer than *client* can read."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        command = [str(client.pg_restore), "--list"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=out, stderr=errors, bufsize=0) as listing:
            assert listing.stdin is not None
            with suppress(BrokenPipeError):  # the list comes first in a dump: it soon has heard enough
                while data := dump.read(CHUNK):
                    listing.stdin.write(data)
        out.seek(0)
        errors.seek(0)
        if listing.returncode:
            text = " ".join(errors.read().decode(errors="replace").split())
            raise OperationError(f"The backup cannot be read: {text or f'pg_restore ended with {listing.returncode}'}.")
        # in the dump's encoding, whatever that is; and only "\n" ends a line, not what Unicode calls one in a name
        return Contents(lines=tuple(out.read().decode(errors="surrogateescape").split("\n")))


def allowed(contents: Contents, inside: Session, superuser: Superuser | None) -> Contents:
    """*contents* without what the user of *inside*, a session to the new database, may not make.

    That is: extensions that need a superuser (made by *superuser* where there is one), comments on extensions, and rights on
    objects of extensions, which belong to others. Raises OperationError.
    """
    lines: list[str] = []
    left: list[str] = []
    foreign: dict[str, bool] = dict(inside.execute("SELECT rolname, NOT pg_has_role(oid, 'USAGE') FROM pg_roles").fetchall())
    for line in contents.lines:
        entry = _ENTRY.match(line)
        words = entry["rest"].split() if entry else []
        match entry and entry["kind"]:
            case "EXTENSION" if not _may_make(inside, words[1]):
                if superuser is None:
                    left.append(f"the extension {words[1]} needs a superuser and was not made (CREATE EXTENSION {words[1]})")
                    continue
                with said(f"Cannot make the extension {words[1]}"), superuser(inside.info.dbname) as root:
                    root.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(words[1])))
            case "COMMENT" if words[1] == "EXTENSION":
                pass
            case "ACL" if foreign.get(words[-1], False):
                pass
            case _:
                lines.append(line)
    return Contents(lines=tuple(lines), left=tuple(left))


def _may_make(inside: Session, extension: str) -> bool:
    """Tried and rolled back: what a cloud lets its administrators make is written nowhere."""
    with inside.transaction(force_rollback=True):
        try:
            inside.execute(sql.SQL("CREATE EXTENSION {}").format(sql.Identifier(extension)))
        except psycopg.errors.InsufficientPrivilege:
            return False
        except psycopg.Error:  # it needs another one, or a schema that is not there yet: pg_restore will have it
            return True
    return True
