"""The database of a stack on Cloud SQL: what may be done to it, waited for, and taken up again after it was cut off."""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations import role_names
from operations.cloud.contract import Copy, Member, Purpose, Say, Snapshot, Window
from operations.cloud.copies import SWITCH_SECONDS, Copies, new_password, require_moment
from operations.cloud.gcp import monitoring
from operations.cloud.gcp.backups import Backups
from operations.cloud.gcp.calls import GcpRefused
from operations.cloud.gcp.restoring import LONGEST, Restoring, address, refuse_unreachable
from operations.cloud.gcp.sql import CloudSqlAdmin, Instance, under_way
from operations.cloud.wait import wait_until
from operations.connection import conninfo_of
from operations.errors import Refused

JOB = {"DB_PASSWORD", "DB_SECRET_ID"}
"""One of these is set where the owner's own login is at hand."""


class GcpDatabase:
    """Fills :class:`operations.cloud.contract.DatabaseControl` for Cloud SQL."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._handles, self._id, self._project = handles, str(handles["database"]["id"]), str(handles["project"])
        self._sql = CloudSqlAdmin(self._project)
        self._copies = Copies.of(handles)
        self._backups = Backups(self._sql, self._id)
        self._restoring = Restoring(self._sql, self._copies)

    def members(self) -> list[Member]:
        primary = self._sql.require(self._id)
        replicas = [self._sql.require(name) for name in sorted(primary.get("replicaNames", ()))]
        behind = monitoring.lags(self._project, [str(one["name"]) for one in replicas])
        return [_member(one, writes=one is primary, lag=behind.get(one["name"])) for one in (primary, *replicas)]

    def snapshots(self) -> list[Snapshot]:
        return self._backups.all()

    def window(self) -> Window | None:
        if not self._sql.require(self._id)["settings"].get("backupConfiguration", {}).get("pointInTimeRecoveryEnabled"):
            return None
        times = self._sql.recovery_times(self._id)
        earliest, latest = times.get("earliestRecoveryTime"), times.get("latestRecoveryTime")
        if not earliest or not latest:
            return None
        return Window(earliest=datetime.fromisoformat(earliest), latest=datetime.fromisoformat(latest))

    def create_snapshot(self, name: str, say: Say) -> Snapshot:
        return self._backups.create(name, say)

    def delete_snapshot(self, snapshot: str) -> None:
        self._backups.delete(snapshot)

    def restore_snapshot(self, snapshot: str, name: str, purpose: Purpose, say: Say) -> Copy:
        self._copies.check(name, purpose, longest=LONGEST)
        run = self._backups.run(snapshot)
        if run["status"] != "SUCCESSFUL":
            raise Refused(f"snapshot {snapshot} is not ready yet: wait for it, or take another one")
        refuse_unreachable(self._sql.require(self._id))
        return self._restoring.from_backup(run, snapshot, name, purpose, say)

    def restore_moment(self, moment: datetime, name: str, purpose: Purpose, say: Say) -> Copy:
        self._copies.check(name, purpose, longest=LONGEST)
        wanted = require_moment(self._id, self.window(), moment)
        refuse_unreachable(self._sql.require(self._id))
        return self._restoring.from_moment(wanted, f"{wanted:%Y-%m-%dT%H:%M:%SZ}", name, purpose, say)

    def login(self, copy: Copy) -> str:
        """The owner's own login where a job may not change the copy's users: its right is bound to copies by a condition, and
        Google promises such for instances and backups only. The copy has that login unless it was changed since."""
        found = self._restoring.require(copy.name, copy.purpose)
        user, password = role_names.admin_role(self._handles["app"]), new_password()
        what, right = f"give the owner of {copy.name} a password", "users.update"
        body = {"name": user, "password": password}
        try:
            done = self._sql.change(what, "PUT", copy.name, "users", right=right, body=body, query={"name": user})
            self._sql.wait(done, copy.name, lambda line: None, seconds=SWITCH_SECONDS)
        except GcpRefused as error:
            if error.status != 403 or not JOB & os.environ.keys():
                raise
            password = str(conninfo_to_dict(conninfo_of())["password"])
        return make_conninfo(
            "",
            host=address(found),
            port=5432,
            dbname=self._handles["database"]["name"],
            user=user,
            password=password,
            sslmode="verify-ca",  # its certificate does not carry the private address
            sslrootcert=str(_file_of(found["serverCaCert"]["cert"])),
        )

    def copies(self, purpose: Purpose) -> list[Copy]:
        return self._restoring.all(purpose)

    def delete_copy(self, name: str, say: Say) -> None:
        self._restoring.delete(name, say)

    def failover(self, target: str | None, say: Say) -> None:
        if target == self._id:
            say(f"{target} is the writer already")
            return
        if target:
            raise Refused(
                f"Cloud SQL makes no read replica the writer in place: leave out {target} and the standby takes over, "
                f"or make it a database of its own with `promote {target}`"
            )
        found = self._sql.require(self._id)
        if found["settings"].get("availabilityType") != "REGIONAL":
            raise Refused(f"{self._id} has no standby; set database.ha and bring the stack up, or `promote` a read replica")
        self._sql.once(
            f"fail {self._id} over",
            "FAILOVER",
            "POST",
            self._id,
            "failover",
            right="instances.failover",
            body={"failoverContext": {"settingsVersion": found["settings"]["settingsVersion"]}},
            counts=under_way,
            say=say,
            seconds=SWITCH_SECONDS,
        )
        self._runnable(self._id, say)

    def switchover(self, target: str | None, say: Say) -> None:
        if self.settle(say) and target is None:
            return
        state = self._sql.require(self._id)["state"]
        if state != "RUNNABLE":
            raise Refused(f"the writer {self._id} is {state}: nothing is sure to be kept; use `failover` if it is lost")
        # keeps everything: the standby has the same regional disk, and no transaction ends before it is on both sides
        self.failover(target, say)

    def settle(self, say: Say) -> bool:
        begun = next(filter(under_way, self._sql.operations(self._id, "FAILOVER")), None)
        if begun is None:
            return False
        self._sql.wait(begun, f"failover of {self._id}", say, seconds=SWITCH_SECONDS)
        self._runnable(self._id, say)
        return True

    def promote(self, target: str, say: Say) -> None:
        replicas = self._sql.require(self._id).get("replicaNames", ())
        found = self._replica(target)
        if found is None:
            known = f"its readers are {', '.join(sorted(replicas))}" if replicas else "it has no reader"
            raise Refused(f"{target} is no reader of {self._id}; {known}")
        if found.get("masterInstanceName"):
            self._sql.once(
                f"promote {target}",
                "PROMOTE_REPLICA",
                "POST",
                target,
                "promoteReplica",
                right="instances.promoteReplica",
                counts=under_way,
                say=say,
                seconds=SWITCH_SECONDS,
            )
        self._runnable(target, say)

    def leaving(self, reader: str) -> bool:
        found = self._replica(reader)
        if found is None:
            return False
        return not found.get("masterInstanceName") or any(map(under_way, self._sql.operations(reader, "PROMOTE_REPLICA")))

    def alarms(self) -> list[str]:
        return monitoring.firing(self._handles)

    def _replica(self, name: str) -> Instance | None:
        """The instance *name*, if it is or was a reader of this database."""
        return self._sql.get(name) if name.startswith(f"{self._id}-replica-") else None

    def _runnable(self, name: str, say: Say) -> None:
        def missing() -> str:
            state = str(self._sql.require(name)["state"])
            return "" if state == "RUNNABLE" else state.replace("_", " ").lower()

        wait_until(name, missing, say, seconds=SWITCH_SECONDS)


def _member(one: Instance, *, writes: bool, lag: float | None) -> Member:
    runs, follows = one["state"] == "RUNNABLE", lag is None or lag >= 0
    return Member(
        name=one["name"],
        role="writer" if writes else "reader",
        state=one["state"] if follows or not runs else "not following",
        healthy=runs and follows,
        zone=one.get("gceZone", ""),
        size=one["settings"]["tier"],
        version=one.get("databaseInstalledVersion") or one["databaseVersion"],
        lag_seconds=lag if follows else None,
    )


def _file_of(certificate: str) -> Path:
    """*certificate* in a file that lives as long as this process: each instance has an authority of its own."""
    folder = Path(tempfile.mkdtemp(prefix="managed-postgres-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    file = folder / "ca.pem"
    file.write_text(certificate)
    return file
