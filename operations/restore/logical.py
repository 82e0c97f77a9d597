"""A dump into a new database beside the old one, checked, and only then swapped in. Until the swap the old one is untouched.

Killed at any moment and run again it begins anew, or, where all was loaded and checked, goes on with the swap.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg
from psycopg import sql

from operations.backup.manifest import BackupSet, newest_good
from operations.backup.pg_client import Client, find_client
from operations.backup.store import BackupStore
from operations.connection import Session, connect
from operations.console import count, seconds
from operations.errors import OperationError, Refused
from operations.restore import APPLICATION, beside
from operations.restore.check import Checked, against, look
from operations.restore.contents import Superuser
from operations.restore.load import Tick, load
from operations.restore.names import beside as name_beside
from operations.restore.readers import end_sessions
from operations.restore.server import Found, Server, said
from operations.restore.swap import swap

TELL_SECONDS = 15.0
"""A line of progress so often."""

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What a restore did. *kept* is the name of the database that was replaced; None where there was none."""

    backup: BackupSet
    kept: str | None
    checked: Checked
    warnings: tuple[str, ...]
    seconds: float


def choose(store: BackupStore, database: str, key: str | None) -> BackupSet:
    """The set *key* (``daily/<name>`` or a name), by default the newest good one of *database*. Raises Refused."""
    sets = store.sets()
    if key is None:
        found = newest_good(sets, database)
        if found is None:
            raise Refused(f"There is no good backup of {database} in {store.where}: `restore list` shows what there is.")
        return found
    named = [one for one in sets if key in (one.key, one.manifest.name, one.manifest.name.removesuffix(".dump"))]
    if not named:
        raise Refused(f"There is no backup {key} in {store.where}: `restore list` shows what there is.")
    best = newest_good(named)  # a name may mean the daily set and its monthly twin
    if best is None:
        raise Refused(f"{named[0].key} cannot be restored: {named[0].problem}; choose another one by `restore list`.")
    return best


def target(server: Server, backup: BackupSet) -> list[str]:
    """What would be replaced by what, a line each, for the question before."""
    made = backup.manifest
    rows = sum(made.row_estimates.values())
    there = server.find(server.database)
    holds = f"{megabytes(there.size)}; {count(there.sessions, 'session')}, to be ended" if there else "is not there now"
    lines = [
        f"Restores {backup.key} of {made.started:%Y-%m-%d %H:%M:%S} UTC ({made.database}, {megabytes(made.bytes)} packed, "
        f"about {rows:,} rows, migration {made.migration_version})",
        f"in the place of the database {server.database} on {server.address} ({holds}).",
    ]
    return [*lines, "What is there now is kept beside it until `restore drop-old`."] if there else lines


def client_for(server: Server, backup: BackupSet) -> Client:
    """A pg_restore that both the dump and the server can do with. Raises Refused where the server is older than the dump's."""
    made = backup.manifest
    if _major(made.server_version) > server.version // 10000:
        raise Refused(
            f"{backup.key} was made of PostgreSQL {made.server_version}, and {server.address} is PostgreSQL "
            f"{server.version // 10000}: restore it on a server of at least that version."
        )
    return find_client(max(server.version, _major(made.client_version) * 10000))


def restore(
    server: Server,
    store: BackupStore,
    backup: BackupSet,
    say: Say,
    *,
    superuser: Superuser | None = None,
    readers: Sequence[str] = (),
) -> Restored:
    """Puts *backup* in the place of the server's database; *readers* are the hosts that also serve it.

    Raises Refused, nothing done; OperationError, nothing changed.
    """
    began = time.monotonic()
    client = client_for(server, backup)
    with server.alone("restored"):
        server.require_rights(replaces=server.find(server.database) is not None)
        new = _taken_up(server, backup, say)
        left: list[str] = []
        if new is not None:
            with connect(server.at(new), APPLICATION) as inside:
                checked = check(inside, backup)
        else:
            new = name_beside(server.database, "restored", datetime.now(UTC))
            say(f"Loading {backup.key} into {new} ...")
            try:
                checked, left = fill(server, new, client, store, backup, say, superuser)
            except BaseException:
                with suppress(OperationError, psycopg.Error):  # the reason is the other one; the next run drops it
                    server.drop(new)
                raise
        kept = _swap(server, new, say)
        if kept is not None:
            left += end_sessions(server, readers, kept)
        return Restored(
            backup=backup,
            kept=kept,
            checked=checked,
            warnings=(*left, *checked.doubts),
            seconds=time.monotonic() - began,
        )


def fill(
    server: Server, new: str, client: Client, store: BackupStore, backup: BackupSet, say: Say, superuser: Superuser | None
) -> tuple[Checked, list[str]]:
    """Makes the database *new* of *backup*, checked, with statistics and rights; also says what a superuser would have to add.

    Raises OperationError; *new* may be there then.
    """
    beside.create(server, new)
    teller = Teller(server, new, say)
    with connect(server.at(new), APPLICATION) as inside:
        inside.execute("SET statement_timeout = 0")  # ANALYZE takes its time
        inside.execute("SET idle_session_timeout = 0")  # it waits while the dump is loaded
        contents = load(client, server.at(new), inside, store, backup, superuser, teller.tick)
        checked = check(inside, backup, teller.tick)
        with said(f"Cannot gather statistics in {new}"):
            inside.execute("ANALYZE")
        left = [*contents.left, *beside.equip(server, new, inside)]
    _comment(server, new, _checked_mark(backup))
    return checked, left


def check(inside: Session, backup: BackupSet, tick: Tick = lambda: None) -> Checked:
    """The database of *inside* against the manifest. Raises OperationError where it is not what was backed up."""
    checked = against(look(inside, tick), backup.manifest.migration_version, backup.manifest.row_estimates)
    if checked.problems:
        raise OperationError(f"{backup.key} was restored, and is not what its manifest says: {'; '.join(checked.problems)}.")
    return checked


class Teller:
    """Says now and then how large a database has become."""

    def __init__(self, server: Server, name: str, say: Say) -> None:
        self._server, self._name, self._say = server, name, say
        self._began = self._told = time.monotonic()

    def tick(self) -> None:
        now = time.monotonic()
        if now - self._told >= TELL_SECONDS:
            self._told = now
            found = self._server.find(self._name)
            self._say(f"  {self._name}: {megabytes(found.size if found else 0)} after {seconds(now - self._began)}")


def megabytes(size: int) -> str:
    """``12.3 MB``."""
    return f"{size / 1e6:,.1f} MB"


def _taken_up(server: Server, backup: BackupSet, say: Say) -> str | None:
    """The database that an earlier run has loaded and checked; what else it left is dropped."""
    taken = None
    for found in server.beside("restored"):
        if taken is None and _comment_of(server, found.name) == _checked_mark(backup):
            taken = found.name
            say(f"{taken} is of a run that did not end, whole and checked: going on with it.")
        else:
            say(f"Dropping {found.name}, which a run left that did not end.")
            server.drop(found.name)
    return taken


def _swap(server: Server, new: str, say: Say) -> str | None:
    old: Found | None = server.find(server.database)
    kept = name_beside(server.database, "before", datetime.now(UTC))
    comment = _comment_of(server, server.database)
    say(f"Renaming {new} to {server.database} ...")
    try:
        swap(server, new=new, kept=kept)
    except OperationError as error:
        raise OperationError(f"{error} {new} is whole and checked, and the next run goes on with it.") from None
    _comment(server, server.database, comment)
    return kept if old else None


def _checked_mark(backup: BackupSet) -> str:
    return f"restored from {backup.manifest.name} ({backup.manifest.sha256}) and checked"


def _comment(server: Server, name: str, text: str | None) -> None:
    with said(f"Cannot comment on the database {name}"):
        server.session.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(sql.Identifier(name), text))


def _comment_of(server: Server, name: str) -> str | None:
    query = "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s"
    row = server.session.execute(query, [name]).fetchone()
    return row[0] if row else None


def _major(version: str) -> int:
    return int(version.partition(".")[0].rstrip("abcdefghijklmnopqrstuvwxyz") or 0)
