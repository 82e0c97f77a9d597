"""Backup runs of a Cloud SQL instance, as snapshots."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from operations.cloud.contract import Say, Snapshot
from operations.cloud.copies import SNAPSHOT_SECONDS
from operations.cloud.gcp.calls import BUSY, GcpRefused, passing
from operations.cloud.gcp.sql import CloudSqlAdmin, Operation
from operations.cloud.wait import wait_until
from operations.errors import OperationError, Refused

RUN = re.compile(r"(?P<instance>[a-z][a-z0-9-]{0,97})/(?P<id>[1-9]\d{0,15})")
"""``<instance>/<backup run id>``: a snapshot's id, as ``database.restore.snapshot`` takes it."""
GONE = frozenset({"FAILED", "SKIPPED", "DELETION_PENDING", "DELETED"})
"""Backup runs in these states are no snapshots."""
GIB = 2**30


class Backups:
    """Those of the instance *name*."""

    def __init__(self, sql: CloudSqlAdmin, name: str) -> None:
        self._sql, self._id = sql, name

    def all(self) -> list[Snapshot]:
        """Newest first."""
        runs = [self._snapshot(one) for one in self._sql.backup_runs(self._id) if one["status"] not in GONE]
        return sorted(runs, key=lambda snapshot: snapshot.created, reverse=True)

    def create(self, name: str, say: Say) -> Snapshot:
        """The snapshot that is described as *name*, made unless it is there; its number is Google's."""
        settings, begun = self._sql.require(self._id)["settings"], list[Operation]()
        location = settings.get("backupConfiguration", {}).get("location")
        body = {"description": name, **({"location": location} if location else {})}

        def waiting() -> str:
            if self._called(name) is None:
                what, right = f"make snapshot {name} of {self._id}", "backupRuns.create"
                try:
                    begun.append(self._sql.change(what, "POST", self._id, "backupRuns", right=right, body=body, patient=False))
                except GcpRefused as error:
                    if error.reason != BUSY:
                        raise
                    return "waiting for another operation"  # which may be another run's snapshot of this name
            return ""

        wait_until(f"snapshot {name}", waiting, say, seconds=SNAPSHOT_SECONDS)
        for operation in begun:
            self._sql.wait(operation, f"snapshot {name}", say, seconds=SNAPSHOT_SECONDS)

        def missing() -> str:
            run = self._called(name)
            if run is None:
                raise OperationError(
                    f"snapshot {name} of {self._id} failed; its backup run says why, and the same command tries again"
                )
            return "" if run["status"] == "SUCCESSFUL" else str(run["status"]).lower()

        wait_until(f"snapshot {name}", missing, say, seconds=SNAPSHOT_SECONDS)
        found = self._called(name)
        assert found is not None
        return self._snapshot(found)

    def delete(self, snapshot: str) -> None:
        """Raises Refused for an automated one."""
        run = self.run(snapshot)
        if run["type"] == "AUTOMATED":
            raise Refused(f"snapshot {snapshot} is an automated one: it goes with the retention, nobody deletes it")
        what, right = f"delete snapshot {snapshot}", "backupRuns.delete"
        with passing(404):
            gone = self._sql.change(what, "DELETE", self._id, f"backupRuns/{run['id']}", right=right)
            self._sql.wait(gone, f"snapshot {snapshot}", lambda line: None, seconds=SNAPSHOT_SECONDS)

    def run(self, snapshot: str) -> Mapping[str, Any]:
        """The backup run with the id *snapshot*. Raises Refused where this instance has none."""
        given = RUN.fullmatch(snapshot)
        if given is None or given["instance"] != self._id:
            raise Refused(f"'{snapshot}' is no snapshot of {self._id}: write '{self._id}/<number>', as `snapshot list` shows it")
        found = next((one for one in self._sql.backup_runs(self._id) if str(one["id"]) == given["id"]), None)
        if found is None or found["status"] in GONE:
            raise Refused(f"{self._id} has no snapshot '{snapshot}'; `snapshot list` shows those there are")
        return found

    def _called(self, name: str) -> Mapping[str, Any] | None:
        runs = self._sql.backup_runs(self._id)
        return next((one for one in runs if one.get("description") == name and one["status"] not in GONE), None)

    def _snapshot(self, run: Mapping[str, Any]) -> Snapshot:
        begun = run.get("startTime") or run.get("enqueuedTime") or run["windowStartTime"]
        size = int(run.get("maxChargeableBytes") or 0)
        return Snapshot(
            id=f"{self._id}/{run['id']}",
            created=datetime.fromisoformat(begun),
            automated=run["type"] == "AUTOMATED",
            ready=run["status"] == "SUCCESSFUL",
            encrypted=True,  # Google encrypts every backup, with its own key where the instance has none
            size_gib=round(size / GIB, 3) if size else None,
        )
