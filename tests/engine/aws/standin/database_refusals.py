"""What RDS refuses of databases: credentials, replicas, versions, parameter groups, disks, deletion."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.engine.aws.standin.facts import actual, numbers
from tests.engine.standin.cloud import OnChange, OnCreate, Values
from tests.engine.standin.world import Record, World

DATABASES = ("rds/cluster:Cluster", "rds/instance:Instance")


def _credentials(world: World, token: str, inputs: Values) -> Iterator[str]:
    if not token.endswith(DATABASES):
        return
    given = [
        key
        for key in ("manageMasterUserPassword", "masterPassword", "password", "masterPasswordWo", "passwordWo")
        if inputs.get(key)
    ]
    restored = any(inputs.get(key) for key in ("snapshotIdentifier", "replicateSourceDb", "restoreToPointInTime"))
    if len(given) > 1:
        yield f"ConflictsWith: {' and '.join(given)}"
    if not given and not restored:
        yield "InvalidParameterValue: the master user password is missing"
    if inputs.get("replicateSourceDb"):
        refused = [key for key in (*given, "username", "dbName", "engine", "engineVersion") if inputs.get(key)]
        if refused:
            yield f"ConflictsWith: a replica takes no {', '.join(refused)}"


def _replica_source(world: World, token: str, inputs: Values) -> Iterator[str]:
    source = inputs.get("replicateSourceDb")
    if not token.endswith("rds/instance:Instance") or not source:
        return
    found = [record for record in world.all("rds/instance:Instance") if source in (record.id, record.outputs.get("arn"))]
    if not found:
        yield f"DBInstanceNotFound: {source}"
    elif not found[0].facts.get("backupRetentionPeriod"):
        yield "InvalidDBInstanceState: automated backups are not enabled on the source"
    elif found[0].facts.get("manageMasterUserPassword"):
        yield "InvalidParameterCombination: the source's master password is managed by RDS in Secrets Manager"


def _cluster_of_instance(world: World, token: str, inputs: Values) -> Iterator[str]:
    clusters = {record.id for record in world.all("rds/cluster:Cluster")}
    if token.endswith("rds/clusterInstance:ClusterInstance") and inputs["clusterIdentifier"] not in clusters:
        yield f"DBClusterNotFoundFault: {inputs['clusterIdentifier']}"


def _parameter_groups(world: World, token: str, inputs: Values) -> Iterator[str]:
    """The family of every parameter group must be that of the engine version."""
    if not token.endswith(DATABASES) or not inputs.get("engineVersion"):
        return
    major = actual(inputs["engineVersion"]).split(".")[0]
    for key in ("dbClusterParameterGroupName", "parameterGroupName", "dbInstanceParameterGroupName"):
        name = inputs.get(key)
        for group in world.all("rameterGroup:ClusterParameterGroup", "rameterGroup:ParameterGroup"):
            if name and group.id == name and not re.search(rf"\D{major}$", group.facts["family"]):
                yield f"InvalidParameterCombination: {key} {name} is of {group.facts['family']}, the engine is {major}"


def _gp3(world: World, token: str, inputs: Values) -> Iterator[str]:
    if not token.endswith("rds/instance:Instance") or inputs.get("storageType") != "gp3":
        return
    size = inputs.get("allocatedStorage", 0)
    if size < 400 and (inputs.get("iops") or inputs.get("storageThroughput")):
        yield "InvalidParameterCombination: IOPS and throughput cannot be chosen for gp3 below 400 GiB"


def _version(world: World, record: Record, inputs: Values) -> Iterator[str]:
    """No way back to an older version; a new major only where it is allowed, with parameter groups of its family."""
    wanted = inputs.get("engineVersion")
    if not record.type.endswith(DATABASES) or not wanted or wanted == record.inputs.get("engineVersion"):
        return
    runs = record.outputs["engineVersionActual"]
    next_ = actual(wanted, runs)
    if numbers(next_) < numbers(runs):
        yield f"InvalidParameterCombination: cannot upgrade from {runs} to {next_}"
    if runs.split(".")[0] != next_.split(".")[0]:
        if not inputs.get("allowMajorVersionUpgrade"):
            yield "InvalidParameterCombination: the AllowMajorVersionUpgrade flag must be present"
        if record.type.endswith("cluster:Cluster") and not inputs.get("dbInstanceParameterGroupName"):
            yield "InvalidParameterCombination: the current DB instance parameter group is custom; name one of the new family"


def _storage(world: World, record: Record, inputs: Values) -> Iterator[str]:
    if record.type.endswith("rds/instance:Instance") and inputs.get("allocatedStorage", 0) < record.inputs.get(
        "allocatedStorage", 0
    ):
        yield "InvalidParameterCombination: storage cannot shrink"


def _database_protected(world: World, record: Record, state: Values) -> Iterator[str]:
    if record.type.endswith(DATABASES) and record.facts.get("deletionProtection"):
        yield f"InvalidParameterCombination: cannot delete protected {record.id}; disable deletion protection first"


def _snapshot(world: World, record: Record, state: Values) -> Iterator[str]:
    if record.type.endswith(DATABASES) and not state.get("skipFinalSnapshot"):
        wanted = state.get("finalSnapshotIdentifier")
        if not wanted:
            yield "final_snapshot_identifier is required when skip_final_snapshot is false"
        elif wanted in world.noted("snapshot"):
            yield f"DBSnapshotAlreadyExists: {wanted}"
        if state.get("replicateSourceDb"):
            yield "InvalidParameterCombination: a replica takes no final snapshot"


def _members(world: World, record: Record, state: Values) -> Iterator[str]:
    if record.type.endswith("rds/cluster:Cluster"):
        members = [
            item.id for item in world.all("clusterInstance:ClusterInstance") if item.inputs["clusterIdentifier"] == record.id
        ]
        if members:
            yield f"InvalidDBClusterStateFault: cluster {record.id} still contains DB instances: {', '.join(members)}"


CREATE: tuple[OnCreate, ...] = (_credentials, _replica_source, _cluster_of_instance, _parameter_groups, _gp3)
UPDATE: tuple[OnChange, ...] = (
    _version,
    _storage,
    lambda world, record, inputs: _parameter_groups(world, record.type, inputs),
)
DELETE: tuple[OnChange, ...] = (_database_protected, _snapshot, _members)
