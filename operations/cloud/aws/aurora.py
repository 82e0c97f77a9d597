"""Aurora: a cluster whose instances share one storage. A copy is a cluster ``<name>`` with one instance, ``<name>-1``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from operations.cloud.aws.backend import HEALTHY, Found, Origin, as_list, copied, lags, major, tags_of
from operations.cloud.aws.calls import client, everything
from operations.cloud.contract import Member, Purpose, Snapshot, Window
from operations.errors import OperationError, Refused

ENGINE = "aurora-postgresql"


class Aurora:
    """The cluster that ``handles["database"]`` names."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._database, self._region = handles["database"], handles["region"]
        self._id: str = self._database["id"]
        self._rds = client("rds", self._region)

    def members(self) -> list[Member]:
        cluster = self._cluster(self._id)
        writers = {one["DBInstanceIdentifier"] for one in cluster["DBClusterMembers"] if one["IsClusterWriter"]}
        instances = self._instances(self._id)
        readers = [one["DBInstanceIdentifier"] for one in instances if one["DBInstanceIdentifier"] not in writers]
        behind = lags(self._region, "AuroraReplicaLag", readers, 0.001)
        found = [
            Member(
                name=one["DBInstanceIdentifier"],
                role="writer" if one["DBInstanceIdentifier"] in writers else "reader",
                state=one["DBInstanceStatus"],
                healthy=one["DBInstanceStatus"] in HEALTHY,
                zone=one.get("AvailabilityZone", ""),
                size=one["DBInstanceClass"],
                version=one["EngineVersion"],
                lag_seconds=behind.get(one["DBInstanceIdentifier"]),
            )
            for one in instances
        ]
        return sorted(found, key=lambda member: (member.role != "writer", member.name))

    def snapshots(self, name: str | None = None) -> list[Snapshot]:
        described = everything(self._rds, "describe_db_cluster_snapshots", DBClusterIdentifier=self._id)
        found = [
            Snapshot(
                id=one["DBClusterSnapshotIdentifier"],
                created=one.get("SnapshotCreateTime") or datetime.now(UTC),
                automated=one["SnapshotType"] != "manual",
                ready=one["Status"] == "available",
                encrypted=bool(one.get("StorageEncrypted")),
                failed=one["Status"] == "failed",
            )
            for one in described
            if name in (None, one["DBClusterSnapshotIdentifier"])
        ]
        return sorted(found, key=lambda snapshot: snapshot.created, reverse=True)

    def create_snapshot(self, name: str, tags: Mapping[str, str]) -> None:
        self._rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier=name, DBClusterIdentifier=self._id, Tags=as_list(tags))

    def delete_snapshot(self, name: str) -> None:
        self._rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)

    def window(self) -> Window | None:
        cluster = self._cluster(self._id)
        earliest, latest = cluster.get("EarliestRestorableTime"), cluster.get("LatestRestorableTime")
        return Window(earliest=earliest, latest=latest) if earliest and latest else None

    def copies(self, begin: str) -> list[Found]:
        clusters = everything(self._rds, "describe_db_clusters")
        return [self._found(one) for one in clusters if one["DBClusterIdentifier"].startswith(begin)]

    def copy(self, name: str) -> Found | None:
        found = self._cluster_or_none(name)
        return self._found(found) if found else None

    def restore(self, origin: Origin, name: str, purpose: Purpose, tags: Mapping[str, str]) -> None:
        source = self._cluster(self._id)
        arguments: dict[str, Any] = {
            "DBClusterIdentifier": name,
            # left out, AWS would take the default network
            "DBSubnetGroupName": self._database["subnet_group"],
            "VpcSecurityGroupIds": list(self._database["security_groups"]),
            "DeletionProtection": False,
            "CopyTagsToSnapshot": True,
            "Tags": as_list(tags),
            **copied(
                source,
                Port="Port",
                EnableIAMDatabaseAuthentication="IAMDatabaseAuthenticationEnabled",
                EngineLifecycleSupport="EngineLifecycleSupport",
                ServerlessV2ScalingConfiguration="ServerlessV2ScalingConfiguration",
            ),
        }
        if isinstance(origin, datetime):
            group = copied(source, DBClusterParameterGroupName="DBClusterParameterGroup")
            self._rds.restore_db_cluster_to_point_in_time(
                SourceDBClusterIdentifier=self._id, RestoreToTime=origin, RestoreType="full-copy", **group, **arguments
            )
            return
        described = everything(self._rds, "describe_db_cluster_snapshots", DBClusterSnapshotIdentifier=origin)[0]
        # a snapshot from before a major upgrade wants the old version's parameters: AWS's defaults are right then
        same = major(described["EngineVersion"]) == major(source["EngineVersion"])
        group = copied(source, DBClusterParameterGroupName="DBClusterParameterGroup") if same else {}
        self._rds.restore_db_cluster_from_snapshot(SnapshotIdentifier=origin, Engine=ENGINE, **group, **arguments)

    def complete(self, name: str, tags: Mapping[str, str]) -> None:
        cluster = self._cluster(name)
        if self._instances(name) or cluster["Status"] != "available":
            return
        model = self._model()
        same = major(cluster["EngineVersion"]) == major(model["EngineVersion"])
        group = {"DBParameterGroupName": model["DBParameterGroups"][0]["DBParameterGroupName"]} if same else {}
        self._rds.create_db_instance(
            DBInstanceIdentifier=f"{name}-1",
            DBClusterIdentifier=name,
            Engine=ENGINE,
            PubliclyAccessible=False,
            AutoMinorVersionUpgrade=False,
            Tags=as_list(tags),
            **group,
            **copied(model, DBInstanceClass="DBInstanceClass", CACertificateIdentifier="CACertificateIdentifier"),
        )

    def set_password(self, name: str, password: str) -> None:
        self._rds.modify_db_cluster(DBClusterIdentifier=name, MasterUserPassword=password, ApplyImmediately=True)

    def delete(self, name: str) -> None:
        for one in self._instances(name):
            if one["DBInstanceStatus"] != "deleting":
                self._rds.delete_db_instance(DBInstanceIdentifier=one["DBInstanceIdentifier"], SkipFinalSnapshot=True)
        cluster = self._cluster_or_none(name)
        if cluster and cluster["Status"] != "deleting":
            # AWS refuses it for a moment while an instance goes
            self._rds.delete_db_cluster(DBClusterIdentifier=name, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)

    def fail_over(self, target: str | None, writer: Member) -> None:
        chosen = {"TargetDBInstanceIdentifier": target} if target else {}
        self._rds.failover_db_cluster(DBClusterIdentifier=self._id, **chosen)

    def switched(self, before: Member) -> str:
        cluster, members = self._cluster(self._id), self.members()
        writer = members[0]
        if writer.role != "writer" or writer.name == before.name:
            return f"failing over ({cluster['Status']})"
        return "" if writer.healthy and cluster["Status"] in HEALTHY else f"{writer.name} is becoming the writer ({writer.state})"

    def switching(self) -> str:
        return "failing over already" if self._cluster(self._id)["Status"] == "failing-over" else ""

    def failed_over(self) -> bool:
        return True  # its state has a word of its own

    def refusal(self, target: str | None, members: Sequence[Member]) -> str:
        readers = [member for member in members if member.role == "reader"]
        if not readers:
            return (
                f"{self._id} has no reader that could take over; add one (database.readers or database.ha) and bring the stack up"
            )
        if target is None and not any(member.healthy for member in readers):
            return f"no reader of {self._id} is healthy: {', '.join(f'{one.name} is {one.state}' for one in readers)}"
        chosen = next((member for member in readers if member.name == target), None)
        if target and chosen is None:
            return f"{target} is no reader of {self._id}; its readers are {', '.join(member.name for member in readers)}"
        return f"{target} is {chosen.state}, not available" if chosen and not chosen.healthy else ""

    def promote(self, target: str) -> None:
        raise Refused(
            f"{target} cannot leave {self._id}: readers of Aurora share the writer's storage. For a database of its own restore "
            "a copy (`restore --point-in-time`); to make it the writer use `switchover` or `failover`"
        )

    def leaving(self, reader: str) -> bool:
        return False

    def promoted(self, target: str) -> str:
        return ""

    def _found(self, cluster: Mapping[str, Any]) -> Found:
        name, status = cluster["DBClusterIdentifier"], cluster["Status"]
        state, ready = status, False
        if status in HEALTHY:
            instances = self._instances(name)
            state = instances[0]["DBInstanceStatus"] if instances else "without an instance"
            ready = bool(instances) and state in HEALTHY
        return Found(
            name=name,
            created=cluster["ClusterCreateTime"],
            tags=tags_of(cluster),
            state=state,
            ready=ready,
            password_pending="MasterUserPassword" in cluster.get("PendingModifiedValues", {}),
            host=cluster.get("Endpoint", ""),
            port=cluster.get("Port") or 5432,
            user=cluster.get("MasterUsername", ""),
            protected=bool(cluster.get("DeletionProtection")),
        )

    def _model(self) -> dict[str, Any]:
        """The writer, after which the one server of a copy is made."""
        writers = [one["DBInstanceIdentifier"] for one in self._cluster(self._id)["DBClusterMembers"] if one["IsClusterWriter"]]
        instances = self._instances(self._id)
        return next((one for one in instances if one["DBInstanceIdentifier"] in writers), instances[0])

    def _instances(self, cluster: str) -> list[dict[str, Any]]:
        chosen = [{"Name": "db-cluster-id", "Values": [cluster]}]
        return everything(self._rds, "describe_db_instances", Filters=chosen)

    def _cluster_or_none(self, name: str) -> dict[str, Any] | None:
        try:
            return dict(self._rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"][0])
        except self._rds.exceptions.DBClusterNotFoundFault:
            return None

    def _cluster(self, name: str) -> dict[str, Any]:
        found = self._cluster_or_none(name)
        if found is None:
            raise OperationError(
                f"there is no Aurora cluster {name} in {self._region}: it was deleted, or the region is another one"
            )
        return found
