"""What AWS does around a rotation: services started anew, throttling, secrets that are gone. moto answers over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from operations.rotation import aws as function
from operations.rotation.aws import handler
from operations.rotation.steps import RotationFailed
from tests.operations.rotation_stack import FIRST, Stack, works
from tests.throttle import throttle_secrets


@pytest.fixture
def services(stack: Stack, aws: Callable[[str], Any]) -> Iterator[list[str]]:
    """Services of the cluster: eleven with the secret, one without. Gives the names of those that are started anew."""
    ecs, started = aws("ecs"), []
    for name, secret in [*((f"api-{number}", stack.application) for number in range(11)), ("web", f"{stack.admin}x")]:
        container = {"name": name, "image": "i", "memory": 512, "secrets": [{"name": "P", "valueFrom": f"{secret}:password::"}]}
        ecs.register_task_definition(family=name, containerDefinitions=[container])
        ecs.create_service(cluster="shop-dev", serviceName=name, taskDefinition=name, desiredCount=1)
    original = function._client

    def spied(service: str, arn: str) -> Any:
        client = original(service, arn)
        client.meta.events.register(
            "before-call.ecs.UpdateService", lambda params, **_: started.append(json.loads(params["body"]))
        )
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "_client", spied)
        yield started


def test_complaint_15_services_with_the_secret_are_started_anew(stack: Stack, services: list[Any]) -> None:
    stack.rotate()
    assert sorted(asked["service"] for asked in services) == sorted(f"api-{number}" for number in range(11))
    assert all(asked["forceNewDeployment"] and asked["cluster"] == "shop-dev" for asked in services)


def test_complaint_15_a_service_that_refuses_does_not_keep_the_others_from_it(
    stack: Stack, services: list[Any], aws: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = aws("ecs")
    ecs.deregister_task_definition(taskDefinition="api-3:1")
    ecs.delete_task_definitions(taskDefinitions=["api-3:1"])
    stack.rotate()
    assert sorted(asked["service"] for asked in services) == sorted(f"api-{number}" for number in range(11) if number != 3)
    assert "service api-3 keeps the old login until its next deployment" in capsys.readouterr().out


def test_complaint_15_a_cluster_that_refuses_does_not_fail_the_rotation(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECS_CLUSTER", "gone")
    assert works(stack.rotate()["url"])
    assert "services were not started anew and keep the login before" in capsys.readouterr().out


def test_no_password_is_logged(stack: Stack, services: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert services == []
    value = stack.rotate()
    handler({"Step": "address"})
    printed = "".join(capfd.readouterr())
    assert "finish: the login is" in printed
    assert value["password"] not in printed
    assert FIRST not in printed


def test_a_secret_that_is_gone_is_one_sentence(stack: Stack) -> None:
    stack.secrets.delete_secret(SecretId=stack.application, ForceDeleteWithoutRecovery=True)
    with pytest.raises(RotationFailed, match=r"the secret arn:aws:secretsmanager:.*:secret:shop/dev/db-\w+ does not exist"):
        stack.rotate()


def test_an_unknown_step(stack: Stack) -> None:
    with pytest.raises(RotationFailed, match="there is no step 'dance'; the steps are createSecret"):
        stack.step("dance", "t")


@pytest.mark.parametrize("times", [2, 50])
def test_throttling_is_waited_out_and_then_said(stack: Stack, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    throttle_secrets(monkeypatch, times)
    if times == 2:
        assert works(stack.rotate()["url"])
    else:
        with pytest.raises(RotationFailed, match=r"createSecret: AWS refused: .*ThrottlingException.*reached max retries"):
            stack.rotate()


def test_aws_out_of_reach_is_one_sentence(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RotationFailed, match=r"createSecret: AWS cannot be reached: .*check the network's NAT or endpoints"):
        stack.rotate()
