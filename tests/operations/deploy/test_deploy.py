"""``deploy`` and ``rollback`` on the real stack files: what is written, up, compared. The provider's answers are given."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from operations.engine.lock import stack_lock
from operations.errors import OperationError, Refused
from tests.operations.deploy.world import HOST, NEW, OLD, World, new, run
from tests.operations.image.fake_docker import DIGEST, FakeDocker


def test_a_deployment_is_watched_until_the_new_version_runs(world: World) -> None:
    world.answers = [replace(world.runs, settled=False), new(world, healthy=1, settled=False), new(world)]
    done = run("deploy", "api", "--stack", "prod", "--image", NEW)
    assert done.exit_code == 0, done.output
    lines = done.stdout.splitlines()
    assert lines[0] == "Pulumi.prod.yaml: services.api.image."
    assert lines[2].endswith("(api:7), 2 of 2 healthy, rolling out")
    assert lines[3].endswith("(api:8), 1 of 2 healthy, rolling out")
    assert lines[-1].startswith(f"api runs {HOST}/api@{NEW} (api:8), 2 of 2 healthy, after ")
    assert world.settings()["services"]["api"]["image"] == f"api@{NEW}"
    again = run("deploy", "api", "--stack", "prod", "--image", f"api@{NEW}", "--json")
    assert json.loads(again.stdout)["version"] == "api:8"
    assert "no change" in again.stderr


def test_an_image_is_built_pushed_and_deployed_by_its_digest(
    world: World, aws: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = aws("sts").get_caller_identity()["Account"]
    (tmp_path / "bin").mkdir()
    docker = FakeDocker(tmp_path / "bin")
    monkeypatch.setenv("PATH", str(docker.folder), prepend=os.pathsep)
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    words = ("deploy", "api", "--stack", "prod", "--context", str(tmp_path / "app"), "--tag", "v8")
    docker.will(fails=["build"])
    before = world.settings()
    failed = run(*words)
    assert (failed.exit_code, World.ups, world.settings()) == (1, 0, before), failed.output
    docker.will(fails=[])
    world.answers = [new(world, image=f"{HOST}/api@{DIGEST}")]
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert f"{account}.dkr.ecr.ap-northeast-1.amazonaws.com/reference-production/api:v8" in docker.calls()[-1]["argv"]
    assert world.settings()["services"]["api"]["image"] == f"api@{DIGEST}"


def test_a_return_that_calls_itself_success_is_a_failure(world: World) -> None:
    world.answers = [replace(world.runs, failed="tasks failed to start")]
    failed = run("deploy", "api", "--stack", "prod", "--image", NEW)
    assert failed.exit_code == 1
    assert f"the roll-out was given up: tasks failed to start. What runs: {HOST}/api@{OLD} (api:7)" in failed.stderr
    assert "`python -m operations rollback api --stack prod`" in failed.stderr
    back = run("rollback", "api", "--stack", "prod", "--yes-rollback=api")
    assert back.exit_code == 0, "nothing but the stack file changes, though the provider still tells of the failure"
    assert world.settings()["services"]["api"]["image"] == f"api@{OLD}", "what runs is written, not what ran before it"


@pytest.mark.parametrize(
    ("change", "said"),
    [({"image": f"{HOST}/api@{OLD}"}, f"it was to be {HOST}/api@{NEW}"), ({"healthy": 1}, "only 1 of 2 are healthy")],
)
def test_what_runs_is_compared(world: World, change: dict[str, Any], said: str) -> None:
    world.answers = [new(world, **change)]
    failed = run("deploy", "api", "--stack", "prod", "--image", NEW, "--json")
    assert (failed.exit_code, said in json.loads(failed.stdout.splitlines()[-1])["error"]) == (1, True)


def test_one_that_does_not_settle(world: World) -> None:
    world.runs = replace(world.runs, settled=False)
    failed = run("deploy", "api", "--stack", "prod", "--image", NEW, "--wait", "1")
    assert failed.exit_code == 1
    assert "still rolling out after 1 s" in failed.stderr


def test_a_failed_up_says_what_runs_and_a_refused_one_changes_nothing(world: World) -> None:
    before = (world.root / "Pulumi.prod.yaml").read_text()
    world.error = OperationError("The job migrate failed.")
    failed = run("deploy", "api", "--stack", "prod", "--image", NEW)
    assert failed.exit_code == 1
    assert f"Before this, api ran {HOST}/api@{OLD} (api:7)" in failed.stderr
    (world.root / "Pulumi.prod.yaml").write_text(before)
    world.error = Refused("Not now.")
    assert run("deploy", "api", "--stack", "prod", "--image", NEW).exit_code == 2
    assert (world.root / "Pulumi.prod.yaml").read_text() == before
    with stack_lock(world.root / ".state" / "prod.lock", stack="prod", command="make up STACK=prod"):
        busy = run("deploy", "api", "--stack", "prod", "--image", NEW)
    assert (busy.exit_code, "is busy" in busy.stderr) == (2, True)
    assert (world.root / "Pulumi.prod.yaml").read_text() == before


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nope", "--image", NEW], "Pulumi.prod.yaml has no service 'nope' (it has: api, web)"),
        (["api"], "Say which version"),
        (["api", "--image", "api"], "says no version"),
        (["api", "--image", "api:latest"], "another image tomorrow"),
        (["api", "--image", NEW, "--canary", "10"], "only Cloud Run has"),
        (["api", "--image", NEW, "--stack", "nope"], "There is no stack 'nope'"),
        (["api", "--image", NEW, "--stack", "local"], "from folders of the checkout"),
    ],
)
def test_refusals(world: World, words: list[str], said: str) -> None:
    refused = run("deploy", *(words if "--stack" in words else [*words, "--stack", "prod"]))
    assert (refused.exit_code, said in refused.stderr) == (2, True), refused.stderr
    assert not world.ups


def test_a_rollback_asks_and_changes_the_service_alone(world: World) -> None:
    world.runs = new(world)
    world.wanted = world.runs.image
    world.ran = [("api:8", f"{HOST}/api@{NEW}"), ("api:7", f"{HOST}/api@{NEW}"), ("api:6", f"{HOST}/api:1.0@{OLD}")]
    jobs = world.settings()["jobs"]
    refused = run("rollback", "api", "--stack", "prod")
    assert refused.exit_code == 2
    assert f"  to   {HOST}/api:1.0@{OLD} (api:6)." in refused.stderr
    assert "--yes-rollback=api" in refused.stderr
    world.answers = [replace(world.runs, image=f"{HOST}/api@{OLD}", version="api:9")]
    done = run("rollback", "api", "--stack", "prod", "--yes-rollback=api", "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["before"]["version"] == "api:8"
    assert (world.settings()["services"]["api"]["image"], world.settings()["jobs"]) == (f"api@{OLD}", jobs)
    gone = run("rollback", "api", "--stack", "prod", "--to", "api:1")
    assert (gone.exit_code, "There is no version api:1" in gone.stderr) == (2, True)
    world.ran = world.ran[:1]
    assert run("rollback", "api", "--stack", "prod").exit_code == 2


def test_cloud_run_divides_and_pins_its_traffic(world: World) -> None:
    world.stack = "gcp-prod"
    world.runs = replace(world.runs, version="api-00007")
    world.answers = [new(world, version="api-00008")]
    done = run("deploy", "api", "--stack", "gcp-prod", "--image", NEW, "--canary", "10")
    assert done.exit_code == 0, done.output
    traffic = world.settings()["services"]["api"]["traffic"]
    assert traffic == {"mode": "canary", "stable_revision": "api-00007", "percent": 10}
    world.ran = [("api-00008", f"{HOST}/api@{NEW}"), ("api-00007", f"{HOST}/api@{OLD}")]
    world.answers = [replace(world.runs, image=f"{HOST}/api@{OLD}", version="api-00007")]
    back = run("rollback", "api", "--stack", "gcp-prod", "--yes-rollback=api")
    assert back.exit_code == 0, back.output
    assert world.settings()["services"]["api"]["traffic"] == {"mode": "pinned", "stable_revision": "api-00007"}
    world.answers = [new(world, version="api-00009")]
    assert run("deploy", "api", "--stack", "gcp-prod", "--image", NEW).exit_code == 0
    assert "traffic" not in world.settings()["services"]["api"], "all of it goes to the new one again"


def test_local(world: World) -> None:
    world.stack = "local"
    world.runs = replace(world.runs, version="sha256:old", desired=1, healthy=1)
    world.answers = [replace(world.runs, version="sha256:new", settled=True)]
    assert run("deploy", "api", "--stack", "local").exit_code == 0
    world.answers = [replace(world.runs, version="sha256:old", failed="service api did not get healthy")]
    failed = run("deploy", "api", "--stack", "local")
    assert (failed.exit_code, "did not get healthy" in failed.stderr) == (1, True)
    refused = run("rollback", "api", "--stack", "local")
    assert (refused.exit_code, "git switch" in refused.stderr) == (2, True)
