"""A drill: restore the newest backup to a scratch place, look at it closely, measure, and leave nothing behind.

A dump goes into a scratch database, a snapshot into a new instance. Where both are to be had, the dump is restored on the
snapshot's instance, so that the real server has nothing of it. What a killed drill left is deleted by the next one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime

import psycopg

from operations.backup.manifest import newest_good
from operations.backup.store import BackupStore
from operations.cloud.contract import Copy, DatabaseControl, Snapshot
from operations.connection import connect
from operations.drill.evidence import Evidence
from operations.drill.integrity import verify
from operations.errors import OperationError
from operations.restore import APPLICATION, logical
from operations.restore.check import Checked, against, look
from operations.restore.contents import Superuser
from operations.restore.logical import Say, Teller
from operations.restore.names import beside
from operations.restore.server import Server, server_of


@dataclass(frozen=True, kw_only=True)
class Drill:
    """What to restore and where. *store* None: no dump. *control* None: no snapshot."""

    conninfo: str
    """Of the real database, as its owner."""
    store: BackupStore | None
    control: DatabaseControl | None
    prefix: str
    """``<app>-<environment>``."""
    superuser: Superuser | None
    """Of the real server."""
    say: Say

    def run(self) -> list[Evidence]:
        """Raises Refused while another drill of the database is at work, OperationError where a backup cannot be restored."""
        with server_of(self.conninfo) as server, server.alone("drill"):
            self._sweep(server)
            if self.control is None:
                assert self.store is not None
                server.require_rights(replaces=False)
                return [self._dump(server, self.store, server.database, self.superuser)]
            live = self._live()
            with self._instance(self.control) as (snapshot, copy, seconds):
                login = self.control.login(copy)
                found = [self._look(server.database, login, snapshot, live, seconds)]
                if self.store is not None:
                    with server_of(login) as other:
                        found.append(self._dump(other, self.store, server.database, None))
            return found

    def _sweep(self, server: Server) -> None:
        """The lock proves that nobody works with them."""
        for left in server.beside("drill"):
            self.say(f"Dropping {left.name}, which a drill left that did not end.")
            server.drop(left.name)
        for copy in self.control.copies("drill") if self.control else ():
            self.say(f"Deleting the instance {copy.name}, which a drill left that did not end.")
            assert self.control is not None
            self.control.delete_copy(copy.name, self.say)

    def _dump(self, server: Server, store: BackupStore, database: str, superuser: Superuser | None) -> Evidence:
        backup = newest_good(store.sets(), database)
        if backup is None:
            raise OperationError(f"There is no good backup of {database} in {store.where}: `backup create` makes one.")
        scratch = beside(server.database, "drill", datetime.now(UTC))
        client = logical.client_for(server, backup)
        self.say(f"Restoring {backup.key} to {scratch} on {server.address} ...")
        began = time.monotonic()
        with _gone_after(lambda: server.drop(scratch)):
            checked, _ = logical.fill(server, scratch, client, store, backup, self.say, superuser)
            seconds = time.monotonic() - began
            if checked.doubts:
                raise OperationError(f"{backup.key} was restored, and should be looked at: {'; '.join(checked.doubts)}.")
            with connect(server.at(scratch), APPLICATION) as inside:
                indexes = verify(inside, superuser, Teller(server, scratch, self.say).tick)
        return _evidence(database, "dump", backup.key, backup.manifest.started, checked, indexes, seconds)

    @contextmanager
    def _instance(self, control: DatabaseControl) -> Iterator[tuple[Snapshot, Copy, float]]:
        """The newest snapshot as an instance of its own, and how long that took. It is deleted at the end."""
        snapshot = next((one for one in control.snapshots() if one.ready), None)
        if snapshot is None:
            raise OperationError("There is no snapshot to restore: `snapshot create` makes one; `--source dump` tries a dump.")
        name = f"{self.prefix}-drill-{datetime.now(UTC):%Y%m%d-%H%M%S}"
        self.say(f"Restoring the snapshot {snapshot.id} to the instance {name} ...")

        def delete() -> None:
            if any(one.name == name for one in control.copies("drill")):
                self.say(f"Deleting the instance {name} ...")
                control.delete_copy(name, self.say)

        began = time.monotonic()
        with _gone_after(delete):
            copy = control.restore_snapshot(snapshot.id, name, "drill", self.say)
            yield snapshot, copy, time.monotonic() - began

    def _live(self) -> Checked:
        """Tables and migration of the real database, its rows not counted."""
        with connect(self.conninfo, APPLICATION) as session:
            return look(session, count=False)

    def _look(self, database: str, login: str, snapshot: Snapshot, live: Checked, seconds: float) -> Evidence:
        with server_of(login) as server, connect(login, APPLICATION) as inside:
            teller = Teller(server, inside.info.dbname, self.say)
            checked = look(inside, teller.tick)
            problems = []
            if live.migration is not None and checked.migration is None:
                problems.append(f"it has no migrations, and {database} has {live.migration_name}")
            elif live.migration == checked.migration:  # another one may have made tables since
                problems += against(checked, live.migration, dict.fromkeys(live.tables, 0)).problems
            if problems:
                raise OperationError(f"The snapshot {snapshot.id} was restored, and is not whole: {'; '.join(problems)}.")
            indexes = verify(inside, None, teller.tick)
        return _evidence(database, "snapshot", snapshot.id, snapshot.created, checked, indexes, seconds)


@contextmanager
def _gone_after(remove: Callable[[], None]) -> Iterator[None]:
    """*remove* at the end, whatever happens. What went wrong before is the better reason than what goes wrong then."""
    try:
        yield
    except BaseException:
        with suppress(OperationError, psycopg.Error):
            remove()
        raise
    remove()


def _evidence(
    database: str, source: str, backup: str, taken: datetime, checked: Checked, indexes: int | None, seconds: float
) -> Evidence:
    return Evidence(
        database=database,
        source="dump" if source == "dump" else "snapshot",
        backup=backup,
        taken_at=taken.astimezone(UTC),
        restored_at=datetime.now(UTC),
        migration=checked.migration_name,
        tables=len(checked.tables),
        rows_checked=checked.rows,
        indexes_checked=indexes,
        seconds=seconds,
    )
