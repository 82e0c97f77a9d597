"""Copies of a Cloud SQL instance: begun, marked, and taken up again after they were cut off."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from operations.cloud.contract import Copy, Purpose, Say
from operations.cloud.copies import COPY_SECONDS, ORIGIN, PURPOSE, SWITCH_SECONDS, Copies
from operations.cloud.gcp.calls import passing
from operations.cloud.gcp.marks import is_cut_off_clone, labels, ours
from operations.cloud.gcp.sql import CloudSqlAdmin, Instance, failed, since, under_way
from operations.cloud.wait import wait_until
from operations.errors import OperationError, Refused

BACKUP = "backup-"
"""Begins the label of what a copy was made from, where that is a backup; the number of its run follows."""
LONGEST = 67
"""Cloud SQL takes 98 characters of ``<project>:<instance>``; a project may have 30."""

SAME = (
    *("tier", "edition", "dataDiskType", "dataDiskSizeGb", "storageAutoResize", "storageAutoResizeLimit", "dataCacheConfig"),
    *("connectorEnforcement", "dataApiAccess"),
)
"""Settings of a copy that are its source's. Its disk must not be smaller than the source's is now, or the restore is refused."""
SAME_ADDRESSES = ("ipv4Enabled", "privateNetwork", "allocatedIpRange", "sslMode", "serverCaMode")


class Restoring:
    """What becomes of *source*'s backups and moments."""

    def __init__(self, sql: CloudSqlAdmin, copies: Copies) -> None:
        self._sql, self._copies = sql, copies

    def from_backup(self, run: Mapping[str, Any], origin: str, name: str, purpose: Purpose, say: Say) -> Copy:
        """An instance *name* with the data of the backup *run*, called *origin*."""
        marks = labels(self._copies.marks(purpose, f"{BACKUP}{run['id']}"))
        if self._taken_up(name, marks, purpose, say) is None:
            body = _body(self._sql.require(self._copies.source), str(run["databaseVersion"]), purpose, marks)
            with passing(409):  # somebody else, or a call whose answer was lost, has begun it
                self._sql.wait(self._sql.create(name, body), name, say, seconds=COPY_SECONDS)
            self._require_made(name, marks, purpose, say)
        made = self._until_runnable(name, say).created
        context = {"backupRunId": str(run["id"]), "instanceId": self._copies.source, "project": self._sql.project}
        self._sql.once(
            f"restore {origin} to {name}",
            "RESTORE_VOLUME",
            "POST",
            name,
            "restoreBackup",
            right="instances.restoreBackup",
            body={"restoreBackupContext": context},
            counts=lambda one: since(made, one) and not failed(one),
            say=say,
            seconds=COPY_SECONDS,
        )
        return self._until_runnable(name, say)

    def from_moment(self, moment: datetime, origin: str, name: str, purpose: Purpose, say: Say) -> Copy:
        """An instance *name* with the data as they were at *moment*."""
        marks = labels(self._copies.marks(purpose, origin))
        if self._taken_up(name, marks, purpose, say) is None:
            context = {"destinationInstanceName": name, "pointInTime": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"}
            what, right, source = f"restore {name} from {origin}", "instances.clone", self._copies.source
            with passing(409):
                begun = self._sql.change(what, "POST", source, "clone", right=right, body={"cloneContext": context})
                self._sql.wait(begun, name, say, seconds=COPY_SECONDS)
            self._require_made(name, marks, purpose, say)
        found = self._until_runnable(name, say)
        if PURPOSE not in _labels(self._sql.require(name)):
            # a clone has all of its source's settings, its protection and its standby among them
            changes = {"userLabels": marks, "deletionProtectionEnabled": False, "availabilityType": "ZONAL"}
            self._patch(name, changes, say)
            found = self._until_runnable(name, say)
        return found

    def all(self, purpose: Purpose) -> list[Copy]:
        """The oldest first."""
        begin = self._copies.begin(purpose)
        mine = [one for one in self._sql.all() if one["name"].startswith(begin) and ours(self._copies, _labels(one), purpose)]
        return sorted((self._copy(one, purpose) for one in mine), key=lambda copy: copy.created)

    def require(self, name: str, purpose: Purpose) -> Instance:
        """The copy *name*. Raises Refused where it is none of ours, OperationError where it is gone."""
        found = self._sql.require(name)
        if not ours(self._copies, _labels(found), purpose):
            self._copies.require(name, _labels(found), purpose)
        return found

    def delete(self, name: str, say: Say) -> None:
        """Without a last backup; nothing happens where it is gone. Raises Refused where it is no copy of ours."""
        purpose = self._copies.purpose_of(name)
        self._made(name, say)
        if self._sql.get(name) is None:
            say(f"{name} is gone already")
            return
        found = self.require(name, purpose)
        with passing(404):
            if is_cut_off_clone(self._copies, _labels(found)) and found["settings"].get("deletionProtectionEnabled"):
                self._patch(name, {"deletionProtectionEnabled": False}, say)
            # what a drill that was killed has begun is waited for: Cloud SQL deletes no instance that is busy
            what, right = f"delete {name}", "instances.delete"
            self._sql.once(what, "DELETE", "DELETE", name, "", right=right, counts=under_way, say=say, seconds=COPY_SECONDS)

    def _patch(self, name: str, changes: Mapping[str, Any], say: Say) -> None:
        done = self._sql.change(f"change {name}", "PATCH", name, right="instances.update", body={"settings": changes})
        self._sql.wait(done, name, say, seconds=SWITCH_SECONDS)

    def _taken_up(self, name: str, marks: Mapping[str, str], purpose: Purpose, say: Say) -> Instance | None:
        """The instance *name* where it is there and the same was asked for."""
        self._made(name, say)
        found = self._sql.get(name)
        if found is not None and not is_cut_off_clone(self._copies, _labels(found)):
            self._copies.require_origin(name, _labels(found), purpose, marks[ORIGIN])
        return found

    def _require_made(self, name: str, marks: Mapping[str, str], purpose: Purpose, say: Say) -> None:
        if self._taken_up(name, marks, purpose, say) is None:
            raise Refused(
                f"{name} cannot be made: an instance of that name was deleted not long ago, and Google keeps such names for a "
                "week; choose another name"
            )

    def _made(self, name: str, say: Say) -> None:
        """Waits where *name* is just being made; not before that has it its source's labels."""

        def missing() -> str:
            found = self._sql.get(name)
            return "being made" if found and found["state"] == "PENDING_CREATE" else ""

        wait_until(name, missing, say, seconds=COPY_SECONDS)

    def _until_runnable(self, name: str, say: Say) -> Copy:
        def missing() -> str:
            state = str(self._sql.require(name)["state"])
            if state in ("FAILED", "SUSPENDED", "PENDING_DELETE"):
                raise OperationError(f"{name} cannot be used: Cloud SQL says {state}; delete the copy and look at its operations")
            return "" if state == "RUNNABLE" else state.replace("_", " ").lower()

        wait_until(name, missing, say, seconds=COPY_SECONDS)
        return self._copy(self._sql.require(name), self._copies.purpose_of(name))

    def _copy(self, found: Instance, purpose: Purpose) -> Copy:
        name, state = str(found["name"]), str(found["state"])
        whole = state == "RUNNABLE" and self._whole(found)
        return Copy(
            name=name,
            purpose=purpose,
            created=datetime.fromisoformat(found["createTime"]),
            state=state if whole or state != "RUNNABLE" else "not restored yet",
            ready=whole,
            host=address(found),
        )

    def _whole(self, found: Instance) -> bool:
        """Whether its data are there: a clone is marked when they are; an instance for a backup is empty at first."""
        if not _labels(found).get(ORIGIN, "").startswith(BACKUP):
            return not is_cut_off_clone(self._copies, _labels(found))
        made = datetime.fromisoformat(found["createTime"])
        restored = [one for one in self._sql.operations(str(found["name"]), "RESTORE_VOLUME") if since(made, one)]
        return bool(restored) and not under_way(restored[0]) and not failed(restored[0])


def address(found: Instance) -> str:
    """The private address; empty where it has none (Private Service Connect)."""
    return next((str(one["ipAddress"]) for one in found.get("ipAddresses", ()) if one["type"] == "PRIVATE"), "")


def _body(source: Instance, version: str, purpose: Purpose, marks: Mapping[str, str]) -> dict[str, Any]:
    """A new instance like *source*, without a standby, a window or a pooler, in the same network."""
    settings, addresses = source["settings"], source["settings"]["ipConfiguration"]
    own: dict[str, Any] = {key: settings[key] for key in SAME if key in settings}
    own["ipConfiguration"] = {key: addresses[key] for key in SAME_ADDRESSES if key in addresses}
    own |= {
        "activationPolicy": "ALWAYS",
        "availabilityType": "ZONAL",
        "deletionProtectionEnabled": False,
        "userLabels": dict(marks),
    }
    if purpose == "drill":
        own["backupConfiguration"] = {"enabled": False}  # it lives for an hour
    elif "backupConfiguration" in settings:
        own["backupConfiguration"] = settings["backupConfiguration"]
    if version == source["databaseVersion"]:  # another major version has other flags
        own["databaseFlags"] = settings.get("databaseFlags", [])
    key = source.get("diskEncryptionConfiguration")
    encryption = {"diskEncryptionConfiguration": {"kmsKeyName": key["kmsKeyName"]}} if key else {}
    return {"databaseVersion": version, "region": source["region"], "settings": own, **encryption}


def _labels(found: Instance) -> dict[str, str]:
    return dict(found.get("settings", {}).get("userLabels", {}))


def refuse_unreachable(source: Instance) -> None:
    """Raises Refused where nobody could reach a copy."""
    if source["settings"]["ipConfiguration"].get("pscConfig", {}).get("pscEnabled"):
        raise Refused(
            "a copy behind Private Service Connect (network.private_access psc) has no endpoint of its own, so that nobody could "
            "look into it: restore or drill from a dump, or set database.restore in a stack file of its own"
        )
