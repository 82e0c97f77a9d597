"""``deploy --canary`` and ``rollback`` a second time: after they were cut off, after they were done, with another share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from components.settings.workload import Traffic
from operations.cloud.contract import Running
from operations.deploy.back import target_of
from operations.deploy.watch import Wanted
from operations.errors import Refused
from tests.operations.deploy.world import HOST, NEW, OLD, World, new, run

OLDER = f"sha256:{'0' * 64}"
A, B, C = f"{HOST}/api@{OLDER}", f"{HOST}/api@{OLD}", f"{HOST}/api@{NEW}"
"""In the order in which they were made; C is the bad one."""


def running(version: str, image: str, **change: object) -> Running:
    made = Running(image=image, version=version, desired=2, healthy=2, settled=True)
    return replace(made, **change)  # type: ignore[arg-type]


def target(ran: list[tuple[str, str]], now: Running, wanted: str, to: str | None = None, traffic: Traffic | None = None) -> str:
    return target_of(ran, now, Wanted(image=wanted), to, traffic=traffic, command="rollback api").version


FIRST = [("api:8", C), ("api:7", B), ("api:6", A)]
SECOND = [("api:9", B), *FIRST]
NEVER_RAN = [("api:9", B), ("api:7", B), ("api:6", A)]


@pytest.mark.parametrize(
    ("ran", "now", "wanted", "version"),
    [
        (FIRST, running("api:8", C), C, "api:7"),
        (FIRST, running("api:8", C, settled=False), C, "api:7"),
        (FIRST, running("api:7", B, settled=False), C, "api:7"),
        (FIRST[1:], running("api:7", B, failed="not healthy"), C, "api:7"),
        (FIRST[:1], running("api:7", B, settled=False), C, "api:7"),
        ([("api:9", C), ("api:8", C), *FIRST[1:]], running("api:9", C), C, "api:7"),
    ],
    ids=[
        "it runs",
        "beside the one before",
        "none of it is healthy yet",
        "it was given up",
        "the one before is forgotten",
        "with other settings since",
    ],
)
def test_the_first_time_on_ecs(ran: list[tuple[str, str]], now: Running, wanted: str, version: str) -> None:
    assert target(ran, now, wanted) == version


@pytest.mark.parametrize(
    ("ran", "now"),
    [
        (SECOND, running("api:8", C, settled=False)),
        (SECOND, running("api:9", B, settled=False)),
        (SECOND, running("api:9", B)),
        ([("api:9", f"{HOST}/api:1.0@{OLD}"), *FIRST], running("api:9", f"{HOST}/api:1.0@{OLD}")),
        (FIRST, running("api:8", C, failed="not healthy")),
        (NEVER_RAN, running("api:7", B, settled=False)),
        (NEVER_RAN, running("api:9", B)),
    ],
    ids=[
        "just begun",
        "half done",
        "done",
        "by another tag",
        "given up",
        "from one that never ran",
        "done, from one that never ran",
    ],
)
def test_the_second_time_on_ecs_asks_which_version(ran: list[tuple[str, str]], now: Running) -> None:
    """Neither the bad version again, nor one further back."""
    with pytest.raises(Refused, match="`rollback api --to VERSION`"):
        target(ran, now, B)
    assert target(ran, now, B, to="api:7") == "api:7"


REVISIONS = [("r3", C), ("r2", B), ("r1", A)]
LATEST = Traffic()


@pytest.mark.parametrize(
    ("ran", "now", "traffic"),
    [
        (REVISIONS, running("r3", C), LATEST),
        (REVISIONS[1:], running("r2", B, settled=False), LATEST),
        (REVISIONS, running("r2", B), LATEST),
        ([("r4", C), *REVISIONS], running("r4", C), Traffic(mode="canary", stable_revision="r2")),
        (REVISIONS[1:], running("r2", B, settled=False), Traffic(mode="canary", stable_revision="r2")),
    ],
    ids=["it runs", "it is not ready yet", "another checkout has gone back", "a second canary", "a canary that is not ready yet"],
)
def test_the_stable_revision_on_cloud_run(ran: list[tuple[str, str]], now: Running, traffic: Traffic) -> None:
    assert target(ran, now, C, traffic=traffic) == "r2"


@pytest.mark.parametrize(
    ("ran", "now", "traffic", "reason"),
    [
        (REVISIONS, running("r2", B), Traffic(mode="pinned", stable_revision="r2"), "pins version r2 already"),
        (REVISIONS, running("r3", C, settled=False), LATEST, "is under way"),
        ([("r3", C), ("r2", C), ("r1", A)], running("r2", C), LATEST, "r3 is newer and was ready"),
    ],
)
def test_the_second_time_on_cloud_run_asks_which_version(
    ran: list[tuple[str, str]], now: Running, traffic: Traffic, reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        target(ran, now, C, traffic=traffic)
    assert target(ran, now, C, to="r1", traffic=traffic) == "r1"


def test_a_rollback_that_is_cut_off_names_the_command_that_goes_on(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.runs, world.wanted = running("api:8", C), C
    world.ran = FIRST
    world.answers = [replace(world.runs, settled=False)]

    def interrupted(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", interrupted)
        cut = run("rollback", "api", "--stack", "prod", "--yes-rollback=api")
    assert cut.exit_code == 130
    assert "`python -m operations rollback api --stack prod --to api:7` watches on" in cut.stderr
    assert "same command" not in cut.stderr
    world.ran = SECOND
    again = run("rollback", "api", "--stack", "prod", "--yes-rollback=api")
    assert (again.exit_code, world.ups) == (2, 0), again.output
    world.answers = [running("api:9", B)]
    done = run("rollback", "api", "--stack", "prod", "--yes-rollback=api", "--to", "api:7")
    assert done.exit_code == 0, done.output
    assert world.settings()["services"]["api"]["image"] == f"api@{OLD}"
    slow = replace(new(world), settled=False)
    world.answers = [slow]
    late = run("deploy", "api", "--stack", "prod", "--image", NEW, "--wait", "1")
    assert "the same command watches on, and `python -m operations rollback api --stack prod` goes back" in late.stderr


def test_a_canary_that_is_widened_leaves_the_rest_with_the_stable_revision(world: World) -> None:
    world.stack = "gcp-prod"
    world.runs = replace(world.runs, version="api-00007")
    world.answers = [new(world, version="api-00008")]
    words = ("deploy", "api", "--stack", "gcp-prod", "--image", NEW, "--canary")
    assert run(*words, "10").exit_code == 0
    for percent in (10, 50):
        assert world.runs.version == "api-00008", "what runs is the canary"
        done = run(*words, str(percent))
        assert done.exit_code == 0, done.output
        traffic = world.settings()["services"]["api"]["traffic"]
        assert traffic == {"mode": "canary", "stable_revision": "api-00007", "percent": percent}
