"""RDS for PostgreSQL: an instance with its own disk, a standby that nobody sees, and replicas. A copy is an instance."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from operations.cloud.aws.backend import HEALTHY, Found, Origin, as_list, copied, lags, major, tags_of
from operations.cloud.aws.calls import client, everything
from operations.cloud.contract import Member, Purpose, Snapshot, Window
from operations.cloud.copies import SWITCH_SECONDS
from operations.errors import OperationError, Refused


class Rds:
    """The instance that ``handles["database"]`` names, and its replicas."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._database, self._region = handles["database"], handles["region"]
        self._id: str = self._database["id"]
        self._rds = client("rds", self._region)

    def members(self) -> list[Member]:
        primary = self._instance(self._id)
        replicas = [self._instance(name) for name in sorted(primary.get("ReadReplicaDBInstanceIdentifiers", ()))]
        behind = lags(self._region, "ReplicaLag", [one["DBInstanceIdentifier"] for one in replicas], 1.0)
        return [
            Member(
                name=one["DBInstanceIdentifier"],
                role="writer" if one is primary else "reader",
                state=one["DBInstanceStatus"],
                healthy=one["DBInstanceStatus"] in HEALTHY and all(info["Normal"] for info in one.get("StatusInfos", ())),
                zone=one.get("AvailabilityZone", ""),
                size=one["DBInstanceClass"],
                version=one["EngineVersion"],
                lag_seconds=behind.get(one["DBInstanceIdentifier"]),
            )
            for one in (primary, *replicas)
        ]

    def snapshots(self, name: str | None = None) -> list[Snapshot]:
        described = everything(self._rds, "describe_db_snapshots", DBInstanceIdentifier=self._id)
        found = [
            Snapshot(
                id=one["DBSnapshotIdentifier"],
                created=one.get("SnapshotCreateTime") or datetime.now(UTC),
                automated=one["SnapshotType"] != "manual",
                ready=one["Status"] == "available",
                encrypted=bool(one.get("Encrypted")),
                failed=one["Status"] == "failed",
                size_gib=float(one["AllocatedStorage"]) if one.get("AllocatedStorage") else None,
            )
            for one in described
            if name in (None, one["DBSnapshotIdentifier"])
        ]
        return sorted(found, key=lambda snapshot: snapshot.created, reverse=True)

    def create_snapshot(self, name: str, tags: Mapping[str, str]) -> None:
        self._rds.create_db_snapshot(DBSnapshotIdentifier=name, DBInstanceIdentifier=self._id, Tags=as_list(tags))

    def delete_snapshot(self, name: str) -> None:
        self._rds.delete_db_snapshot(DBSnapshotIdentifier=name)

    def window(self) -> Window | None:
        found = everything(self._rds, "describe_db_instance_automated_backups", DBInstanceIdentifier=self._id)
        live = [one for one in found if one["Status"] == "active"]  # not those of a deleted instance of this name
        window: dict[str, datetime] = next((one["RestoreWindow"] for one in live if one.get("RestoreWindow")), {})
        earliest, latest = window.get("EarliestTime"), window.get("LatestTime")
        return Window(earliest=earliest, latest=latest) if earliest and latest else None

    def copies(self, begin: str) -> list[Found]:
        instances = everything(self._rds, "describe_db_instances")
        mine = [one for one in instances if one["DBInstanceIdentifier"].startswith(begin)]
        return [_found(one) for one in mine if not one.get("DBClusterIdentifier")]

    def copy(self, name: str) -> Found | None:
        found = self._instance_or_none(name)
        return _found(found) if found else None

    def restore(self, origin: Origin, name: str, purpose: Purpose, tags: Mapping[str, str]) -> None:
        source = self._instance(self._id)
        arguments: dict[str, Any] = {
            # left out, AWS would take the default network
            "DBSubnetGroupName": self._database["subnet_group"],
            "VpcSecurityGroupIds": list(self._database["security_groups"]),
            "PubliclyAccessible": False,
            "MultiAZ": False,
            "AutoMinorVersionUpgrade": False,
            "DeletionProtection": False,
            "CopyTagsToSnapshot": True,
            "Port": source["Endpoint"]["Port"],
            "Tags": as_list(tags),
            **copied(
                source,
                DBInstanceClass="DBInstanceClass",
                EnableIAMDatabaseAuthentication="IAMDatabaseAuthenticationEnabled",
                EngineLifecycleSupport="EngineLifecycleSupport",
                CACertificateIdentifier="CACertificateIdentifier",
            ),
        }
        if purpose == "drill":
            arguments["BackupRetentionPeriod"] = 0  # it lives for an hour; its first backup would only slow it down
        group = {"DBParameterGroupName": source["DBParameterGroups"][0]["DBParameterGroupName"]}
        if isinstance(origin, datetime):
            self._rds.restore_db_instance_to_point_in_time(
                SourceDBInstanceIdentifier=self._id, TargetDBInstanceIdentifier=name, RestoreTime=origin, **group, **arguments
            )
            return
        described = everything(self._rds, "describe_db_snapshots", DBSnapshotIdentifier=origin)[0]
        # a snapshot from before a major upgrade wants the old version's parameters: AWS's defaults are right then
        if major(described["EngineVersion"]) != major(source["EngineVersion"]):
            group = {}
        self._rds.restore_db_instance_from_db_snapshot(
            DBInstanceIdentifier=name, DBSnapshotIdentifier=origin, **group, **arguments
        )

    def complete(self, name: str, tags: Mapping[str, str]) -> None:
        """One call made all of it."""

    def set_password(self, name: str, password: str) -> None:
        self._rds.modify_db_instance(DBInstanceIdentifier=name, MasterUserPassword=password, ApplyImmediately=True)

    def delete(self, name: str) -> None:
        found = self._instance_or_none(name)
        if found and found["DBInstanceStatus"] != "deleting":
            self._rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)

    def fail_over(self, target: str | None, writer: Member) -> None:
        self._rds.reboot_db_instance(DBInstanceIdentifier=self._id, ForceFailover=True)

    def switched(self, before: Member) -> str:
        now = self.members()[0]
        return "" if now.healthy and now.zone != before.zone else f"failing over ({now.state} in {now.zone})"

    def switching(self) -> str:
        return "rebooting already" if self._instance(self._id)["DBInstanceStatus"] == "rebooting" else ""

    def failed_over(self) -> bool:
        """A failover is a reboot; only the events tell it from one that stays on its server."""
        minutes = int(SWITCH_SECONDS // 60)
        asked = {"SourceIdentifier": self._id, "SourceType": "db-instance", "Duration": minutes}
        return any("failover" in event["EventCategories"] for event in everything(self._rds, "describe_events", **asked))

    def refusal(self, target: str | None, members: Sequence[Member]) -> str:
        if target:
            return (
                f"RDS makes no read replica the writer in place: leave out {target} and the standby takes over, "
                f"or make it a database of its own with `promote {target}`"
            )
        if not self._instance(self._id).get("MultiAZ"):
            return f"{self._id} has no standby; set database.ha and bring the stack up, or `promote` a read replica"
        return ""

    def promote(self, target: str) -> None:
        primary = self._instance(self._id)
        replicas = primary.get("ReadReplicaDBInstanceIdentifiers", ())
        if self.leaving(target):
            return  # an earlier call did it, or is at work
        if target not in replicas:
            known = f"its readers are {', '.join(sorted(replicas))}" if replicas else "it has no reader"
            raise Refused(f"{target} is no reader of {self._id}; {known}")
        # with the backups that a database of its own needs
        self._rds.promote_read_replica(
            DBInstanceIdentifier=target, BackupRetentionPeriod=max(1, int(primary.get("BackupRetentionPeriod") or 1))
        )

    def leaving(self, reader: str) -> bool:
        """AWS has no word of its own for a promotion: ``modifying`` may be another change."""
        found = self._instance_or_none(reader) if re.fullmatch(rf"{re.escape(self._id)}-\d+", reader) else None
        if found is None:
            return False
        return not found.get("ReadReplicaSourceDBInstanceIdentifier") or found["DBInstanceStatus"] == "modifying"

    def promoted(self, target: str) -> str:
        found = self._instance(target)
        alone = not found.get("ReadReplicaSourceDBInstanceIdentifier")
        return "" if alone and found["DBInstanceStatus"] in HEALTHY else f"being promoted ({found['DBInstanceStatus']})"

    def _instance_or_none(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0])
        except self._rds.exceptions.DBInstanceNotFoundFault:
            return None

    def _instance(self, name: str) -> dict[str, Any]:
        found = self._instance_or_none(name)
        if found is None:
            raise OperationError(
                f"there is no RDS instance {name} in {self._region}: it was deleted, or the region is another one"
            )
        return found


def _found(one: Mapping[str, Any]) -> Found:
    endpoint = one.get("Endpoint", {})
    return Found(
        name=one["DBInstanceIdentifier"],
        # not known while the storage is still being made
        created=one.get("InstanceCreateTime") or datetime.now(UTC),
        tags=tags_of(one),
        state=one["DBInstanceStatus"],
        ready=one["DBInstanceStatus"] in HEALTHY and bool(endpoint),
        password_pending="MasterUserPassword" in one.get("PendingModifiedValues", {}),
        host=endpoint.get("Address", ""),
        port=endpoint.get("Port") or 5432,
        user=one.get("MasterUsername", ""),
        protected=bool(one.get("DeletionProtection")),
    )
