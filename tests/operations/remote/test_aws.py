"""Tasks of a stack on AWS, with their own command or another: log, exit code; against moto over HTTP."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from typing import Any

import pytest
from moto.ecs.models import ecs_backends

from operations.errors import Interrupted, OperationError, Refused
from operations.place import Place, run_there
from operations.remote import watch
from operations.run import run
from tests.components.aws.ecs_server import ACCOUNT, CLUSTER, CONTAINER, GROUP, REGION, EcsServer, Ending, refused
from tests.moto_server import moto_server
from tests.operations.handles import put_out


@pytest.fixture(scope="module")
def shared() -> Iterator[EcsServer]:
    with moto_server() as address, pytest.MonkeyPatch.context() as patch:
        patch.setattr(watch, "POLL_SECONDS", 0.01)
        patch.setattr(watch, "SETTLE_SECONDS", 0.05)
        yield EcsServer(address, patch)


@pytest.fixture
def server(shared: EcsServer) -> EcsServer:
    """Without tasks, which end well."""
    ecs_backends[ACCOUNT][REGION].tasks.pop(CLUSTER, None)
    for given in (shared.endings, shared.failures, shared.refusals, shared.before):
        given.clear()
    shared.ends()
    return shared


def place(server: EcsServer, **change: Any) -> Place:
    backups = {
        "cluster": CLUSTER,
        "task_definition": "shop-dev-job-migrate",
        "container": CONTAINER,
        "subnets": [server.subnet],
        "security_groups": [server.group],
        "log_group": GROUP,
    }
    handles = {"provider": "aws", "stack": "dev", "region": REGION, "backups": backups, "jobs": {"seed": backups}, **change}
    return Place(name="dev", environ={}, handles=handles, remote=True)


def test_it_is_the_backups_task_with_other_words(server: EcsServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.endings = [Ending(exit_code=3, log=("first", "  second"))]
    heard: list[str] = []
    assert run_there(place(server), ["backup", "verify", "--all"], on_line=heard.append) == 3
    (task,) = server.tasks()
    (override,) = task.overrides["containerOverrides"]
    assert override == {"name": CONTAINER, "command": ["python", "-m", "operations", "backup", "verify", "--all"]}
    assert task.launch_type == "FARGATE", "never on Spot"
    placed = task.network_configuration["awsvpcConfiguration"]
    assert placed == {"subnets": [server.subnet], "securityGroups": [server.group], "assignPublicIp": "DISABLED"}
    out, err = capsys.readouterr()
    assert out == "first\n  second\n"
    assert heard == ["first", "  second"]
    assert f"Inside stack dev, task {task.id}:" in err


@pytest.mark.parametrize("words", [[], ["python", "manage.py", "load_csv_data"]], ids=["its own", "another"])
def test_a_job_runs_its_own_command_or_another(
    server: EcsServer, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, words: list[str]
) -> None:
    server.endings = [Ending(log=('{"rows": 3}',)), Ending(exit_code=7)]
    put_out(monkeypatch, place(server).handles or {})
    run("seed", words, "dev")
    (task,) = server.tasks()
    assert task.overrides["containerOverrides"] == ([{"name": CONTAINER, "command": words}] if words else [])
    assert capsys.readouterr().out == '{"rows": 3}\n'
    with pytest.raises(OperationError, match=r"^Job seed of stack dev failed with exit code 7\.$"):
        run("seed", words, "dev")


def test_with_json_only_the_answer_is_on_standard_output(server: EcsServer, capsys: pytest.CaptureFixture[str]) -> None:
    server.endings = [Ending(log=("connecting", '{"created": 1}', "bye"))]
    assert run_there(place(server), ["backup", "create", "--json"]) == 0
    out, err = capsys.readouterr()
    assert out == '{"created": 1}\n'
    assert "connecting\n" in err
    assert "bye\n" in err


def test_a_task_that_never_began_is_one_sentence(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=None, began=False, reason="CannotPullContainerError: operations:9: not found")]
    with pytest.raises(OperationError, match=r"without an exit code: CannotPullContainerError.*; push the image") as caught:
        run_there(place(server), ["drill"])
    assert str(caught.value).startswith("cannot run `drill` inside stack dev: ")


def test_a_task_that_is_not_placed_is_one_sentence(server: EcsServer) -> None:
    server.failures = ["Capacity is unavailable at this time."]
    with pytest.raises(OperationError, match="could not be started: Capacity is unavailable"):
        run_there(place(server), ["drill"])


def test_who_may_not_is_told_which_rights(server: EcsServer) -> None:
    server.refusals = {"run_task": [refused("AccessDeniedException", "not authorized")]}
    with pytest.raises(OperationError, match=r"AWS denies it .*; allow ecs:RunTask, ecs:DescribeTasks, logs:GetLogEvents"):
        run_there(place(server), ["drill"])


def test_when_aws_is_lost_while_it_runs_the_way_to_end_it_is_told(server: EcsServer) -> None:
    server.never_ends()
    server.refusals = {"describe_tasks": [refused("ExpiredTokenException", "expired")]}
    with pytest.raises(OperationError, match="no longer good") as caught:
        run_there(place(server), ["drill"])
    (task,) = server.tasks()
    last = caught.value.sentences[-1]
    assert last.endswith(f"aws ecs stop-task --region {REGION} --cluster {CLUSTER} --task {task.task_arn}")


def test_a_task_that_ecs_has_forgotten_is_not_waited_for(server: EcsServer) -> None:
    """It stopped an hour ago, while the machine that watched it slept."""
    server.never_ends()
    looks = iter(range(3))

    def forget() -> None:
        if next(looks, None) is None:
            ecs_backends[ACCOUNT][REGION].tasks[CLUSTER].clear()

    server.before = {"describe_tasks": forget}
    with pytest.raises(OperationError, match=r"^cannot run `drill` .* ended so long ago that ECS no longer tells how") as caught:
        run_there(place(server), ["drill"])
    (sentence,) = caught.value.sentences
    assert f"; its log is in log group {GROUP}, stream ecs/{CONTAINER}/" in sentence


def test_ctrl_c_ends_the_watching_only(server: EcsServer) -> None:
    server.never_ends()
    server.before = {"describe_tasks": lambda: signal.raise_signal(signal.SIGINT)}
    with pytest.raises(Interrupted, match="goes on in the cloud") as caught:
        run_there(place(server), ["drill"])
    (task,) = server.tasks()
    assert task.desired_status == "RUNNING"
    assert f"--task {task.task_arn}" in str(caught.value)


def test_a_stack_without_backups_has_no_such_place(server: EcsServer) -> None:
    with pytest.raises(Refused, match=r"Stack 'dev' has no job that could do this .* give it `backups`"):
        run_there(place(server, backups=None), ["drill"])
    assert not server.tasks()
