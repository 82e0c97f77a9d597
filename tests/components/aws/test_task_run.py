"""Jobs at deployment: the dynamic provider against ECS over HTTP, as the engine calls it."""

from __future__ import annotations

from typing import Any

import boto3  # type: ignore[import-untyped]
import pytest

from components.aws.providers import calls, task_run
from components.aws.providers.calls import AwsError
from components.aws.providers.task_run import TaskRunProvider
from tests.components.aws.ecs_server import CLUSTER, CONTAINER, GROUP, REGION, EcsServer, Ending, refused, wire

NO_PULL = "CannotPullContainerError: pull image manifest has been retried 7 time(s): 123.dkr.ecr/operations:1: not found"
NO_ROLE = "ECS was unable to assume the role 'arn:aws:iam::123456789012:role/shop-dev-job-migrate-execution-role'"


@pytest.fixture
def server(url: str, monkeypatch: pytest.MonkeyPatch) -> EcsServer:
    monkeypatch.setattr(task_run, "POLL_SECONDS", 0.01)
    monkeypatch.setattr(task_run, "PAUSE_SECONDS", 0.01)
    return EcsServer(url, monkeypatch)


def props(server: EcsServer, **change: Any) -> dict[str, Any]:
    values = {
        **{"job": "migrate", "region": REGION, "cluster": CLUSTER, "task_definition": server.definition},
        **{"container": CONTAINER, "log_group": GROUP, "subnets": [server.subnet], "security_groups": [server.group]},
        **{"timeout_seconds": 30, "triggers": ["sha256:1"], "task": None, "exit_code": None},
    }
    return wire(values | change)


def problem(server: EcsServer, **change: Any) -> str:
    with pytest.raises(AwsError) as caught:
        TaskRunProvider().create(props(server, **change))
    return str(caught.value)


def made(server: EcsServer) -> dict[str, Any]:
    return wire(dict(TaskRunProvider().create(props(server)).outs or {}))


def test_complaint_25_the_migration_runs_and_its_exit_code_counts(server: EcsServer) -> None:
    outs = TaskRunProvider().create(props(server)).outs or {}
    (task,) = server.tasks()
    assert (outs["exit_code"], outs["task"]) == (0, task.task_arn)
    assert task.launch_type == "FARGATE"
    assert task.network_configuration["awsvpcConfiguration"] == {
        "subnets": [server.subnet],
        "securityGroups": [server.group],
        "assignPublicIp": "DISABLED",
    }


def test_complaint_25_a_failing_task_is_shown_with_the_end_of_its_log(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=3, log=tuple(f"line {number}" for number in range(1, 31)))]
    text = problem(server)
    assert text.startswith("job migrate ended with exit code 3 (Essential container in task exited). What waits for it was left")
    assert "  line 11\n" in text
    assert text.endswith("  line 30")
    assert "line 10\n" not in text, "the last 20 lines"
    assert GROUP in text


def test_a_task_without_a_log_says_where_it_would_be(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=137, container_reason="OutOfMemoryError: container killed")]
    text = problem(server)
    assert "exit code 137" in text
    assert "OutOfMemoryError" in text
    assert "give it more memory_mib" in text
    assert f"It wrote no log (log group {GROUP}, stream ecs/job-migrate/" in text


def test_a_task_that_never_ends_is_stopped(server: EcsServer) -> None:
    server.never_ends()
    text = problem(server, timeout_seconds=0)
    assert text.startswith("job migrate did not end within its timeout_seconds of 0 and was stopped; make it faster or raise")
    assert server.tasks()[0].desired_status == "STOPPED"


def test_an_image_that_is_not_there(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=None, reason=NO_PULL, began=False)]
    text = problem(server)
    assert text == (
        f"job migrate could not start: {NO_PULL}; push the image to its repository first, and check its tag and architecture."
    )
    assert len(server.tasks()) == 1, "it will not be there in 15 seconds either"


def test_a_right_made_a_moment_ago_is_waited_for(server: EcsServer) -> None:
    early = "ResourceInitializationError: unable to pull secrets: AccessDeniedException: not authorized to perform"
    server.endings = [Ending(exit_code=None, reason=early, began=False), Ending()]
    server.refusals["run_task"] = [refused("ClientException", NO_ROLE)]
    assert made(server)["exit_code"] == 0
    assert server.asked.count("run_task") == 3, "a refusal, a task that could not start, the run"


def test_a_right_that_stays_missing(server: EcsServer) -> None:
    server.refusals["run_task"] = [refused("ClientException", NO_ROLE)] * 9
    assert problem(server).startswith(f"job migrate could not start: {NO_ROLE}")
    assert server.asked.count("run_task") == task_run.STARTS


def test_a_program_that_began_is_never_started_again(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=1, reason="AccessDenied, says the program")]
    assert "exit code 1" in problem(server)
    assert len(server.tasks()) == 1


def test_a_task_that_was_lost_is_not_repeated(server: EcsServer) -> None:
    server.endings = [Ending(exit_code=None, reason="Capacity is unavailable: host lost")]
    assert problem(server).startswith("job migrate ended without an exit code (Capacity is unavailable: host lost)")
    assert len(server.tasks()) == 1


def test_no_room_on_fargate(server: EcsServer) -> None:
    server.failures = ["Capacity is unavailable at this time."]
    assert made(server)["exit_code"] == 0
    server.failures = ["Capacity is unavailable at this time."] * 9
    text = problem(server, triggers=["sha256:2"])
    assert text.startswith("job migrate could not start: Capacity is unavailable at this time.; Fargate has no room now")


def test_throttling_is_waited_out(server: EcsServer) -> None:
    for operation in ("list_tasks", "run_task", "describe_tasks"):
        server.refusals[operation] = [refused("ThrottlingException", "Rate exceeded")]
    assert made(server)["exit_code"] == 0
    assert len(server.tasks()) == 1


def test_throttling_without_end(server: EcsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 2)
    server.refusals["run_task"] = [refused("ThrottlingException", "Rate exceeded")] * 9
    assert problem(server) == (
        "cannot run job migrate on cluster shop-dev in ap-northeast-1: AWS throttles this account's calls (ThrottlingException); "
        "run `pulumi up` again in a few minutes"
    )


def test_a_missing_permission(server: EcsServer) -> None:
    server.refusals["run_task"] = [refused("AccessDeniedException", "User: me is not authorized to perform: ecs:RunTask")]
    text = problem(server)
    assert "AWS denies it (User: me is not authorized to perform: ecs:RunTask); allow ecs:RunTask, ecs:DescribeTasks" in text


def test_a_session_that_is_over(server: EcsServer) -> None:
    server.refusals["list_tasks"] = [refused("ExpiredTokenException", "The security token included in the request is expired")]
    assert "the AWS credentials are no longer good (ExpiredTokenException); sign in again" in problem(server)


def test_what_aws_says_otherwise_is_passed_on(server: EcsServer) -> None:
    server.refusals["run_task"] = [refused("InvalidParameterException", "subnet-1 is not a subnet.")]
    assert problem(server).endswith("in ap-northeast-1: subnet-1 is not a subnet (InvalidParameterException)")


def test_a_missing_cluster(server: EcsServer) -> None:
    assert "the ECS cluster is gone; run `pulumi refresh`" in problem(server, cluster="elsewhere")


def test_no_credentials(server: EcsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
    assert "there are no AWS credentials; set AWS_PROFILE" in problem(server)


def test_aws_out_of_reach(server: EcsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "ATTEMPTS", 1)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert "AWS cannot be reached (EndpointConnectionError" in problem(server)


def test_an_interrupted_up_is_continued_not_doubled(server: EcsServer) -> None:
    server.never_ends()
    mark = task_run._mark(props(server))
    place = {"subnets": [server.subnet], "securityGroups": [server.group]}
    server.ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=server.definition,
        launchType="FARGATE",
        startedBy=mark,
        networkConfiguration={"awsvpcConfiguration": place},
    )
    server.ends()
    assert made(server)["exit_code"] == 0
    assert len(server.tasks()) == 1


@pytest.mark.parametrize("change", [{"task_definition": "arn:aws:ecs:x:1:task-definition/f:9"}, {"triggers": ["sha256:2"]}])
def test_a_new_image_or_migration_runs_it_again(server: EcsServer, change: dict[str, Any]) -> None:
    olds = made(server)
    provider = TaskRunProvider()
    assert not provider.diff("migrate", olds, props(server)).changes
    news = props(server, **({"task_definition": server.register()} if "task_definition" in change else change))
    assert provider.diff("migrate", olds, news).changes
    outs = provider.update("migrate", olds, news).outs or {}
    assert outs["task"] == server.tasks()[1].task_arn
    assert not provider.diff("migrate", wire(outs), news).changes


def test_another_place_or_limit_runs_nothing(server: EcsServer) -> None:
    olds, news = made(server), props(server, timeout_seconds=60, subnets=["subnet-2"])
    assert TaskRunProvider().diff("migrate", olds, news).changes
    outs = TaskRunProvider().update("migrate", olds, news).outs or {}
    assert len(server.tasks()) == 1
    assert outs["task"] == olds["task"]


def test_complaint_25_a_preview_calls_nobody(server: EcsServer) -> None:
    olds = made(server)
    server.asked.clear()
    TaskRunProvider().diff("migrate", olds, props(server, triggers=["sha256:2"]))
    TaskRunProvider().check(olds, props(server))
    assert server.asked == []
