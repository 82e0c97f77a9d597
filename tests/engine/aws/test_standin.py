"""The stand-in answers as the real provider would: what a change does, what AWS refuses. No engine here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pulumi.runtime.proto import provider_pb2

from tests.components.aws.stack import aws_stack
from tests.engine.aws.standin.cloud import CLOUD
from tests.engine.standin.asked import Asked, refuses
from tests.engine.standin.kinds import AWS
from tests.engine.standin.server import UNKNOWN

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/instance:Instance"
AURORA = {"clusterIdentifier": "shop", "engine": "aurora-postgresql", "engineVersion": "17", "manageMasterUserPassword": True}
RDS = {"identifier": "shop", "engine": "postgres", "engineVersion": "17", "manageMasterUserPassword": True}


@pytest.fixture
def cloud(tmp_path: Path) -> Asked:
    return Asked(CLOUD, tmp_path)


@pytest.mark.parametrize(
    "change", [{"tier": "dev"}, {"tier": "prod"}, {"tier": "prod", "database": {"backend": "rds", "pooling": {}}}]
)
def test_every_type_of_the_program_is_in_the_table(change: dict[str, Any]) -> None:
    used = {
        resource.type.partition(":")[2] for resource in aws_stack(**change).resources.values() if resource.type.startswith("aws:")
    }
    assert sorted(used - set(AWS)) == []


def test_the_same_inputs_are_no_change_and_write_only_ones_never_are(cloud: Asked) -> None:
    assert cloud.diff(CLUSTER, AURORA, AURORA).changes == provider_pb2.DiffResponse.DIFF_NONE
    again = cloud.diff(CLUSTER, {**AURORA, "masterPasswordWo": "a"}, {**AURORA, "masterPasswordWo": "b"})
    assert again.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_create_only_property_replaces_and_a_fixed_name_is_freed_first(cloud: Asked) -> None:
    found = cloud.diff(CLUSTER, AURORA, {**AURORA, "engine": "aurora-mysql", "engineVersion": "8"})
    assert (list(found.replaces), found.deleteBeforeReplace) == (["engine"], True)
    assert list(found.diffs) == ["engine", "engineVersion"]
    assert not cloud.diff(CLUSTER, AURORA, {**AURORA, "engineVersion": "18"}).replaces


def test_what_aws_keeps_when_it_is_left_out_is_no_change(cloud: Asked) -> None:
    assert not cloud.diff(CLUSTER, {**AURORA, "availabilityZones": ["a", "b"]}, AURORA).diffs
    assert list(cloud.diff(CLUSTER, AURORA, {**AURORA, "availabilityZones": ["a"]}).replaces) == ["availabilityZones"]


def test_in_a_preview_nothing_is_made_and_computed_outputs_are_unknown(cloud: Asked) -> None:
    id_, outputs = cloud.create(CLUSTER, AURORA, preview=True)
    assert (id_, outputs["endpoint"], outputs["clusterIdentifier"]) == ("", UNKNOWN, "shop")
    assert list(cloud.world.all()) == []


def test_a_write_only_password_is_kept_nowhere(cloud: Asked, tmp_path: Path) -> None:
    _, outputs = cloud.create(INSTANCE, {**RDS, "manageMasterUserPassword": False, "passwordWo": "hush-hush"})
    assert "hush-hush" not in str(outputs) + "".join(path.read_text() for path in tmp_path.rglob("*.json"))


def test_a_name_that_exists_is_refused(cloud: Asked) -> None:
    cloud.create(CLUSTER, AURORA)
    with refuses("shop already exists"):
        cloud.create(CLUSTER, AURORA)


def test_a_database_that_is_protected_or_has_members_stays(cloud: Asked) -> None:
    id_, state = cloud.create(CLUSTER, {**AURORA, "deletionProtection": True, "skipFinalSnapshot": True})
    with refuses("disable deletion protection"):
        cloud.delete(CLUSTER, id_, state)
    open_ = {**AURORA, "skipFinalSnapshot": True}
    cloud.update(CLUSTER, id_, state, open_)
    cloud.create("aws:rds/clusterInstance:ClusterInstance", {"clusterIdentifier": id_, "identifier": "shop-1"})
    with refuses("still contains DB instances: shop-1"):
        cloud.delete(CLUSTER, id_, open_)


def test_a_final_snapshot_needs_an_id_that_is_new(cloud: Asked) -> None:
    id_, state = cloud.create(CLUSTER, AURORA)
    with refuses("final_snapshot_identifier is required"):
        cloud.delete(CLUSTER, id_, state)
    cloud.delete(CLUSTER, id_, {**state, "finalSnapshotIdentifier": "shop-final"})
    id_, state = cloud.create(CLUSTER, AURORA)
    with refuses("DBSnapshotAlreadyExists"):
        cloud.delete(CLUSTER, id_, {**state, "finalSnapshotIdentifier": "shop-final"})


def test_versions_go_up_only_and_majors_only_when_allowed(cloud: Asked) -> None:
    id_, state = cloud.create(CLUSTER, {**AURORA, "engineVersion": "16.9"})
    with refuses("cannot upgrade from 16.9 to 16.8"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "16.8"})
    with refuses("AllowMajorVersionUpgrade"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "17.6"})
    with refuses("name one of the new family"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "17.6", "allowMajorVersionUpgrade": True})


def test_replicas_refuse_a_managed_password(cloud: Asked) -> None:
    cloud.create(INSTANCE, {**RDS, "backupRetentionPeriod": 7})
    with refuses("master password is managed by RDS"):
        cloud.create(INSTANCE, {"identifier": "shop-2", "replicateSourceDb": "shop"})


def test_a_secret_in_its_recovery_window_keeps_its_name(cloud: Asked) -> None:
    secret = "aws:secretsmanager/secret:Secret"
    id_, state = cloud.create(secret, {"name": "shop/production/db", "recoveryWindowInDays": 30})
    cloud.delete(secret, id_, state)
    with refuses("already scheduled for deletion"):
        cloud.create(secret, {"name": "shop/production/db"})


def test_rds_makes_missing_log_groups_itself(cloud: Asked) -> None:
    cloud.create(CLUSTER, {**AURORA, "enabledCloudwatchLogsExports": ["postgresql"]})
    with refuses("was made by RDS"):
        cloud.create("aws:cloudwatch/logGroup:LogGroup", {"name": "/aws/rds/cluster/shop/postgresql"})


def test_every_version_of_a_task_definition_is_another_one(cloud: Asked) -> None:
    definition = "aws:ecs/taskDefinition:TaskDefinition"
    (first, old), (second, new) = (cloud.create(definition, {"family": "api", "containerDefinitions": "[]"}) for _ in range(2))
    assert first == second == "api"
    cloud.delete(definition, first, old)
    assert [record.outputs["arn"] for record in cloud.world.all(":TaskDefinition")] == [new["arn"]]
