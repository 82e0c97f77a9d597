"""The look at a deployment: the dynamic provider against ECS over HTTP, as the engine calls it."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.providers import calls, deployment
from components.aws.providers.calls import AwsError
from components.aws.providers.deployment import DeploymentCheckProvider
from tests.components.aws.ecs_server import CLUSTER, CONTAINER, GROUP, REGION, EcsServer, Ending, refused, wire


@pytest.fixture
def server(url: str, monkeypatch: pytest.MonkeyPatch) -> EcsServer:
    """A service ``api`` that runs the first revision, complete."""
    monkeypatch.setattr(deployment, "POLL_SECONDS", 0.01)
    monkeypatch.setenv("MOTO_ECS_SERVICE_RUNNING", "1")
    found = EcsServer(url, monkeypatch)
    found.ecs.create_service(cluster=CLUSTER, serviceName="api", taskDefinition=found.definition, desiredCount=1)
    return found


def props(server: EcsServer, **change: Any) -> dict[str, Any]:
    values = {
        **{"region": REGION, "cluster": CLUSTER, "service": "api", "task_definition": server.definition},
        **{"container": CONTAINER, "log_group": GROUP, "timeout_seconds": 30, "deployment": None},
    }
    return wire(values | change)


def problem(server: EcsServer, **change: Any) -> str:
    with pytest.raises(AwsError) as caught:
        DeploymentCheckProvider().create(props(server, **change))
    return str(caught.value)


def run(server: EcsServer, definition: str, ending: Ending) -> None:
    """A container of *definition* that ended so."""
    server.endings = [ending]
    place = {"subnets": [server.subnet], "securityGroups": [server.group]}
    answer = server.ecs.run_task(
        cluster=CLUSTER,
        taskDefinition=definition,
        launchType="FARGATE",
        networkConfiguration={"awsvpcConfiguration": place},
    )
    server.ecs.stop_task(cluster=CLUSTER, task=answer["tasks"][0]["taskArn"], reason=ending.reason)


def test_a_service_that_runs_its_new_version(server: EcsServer) -> None:
    outs = DeploymentCheckProvider().create(props(server)).outs or {}
    assert outs["deployment"] == server.service("api").deployments[0]["id"]


def test_a_deployment_under_way_is_waited_for(server: EcsServer) -> None:
    states = iter(["IN_PROGRESS", "IN_PROGRESS", "COMPLETED"])
    primary = server.service("api").deployments[0]
    server.before["describe_services"] = lambda: primary.update(rolloutState=next(states))
    assert DeploymentCheckProvider().create(props(server)).outs
    assert server.asked.count("describe_services") == 3


def test_complaint_24_a_roll_back_is_a_failure_and_says_why(server: EcsServer) -> None:
    wanted = server.register()
    run(server, server.definition, Ending(reason="Scaling activity initiated by (deployment ecs-svc/1)"))
    run(server, wanted, Ending(exit_code=1, reason="Essential container in task exited", log=("KeyError: 'DB_HOST'",)))
    text = problem(server, task_definition=wanted)
    first, *rest = text.splitlines()
    assert first == (
        "service api does not run its new version shop-dev-job-migrate:2: ECS went back to shop-dev-job-migrate:1. "
        "Reason: Essential container in task exited."
    )
    assert rest[0].startswith(f"Its last log lines (log group {GROUP}, stream ecs/job-migrate/")
    assert rest[1] == "  KeyError: 'DB_HOST'"


def test_complaint_24_events_explain_what_no_container_does(server: EcsServer) -> None:
    wanted = server.register()
    server.service("api").events = [
        {"id": "1", "message": "(service api) has reached a steady state."},
        {"id": "2", "message": "(service api) (port 8000) is unhealthy in (target-group x) due to (reason codes: [500])."},
    ]
    text = problem(server, task_definition=wanted)
    assert "Reason: (service api) (port 8000) is unhealthy in (target-group x) due to (reason codes: [500])." in text
    assert "steady state" not in text


def test_a_first_deployment_that_fails(server: EcsServer) -> None:
    server.service("api").deployments[0]["rolloutState"] = "FAILED"
    run(server, server.definition, Ending(exit_code=None, reason="CannotPullContainerError: not found", began=False))
    text = problem(server)
    assert "its containers do not get healthy, and nothing is there to go back to" in text
    assert "CannotPullContainerError: not found; push the image to its repository first" in text


def test_a_deployment_that_takes_too_long(server: EcsServer) -> None:
    server.service("api").deployments[0]["rolloutState"] = "IN_PROGRESS"
    text = problem(server, timeout_seconds=0)
    assert "it is still being deployed after 0 seconds. Reason: ECS gives no reason." in text


def test_a_service_that_somebody_deleted(server: EcsServer) -> None:
    server.ecs.delete_service(cluster=CLUSTER, service="api", force=True)
    assert problem(server).startswith("there is no service api on cluster shop-dev in ap-northeast-1: somebody deleted it; run")


def test_throttling(server: EcsServer, monkeypatch: pytest.MonkeyPatch) -> None:
    server.refusals["describe_services"] = [refused("ThrottlingException", "Rate exceeded")]
    assert DeploymentCheckProvider().create(props(server)).outs
    monkeypatch.setattr(calls, "ATTEMPTS", 2)
    server.refusals["describe_services"] = [refused("ThrottlingException", "Rate exceeded")] * 9
    assert problem(server) == (
        "cannot look at service api in ap-northeast-1: AWS throttles this account's calls (ThrottlingException); "
        "run `pulumi up` again in a few minutes"
    )


def test_only_a_new_version_is_looked_at_again(server: EcsServer) -> None:
    provider = DeploymentCheckProvider()
    olds = wire(provider.create(props(server)).outs or {})
    assert not provider.diff("api", olds, props(server)).changes
    server.asked.clear()
    longer = props(server, timeout_seconds=60)
    assert provider.diff("api", olds, longer).changes
    assert (provider.update("api", olds, longer).outs or {})["deployment"] == olds["deployment"]
    assert server.asked == [], "a longer limit is only noted"
    wanted = server.register()
    assert provider.diff("api", olds, props(server, task_definition=wanted)).changes
    server.service("api").deployments[0]["taskDefinition"] = wanted
    outs = provider.update("api", olds, props(server, task_definition=wanted)).outs or {}
    assert outs["task_definition"] == wanted
