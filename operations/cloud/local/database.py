"""The database of a local stack: its nodes, base backups as snapshots, and copies beside it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from components.local.host.errors import LocalError, Refusal
from components.local.host.postgres import copies, snapshots, takeover
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.copies import LocalCopy
from components.local.host.postgres.server import Server
from components.local.host.postgres.snapshots import BaseBackup
from operations.cloud.contract import Copy, Member, Purpose, Say, Snapshot, Window
from operations.cloud.local import login, members
from operations.errors import OperationError, Refused


class LocalDatabase:
    """``DatabaseControl`` of a cluster on this machine."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        """Raises Refused where the cluster that the stack put out is gone."""
        self._app, self._prefix = str(handles["app"]), str(handles["prefix"])
        self._cluster = Cluster(directory=Path(handles["database"]["cluster"]))
        if not self._cluster.directory.exists():
            raise Refused(
                f"The database is gone: there is no {self._cluster.directory}. Bring the stack up again with `make up`."
            )

    def members(self) -> list[Member]:
        return members.members(self._cluster)

    def snapshots(self) -> list[Snapshot]:
        with _sentences():
            return [_snapshot(backup) for backup in snapshots.found(self._cluster)]

    def window(self) -> Window | None:
        return None

    def create_snapshot(self, name: str, say: Say) -> Snapshot:
        with _sentences():
            say(f"copying the primary to the snapshot {name}")
            return _snapshot(snapshots.take(self._cluster, name))

    def delete_snapshot(self, snapshot: str) -> None:
        with _sentences():
            snapshots.delete(self._cluster, snapshot)

    def restore_snapshot(self, snapshot: str, name: str, purpose: Purpose, say: Say) -> Copy:
        self._require_own(name, purpose)
        with _sentences():
            say(f"restoring the snapshot {snapshot} to {name}")
            return _copy(copies.restore(self._cluster, snapshot, name, purpose))

    def restore_moment(self, moment: datetime, name: str, purpose: Purpose, say: Say) -> Copy:
        raise Refused(
            "A local database keeps no archive of its changes, so it cannot be restored to a moment: "
            "restore a snapshot or the newest dump from before it."
        )

    def login(self, copy: Copy) -> str:
        with _sentences():
            return login.owner(self._cluster, self._one(copy.name), self._app)

    def copies(self, purpose: Purpose) -> list[Copy]:
        with _sentences():
            return [_copy(copy) for copy in self._found() if copy.purpose == purpose]

    def delete_copy(self, name: str, say: Say) -> None:
        with _sentences():
            copy = self._one(name)
            say(f"deleting {copy.name}")
            copies.delete(self._cluster, copy.name)

    def failover(self, target: str | None, say: Say) -> None:
        with _sentences(), self._cluster.lock():
            takeover.fail_over(self._cluster, self._heir(target), say)

    def switchover(self, target: str | None, say: Say) -> None:
        with _sentences(), self._cluster.lock():
            takeover.switch_over(self._cluster, self._heir(target), say)

    def settle(self, say: Say) -> bool:
        """None outlives its command: what was cut off is there to be done anew."""
        return False

    def promote(self, target: str, say: Say) -> None:
        with _sentences():
            begun = self._begun(target)
            name = begun[0] if begun else f"{self._prefix}-restore-{target}-{datetime.now(UTC):%Y%m%d%H%M%S}"
            say(f"{target} leaves the cluster and becomes {name}")
            copy = copies.detach(self._cluster, self._node(target), name)
            say(f"{copy.name} takes writes at {copies.ADDRESS}:{copy.port}, with the same logins; its CA is {copy.cluster.ca}")

    def leaving(self, reader: str) -> bool:
        with _sentences():
            return bool(self._begun(reader))

    def alarms(self) -> list[str]:
        """Servers that are not well. The thresholds of the stack file are asked for by SQL, see ``operations.alarms``."""
        return [f"{member.name} ({member.role}) is {member.state}" for member in self.members() if not member.healthy]

    def _begun(self, reader: str) -> list[str]:
        """What *reader* was to become when a promotion was cut off."""
        return [copy.name for copy in self._found() if copy.source == reader and copy.state == "unfinished"]

    def _heir(self, target: str | None) -> Server:
        if target is not None:
            return self._node(target)
        readers = [member for member in self.members() if member.role == "reader" and member.healthy]
        if not readers:
            raise Refused(
                "No healthy reader is there to take over: bring one back, or add one by database.readers, with `make up`."
            )
        return max((self._node(member.name) for member in readers), key=members.received)

    def _node(self, name: str) -> Server:
        servers = {server.spec.node: server for server in self._cluster.servers()}
        if name not in servers:
            raise Refused(f"The database has no server {name!r}: it has {', '.join(servers) or 'none'}.")
        return servers[name]

    def _found(self) -> list[LocalCopy]:
        return [copy for copy in copies.found(self._cluster) if copy.name.startswith(f"{self._prefix}-{copy.purpose}-")]

    def _one(self, name: str) -> LocalCopy:
        for copy in self._found():
            if copy.name == name:
                return copy
        raise Refused(f"There is no copy {name!r} of this database: {', '.join(copy.name for copy in self._found()) or 'none'}.")

    def _require_own(self, name: str, purpose: Purpose) -> None:
        if not name.startswith(f"{self._prefix}-{purpose}-"):
            raise Refused(f"The name of a copy for a {purpose} begins with {self._prefix}-{purpose}-; {name!r} does not.")


def _snapshot(backup: BaseBackup) -> Snapshot:
    size = backup.bytes / 2**30
    return Snapshot(id=backup.name, created=backup.created, automated=False, ready=True, encrypted=False, size_gib=size)


def _copy(copy: LocalCopy) -> Copy:
    return Copy(
        name=copy.name,
        purpose=copy.purpose,
        created=copy.created,
        state=copy.state,
        ready=copy.ready,
        host=copies.ADDRESS,
        port=copy.port,
    )


@contextmanager
def _sentences() -> Iterator[None]:
    """The host's errors are sentences already; here they become operations' own."""
    try:
        yield
    except Refusal as error:
        raise Refused(str(error)) from None
    except LocalError as error:
        raise OperationError(str(error)) from None
