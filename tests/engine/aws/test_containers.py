"""New versions of a service: migrated first, checked afterwards, nothing half-done when one fails. Then down, twice."""

from __future__ import annotations

import pytest

from tests.engine.aws.deployment import AwsDeployment, Deploy
from tests.engine.aws.stacks import container_stack
from tests.engine.deployment import refused
from tests.engine.standin.deployment import told

NEW_VERSION = {"create service-api-task", "delete service-api-task", "update service-api-ecs"}


def image(name: str) -> dict[str, dict[str, dict[str, str]]]:
    return {"services": {"api": {"image": name}}}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    made = deploy("containers", container_stack())
    made.up()
    return made


def test_a_new_image_and_a_new_migration(live: AwsDeployment) -> None:
    before = live.containers.versions_at_run[-1:]
    (live.root / "migrations" / "900_more.sql").write_text("SELECT 1;\n")
    steps = live.up(**image("api:2"))
    assert told(steps) == NEW_VERSION
    assert [step.changed for step in steps if step.op == "update"] == [("taskDefinition",)]
    assert len(live.containers.runs) == 2
    assert before == [{}]
    [(_, old)] = live.containers.versions_at_run[-1].items()
    assert old != live.world.named("service-api-ecs").inputs["taskDefinition"], "the old version ran while it was migrated"


def test_a_failing_migration_leaves_the_service_as_it_is(live: AwsDeployment) -> None:
    live.containers.failing["job-migrate"] = ["applying 901_broken.sql", 'relation "nowhere" does not exist']
    (live.root / "migrations" / "901_broken.sql").write_text("ALTER TABLE nowhere ADD COLUMN x int;\n")
    running = live.world.named("service-api-ecs").inputs
    live.configure(**image("api:3"))
    refused(live.run("up"), 'relation "nowhere" does not exist', "exit code 1")
    assert live.world.named("service-api-ecs").inputs == running


def test_complaint_24_a_deployment_that_ecs_rolled_back_is_a_failure(live: AwsDeployment) -> None:
    live.containers.failing.clear()
    (live.root / "migrations" / "901_broken.sql").unlink()
    service = live.world.named("service-api-ecs")
    live.containers.rolled_back[service.inputs["name"]] = service.inputs["taskDefinition"]
    live.configure(**image("api:3"))
    refused(live.run("up"), service.inputs["name"])


def test_the_next_version_that_works_is_deployed(live: AwsDeployment) -> None:
    live.containers.rolled_back.clear()
    steps = live.up(**image("api:4"))
    assert {step.name for step in steps} == {"service-api-task", "service-api-ecs"}
    assert len(live.containers.runs) == 3, "the folder is again what the last good run saw"


def test_complaint_07_every_last_snapshot_has_a_name_of_its_own(live: AwsDeployment) -> None:
    """Down, up again, down again: the second snapshot is another one."""
    assert live.run("down", "--yes").code == 0
    live.world.forget("deleted-secret")  # thirty days pass
    assert {step.op for step in live.up()} == {"create"}
    again = live.run("down", "--yes")
    assert again.code == 0, again.text
    assert len(live.world.noted("snapshot")) == 2
