"""The stand-in answers as the real provider would: what a change does, what AWS refuses. No engine here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime.proto import provider_pb2

from tests.components.aws.stack import aws_stack
from tests.engine.aws.standin.kinds import KINDS
from tests.engine.aws.standin.server import UNKNOWN, Provider
from tests.engine.aws.standin.world import World

CLUSTER = "aws:rds/cluster:Cluster"
INSTANCE = "aws:rds/instance:Instance"
AURORA = {"clusterIdentifier": "shop", "engine": "aurora-postgresql", "engineVersion": "17", "manageMasterUserPassword": True}
RDS = {"identifier": "shop", "engine": "postgres", "engineVersion": "17", "manageMasterUserPassword": True}


class Refused(Exception):
    """The provider's answer is an error."""


class Context:
    """Stands for gRPC's."""

    def abort(self, code: Any, sentence: str) -> None:
        raise Refused(sentence)


class Cloud:
    """A provider and short ways to ask it."""

    def __init__(self, folder: Path) -> None:
        self.provider = Provider(World(folder), "1.0.0")

    @property
    def world(self) -> World:
        return self.provider.world

    def create(
        self, token: str, inputs: dict[str, Any], name: str = "it", *, preview: bool = False
    ) -> tuple[str, dict[str, Any]]:
        request = provider_pb2.CreateRequest(
            urn=f"urn::{name}", name=name, type=token, properties=_struct(inputs), preview=preview
        )
        made = self.provider.Create(request, Context())
        return made.id, json_format.MessageToDict(made.properties)

    def diff(self, token: str, olds: dict[str, Any], news: dict[str, Any]) -> Any:
        request = provider_pb2.DiffRequest(urn="urn::it", type=token, old_inputs=_struct(olds), news=_struct(news))
        return self.provider.Diff(request, Context())

    def update(self, token: str, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> None:
        request = provider_pb2.UpdateRequest(
            urn="urn::it", type=token, id=id_, olds=_struct(olds), old_inputs=_struct(olds), news=_struct(news)
        )
        self.provider.Update(request, Context())

    def delete(self, token: str, id_: str, state: dict[str, Any]) -> None:
        self.provider.Delete(provider_pb2.DeleteRequest(urn="urn::it", type=token, id=id_, properties=_struct(state)), Context())


def _struct(values: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(values)
    return message


@pytest.fixture
def cloud(tmp_path: Path) -> Cloud:
    return Cloud(tmp_path)


@contextmanager
def refuses(sentence: str) -> Iterator[None]:
    with pytest.raises(Refused, match=sentence):
        yield


@pytest.mark.parametrize(
    "change", [{"tier": "dev"}, {"tier": "prod"}, {"tier": "prod", "database": {"backend": "rds", "pooling": {}}}]
)
def test_every_type_of_the_program_is_in_the_table(change: dict[str, Any]) -> None:
    used = {
        resource.type.partition(":")[2] for resource in aws_stack(**change).resources.values() if resource.type.startswith("aws:")
    }
    assert sorted(used - set(KINDS)) == []


def test_the_same_inputs_are_no_change_and_write_only_ones_never_are(cloud: Cloud) -> None:
    assert cloud.diff(CLUSTER, AURORA, AURORA).changes == provider_pb2.DiffResponse.DIFF_NONE
    again = cloud.diff(CLUSTER, {**AURORA, "masterPasswordWo": "a"}, {**AURORA, "masterPasswordWo": "b"})
    assert again.changes == provider_pb2.DiffResponse.DIFF_NONE


def test_a_create_only_property_replaces_and_a_fixed_name_is_freed_first(cloud: Cloud) -> None:
    found = cloud.diff(CLUSTER, AURORA, {**AURORA, "engine": "aurora-mysql", "engineVersion": "8"})
    assert (list(found.replaces), found.deleteBeforeReplace) == (["engine"], True)
    assert list(found.diffs) == ["engine", "engineVersion"]
    assert not cloud.diff(CLUSTER, AURORA, {**AURORA, "engineVersion": "18"}).replaces


def test_what_aws_keeps_when_it_is_left_out_is_no_change(cloud: Cloud) -> None:
    assert not cloud.diff(CLUSTER, {**AURORA, "availabilityZones": ["a", "b"]}, AURORA).diffs
    assert list(cloud.diff(CLUSTER, AURORA, {**AURORA, "availabilityZones": ["a"]}).replaces) == ["availabilityZones"]


def test_in_a_preview_nothing_is_made_and_computed_outputs_are_unknown(cloud: Cloud) -> None:
    id_, outputs = cloud.create(CLUSTER, AURORA, preview=True)
    assert (id_, outputs["endpoint"], outputs["clusterIdentifier"]) == ("", UNKNOWN, "shop")
    assert list(cloud.world.all()) == []


def test_a_write_only_password_is_kept_nowhere(cloud: Cloud, tmp_path: Path) -> None:
    _, outputs = cloud.create(INSTANCE, {**RDS, "manageMasterUserPassword": False, "passwordWo": "hush-hush"})
    assert "hush-hush" not in str(outputs) + "".join(path.read_text() for path in tmp_path.rglob("*.json"))


def test_a_name_that_exists_is_refused(cloud: Cloud) -> None:
    cloud.create(CLUSTER, AURORA)
    with refuses("shop already exists"):
        cloud.create(CLUSTER, AURORA)


def test_a_database_that_is_protected_or_has_members_stays(cloud: Cloud) -> None:
    id_, state = cloud.create(CLUSTER, {**AURORA, "deletionProtection": True, "skipFinalSnapshot": True})
    with refuses("disable deletion protection"):
        cloud.delete(CLUSTER, id_, state)
    open_ = {**AURORA, "skipFinalSnapshot": True}
    cloud.update(CLUSTER, id_, state, open_)
    cloud.create("aws:rds/clusterInstance:ClusterInstance", {"clusterIdentifier": id_, "identifier": "shop-1"})
    with refuses("still contains DB instances: shop-1"):
        cloud.delete(CLUSTER, id_, open_)


def test_a_final_snapshot_needs_an_id_that_is_new(cloud: Cloud) -> None:
    id_, state = cloud.create(CLUSTER, AURORA)
    with refuses("final_snapshot_identifier is required"):
        cloud.delete(CLUSTER, id_, state)
    cloud.delete(CLUSTER, id_, {**state, "finalSnapshotIdentifier": "shop-final"})
    id_, state = cloud.create(CLUSTER, AURORA)
    with refuses("DBSnapshotAlreadyExists"):
        cloud.delete(CLUSTER, id_, {**state, "finalSnapshotIdentifier": "shop-final"})


def test_versions_go_up_only_and_majors_only_when_allowed(cloud: Cloud) -> None:
    id_, state = cloud.create(CLUSTER, {**AURORA, "engineVersion": "16.9"})
    with refuses("cannot upgrade from 16.9 to 16.8"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "16.8"})
    with refuses("AllowMajorVersionUpgrade"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "17.6"})
    with refuses("name one of the new family"):
        cloud.update(CLUSTER, id_, state, {**AURORA, "engineVersion": "17.6", "allowMajorVersionUpgrade": True})


def test_replicas_refuse_a_managed_password(cloud: Cloud) -> None:
    cloud.create(INSTANCE, {**RDS, "backupRetentionPeriod": 7})
    with refuses("master password is managed by RDS"):
        cloud.create(INSTANCE, {"identifier": "shop-2", "replicateSourceDb": "shop"})


def test_a_secret_in_its_recovery_window_keeps_its_name(cloud: Cloud) -> None:
    secret = "aws:secretsmanager/secret:Secret"
    id_, state = cloud.create(secret, {"name": "shop/production/db", "recoveryWindowInDays": 30})
    cloud.delete(secret, id_, state)
    with refuses("already scheduled for deletion"):
        cloud.create(secret, {"name": "shop/production/db"})


def test_rds_makes_missing_log_groups_itself(cloud: Cloud) -> None:
    cloud.create(CLUSTER, {**AURORA, "enabledCloudwatchLogsExports": ["postgresql"]})
    with refuses("was made by RDS"):
        cloud.create("aws:cloudwatch/logGroup:LogGroup", {"name": "/aws/rds/cluster/shop/postgresql"})


def test_every_version_of_a_task_definition_is_another_one(cloud: Cloud) -> None:
    definition = "aws:ecs/taskDefinition:TaskDefinition"
    (first, old), (second, new) = (cloud.create(definition, {"family": "api", "containerDefinitions": "[]"}) for _ in range(2))
    assert first == second == "api"
    cloud.delete(definition, first, old)
    assert [record.outputs["arn"] for record in cloud.world.all(":TaskDefinition")] == [new["arn"]]
