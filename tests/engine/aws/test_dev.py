"""The stack ``dev`` as it is in this checkout, from its first preview to its end."""

from __future__ import annotations

import json

import pytest

from tests.engine.aws.deployment import AwsDeployment, Deploy, lost
from tests.engine.standin.deployment import own_settings, told

KEPT = ("rds/clusterParameterGroup:ClusterParameterGroup", "rds/parameterGroup:ParameterGroup", ":SecretRotation")
"""What is only forgotten here: parameter groups, which may be in use until the next restart, and the rotation of a secret that
goes with its database."""


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    return deploy("dev", own_settings("dev"))


def test_complaint_25_a_preview_runs_no_task_and_makes_nothing(live: AwsDeployment) -> None:
    shown = live.run("preview")
    assert shown.code == 0, shown.text
    assert "job-migrate / run" in shown.text
    assert live.containers.runs == []
    assert live.world.steps() == []


def test_the_repositories_can_come_first(live: AwsDeployment) -> None:
    """The README's first deployment: images need repositories before tasks and the rotation function can need images."""
    patterns = ("**::network", "**::network-key*", "**::network-repository-*")
    result = live.run("up", *(word for pattern in patterns for word in ("--target", pattern)))
    assert result.code == 0, result.text
    made = told(live.world.steps())
    assert {"create network-repository-api", "create network-repository-operations", "create network-repository-web"} <= made
    assert all(step.startswith(("create network-repository-", "create network-key")) for step in made), made


def test_up_makes_everything_and_migrates_once_before_the_services(live: AwsDeployment) -> None:
    steps = live.up()
    assert {step.op for step in steps} == {"create"}
    assert len(live.containers.runs) == 1
    assert "job-migrate" in live.containers.runs[0]["taskDefinition"]
    assert live.containers.versions_at_run == [{}], "no service was there yet"


def test_nothing_is_protected_and_no_password_is_in_the_state_or_in_a_container(live: AwsDeployment) -> None:
    passwords = [record.outputs["result"] for record in live.world.all(":RandomPassword")]
    assert len(passwords) >= 2
    assert '"protect": true' not in live.state()
    assert not [password for password in passwords if password in live.state()]
    definitions = str([record.inputs for record in live.world.all(":TaskDefinition", "lambda/function:Function")])
    assert not [password for password in passwords if password in definitions]


def test_the_handles_are_plain_and_complete(live: AwsDeployment) -> None:
    """One secret among them would hide them all, and no operation could find the stack."""
    stack, *_ = json.loads(live.state())["checkpoint"]["latest"]["resources"]
    handles = stack["outputs"]["handles"]
    assert (handles["provider"], handles["prefix"]) == ("aws", "reference-dev")
    assert handles["backups"]["task_definition"] == "reference-dev-backups"
    assert handles["database"]["id"]


def test_complaint_01_what_aws_does_by_itself_is_no_change(live: AwsDeployment) -> None:
    """A minor upgrade, a rotated secret and three zones for the cluster: ``up`` looks at everything and leaves it."""
    live.drift("database-cluster", engineVersionActual="17.9", availabilityZones=["a", "c", "d"])
    live.drift("database-application-secret-value", versionStages=["AWSPREVIOUS"])
    assert live.up() == []
    assert len(live.containers.runs) == 1, "the migration is not run again"


def test_a_refresh_finds_nothing_down(live: AwsDeployment) -> None:
    looked = live.run("refresh")
    assert looked.code == 0, looked.text
    assert "none down" in looked.text


def test_a_third_zone_moves_nothing(live: AwsDeployment) -> None:
    steps = live.up(network={"availability_zones": 3})
    assert lost(steps) == []
    assert {"create network-public-3", "create network-application-3", "create network-database-3"} <= told(steps)
    changed = {step.name: step.changed for step in steps if step.op != "create"}
    assert {step.op for step in steps} == {"create", "update"}
    where = {"subnetIds", "subnets", "networkConfiguration", "target", "vpcConfig"}
    assert {key for keys in changed.values() for key in keys} <= where, changed


def test_down_leaves_only_what_the_readme_says(live: AwsDeployment) -> None:
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    assert [record.name for record in live.world.all() if not record.type.endswith(KEPT)] == []
    assert live.world.noted("snapshot") == live.world.noted("deleted-secret") == {}
