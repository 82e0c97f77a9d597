"""The AWS stacks as a whole: the stack files, tags, regions, and that every complaint of the anchors has its test."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.validate import ParamValidator

from components.names import OPERATIONS_IMAGE
from tests.components.aws.limits import takes_tags
from tests.components.aws.stack import aws_stack
from tests.recorder import ROOT, Recording, main, record
from tests.test_main import recorded, stack_file

COMPLAINTS = range(1, 26)
"""The user complaints of neighbouring projects, numbered as in shared/anchors/aws.md; a test for each bears its number."""


def test_every_complaint_has_a_test() -> None:
    text = "\n".join(
        path.read_text() for folder in ("components/aws", "engine") for path in (ROOT / "tests" / folder).rglob("test_*.py")
    )
    guarded = {int(number) for number in re.findall(r"def test_complaint_(\d\d)_", text)}
    assert guarded == set(COMPLAINTS)


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_everything_is_tagged_and_named(tier: str) -> None:
    resources = [resource for resource in aws_stack(tier).resources.values() if resource.type.startswith("aws:")]
    tagged = [resource for resource in resources if takes_tags(resource.type)]
    assert len(tagged) > 40, "there is something to look at"
    for resource in tagged:
        tags = resource.inputs.get("tags", {})
        assert tags.get("managed-by") == "managed-postgres", resource.name
        assert tags.get("Name", "").startswith("shop-"), resource.name


def test_a_stack_files_own_tags_are_on_everything() -> None:
    cluster = aws_stack(tags={"team": "payments"}).of_type("rds/cluster:Cluster")["database-cluster"]
    assert cluster.inputs["tags"]["team"] == "payments"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_guides_region_and_no_other_cloud(stack: str) -> None:
    given = stack_file(stack)
    assert given["aws:region"] == "ap-northeast-1"
    assert not re.search("google|gcp", (ROOT / f"Pulumi.{stack}.yaml").read_text(), re.IGNORECASE)


def sizes(recording: Recording) -> dict[str, int]:
    return {kind: len(recording.of_type(kind)) for kind in ("rds/clusterInstance:ClusterInstance", "ec2/natGateway:NatGateway")}


def test_dev_is_small() -> None:
    """db.t4g.medium, one writer, one NAT gateway at most, Spot tasks, short retention, nothing protected."""
    dev = recorded("dev")
    assert sizes(dev) == {"rds/clusterInstance:ClusterInstance": 1, "ec2/natGateway:NatGateway": 1}
    writer = next(iter(dev.of_type("rds/clusterInstance:ClusterInstance").values()))
    assert writer.inputs["instanceClass"] == "db.t4g.medium"
    for service in dev.of_type("ecs/service:Service").values():
        assert [item["capacityProvider"] for item in service.inputs["capacityProviderStrategies"]] == ["FARGATE_SPOT"]
    cluster = dev.of_type("rds/cluster:Cluster")["database-cluster"]
    assert cluster.inputs["backupRetentionPeriod"] == 7
    assert cluster.inputs["skipFinalSnapshot"]
    assert not [resource.name for resource in dev.resources.values() if resource.options.protect]


def test_prod_is_what_the_aurora_guide_says() -> None:
    """db.r6g.large, writer and reader in different zones, 30 days, 17:00-18:00 UTC, encrypted, private, monitored each minute."""
    prod = recorded("prod")
    assert sizes(prod) == {"rds/clusterInstance:ClusterInstance": 2, "ec2/natGateway:NatGateway": 3}
    instances = prod.of_type("rds/clusterInstance:ClusterInstance").values()
    assert {instance.inputs["instanceClass"] for instance in instances} == {"db.r6g.large"}
    assert len({instance.inputs["availabilityZone"] for instance in instances}) == 2
    assert not any(instance.inputs["publiclyAccessible"] for instance in instances)
    cluster = prod.of_type("rds/cluster:Cluster")["database-cluster"].inputs
    assert (cluster["backupRetentionPeriod"], cluster["preferredBackupWindow"]) == (30, "17:00-18:00")
    assert cluster["storageEncrypted"]
    assert cluster["deletionProtection"]
    assert cluster["monitoringInterval"] == 60
    assert cluster["clusterIdentifier"] == "reference-production"


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_program_needs_no_made_up_outputs(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviewers' tools often answer with nothing but the inputs; the graph must still be whole."""
    whole = recorded(stack).resources
    monkeypatch.setattr("tests.recorder.computed", lambda token, name: {})
    assert record(main, stack_file(stack), stack_name=stack).resources.keys() == whole.keys()


def faults(value: Any, shape: Any, where: str) -> Iterator[str]:
    """What AWS would refuse of *value*: unknown keys, types, lengths and words that are not in its list."""
    yield from (f"{where}: {line}" for line in ParamValidator().validate(value, shape).generate_report().splitlines())
    if shape.type_name == "structure" and isinstance(value, dict):
        for key, item in value.items():
            yield from (
                faults(item, shape.members[key], f"{where}.{key}") if key in shape.members else [f"{where}.{key} is unknown"]
            )
    elif shape.type_name == "list" and isinstance(value, list):
        for item in value:
            yield from faults(item, shape.member, where)
    elif shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{where} is {value!r}"


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_container_definitions_are_what_ecs_takes(tier: str) -> None:
    """Held against botocore's own model of RegisterTaskDefinition."""
    operation = botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition")
    shape = operation.input_shape.members["containerDefinitions"]
    tasks = aws_stack(tier).of_type("ecs/taskDefinition:TaskDefinition")
    assert len(tasks) == 7, "three services, three jobs, the backups"
    for task in tasks.values():
        definitions = json.loads(task.inputs["containerDefinitions"])
        assert not list(faults(definitions, shape, task.name))
        for container in definitions:
            names = [item["name"] for item in (*container["environment"], *container["secrets"])]
            assert len(names) == len(set(names)), "ECS refuses a name that is both a variable and a secret"


def test_the_operations_image_is_of_this_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"operations:{version}" == OPERATIONS_IMAGE


def test_the_same_settings_make_the_same_graph() -> None:
    """No timestamp, no random order: a second run of the program asks for exactly the same."""
    first, second = (record(main, stack_file("prod"), stack_name="prod") for _ in range(2))
    assert {key: resource.inputs for key, resource in first.resources.items()} == {
        key: resource.inputs for key, resource in second.resources.items()
    }
