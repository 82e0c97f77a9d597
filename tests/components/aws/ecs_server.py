"""ECS and CloudWatch Logs of moto, over HTTP, with tasks that end as a test says."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.request import Request, urlopen

import boto3  # type: ignore[import-untyped]
import pytest
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.logs.models import logs_backends
from moto.moto_api import state_manager

ACCOUNT, REGION = "123456789012", "ap-northeast-1"
CLUSTER, CONTAINER, GROUP = "shop-dev", "job-migrate", "/shop-dev/job-migrate"
TASK = "ecs::task"


@dataclass
class Ending:
    """How the next task ends."""

    exit_code: int | None = 0
    reason: str = "Essential container in task exited"
    container_reason: str | None = None
    began: bool = True
    log: tuple[str, ...] = ()


@dataclass
class EcsServer:
    """A cluster with one task definition, and what happens in it. Tasks stop after being looked at a few times."""

    url: str
    monkeypatch: pytest.MonkeyPatch
    endings: list[Ending] = field(default_factory=list)
    """One for each start; the last one for all others."""
    refusals: dict[str, list[Exception]] = field(default_factory=dict)
    """What the server answers to an operation, in turn, before it does it."""
    failures: list[str] = field(default_factory=list)
    """Reasons for which RunTask places nothing, in turn."""
    before: dict[str, Callable[[], object]] = field(default_factory=dict)
    """What happens on the server just before an operation."""
    asked: list[str] = field(default_factory=list)
    """Operations that reached the server."""

    def __post_init__(self) -> None:
        environment = {"AWS_ENDPOINT_URL": self.url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
        for key, value in {**environment, "AWS_EC2_METADATA_DISABLED": "true"}.items():
            self.monkeypatch.setenv(key, value)
        boto3.DEFAULT_SESSION = None
        urlopen(Request(f"{self.url}/moto-api/reset", method="POST")).close()
        for operation in ("run_task", "describe_tasks", "list_tasks", "stop_task", "describe_services"):
            self.monkeypatch.setattr(EC2ContainerServiceBackend, operation, self._watched(operation))
        self.monkeypatch.setattr(EC2ContainerServiceResponse, "run_task", self._run_task())
        self.ends()
        self.ecs = boto3.client("ecs", region_name=REGION)
        self.ecs.create_cluster(clusterName=CLUSTER)
        self.logs = boto3.client("logs", region_name=REGION)
        self.logs.create_log_group(logGroupName=GROUP)
        ec2 = boto3.client("ec2", region_name=REGION)
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        # moto gives the task an address with a name only then
        ec2.modify_vpc_attribute(VpcId=vpc, EnableDnsHostnames={"Value": True})
        self.subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        self.group = ec2.create_security_group(VpcId=vpc, GroupName="g", Description="d")["GroupId"]
        self.definition = self.register()

    def register(self) -> str:
        """A new revision of the task definition."""
        answer = self.ecs.register_task_definition(
            family="shop-dev-job-migrate",
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[{"name": CONTAINER, "image": "operations:1", "memory": 512}],
        )
        return str(answer["taskDefinition"]["taskDefinitionArn"])

    def ends(self) -> None:
        state_manager.set_transition(TASK, {"progression": "manual", "times": 1})

    def never_ends(self) -> None:
        state_manager.set_transition(TASK, {"progression": "manual", "times": 10**9})

    def tasks(self) -> list[Any]:
        return list(ecs_backends[ACCOUNT][REGION].tasks.get(CLUSTER, {}).values())

    def service(self, name: str) -> Any:
        return ecs_backends[ACCOUNT][REGION].services[f"{CLUSTER}:{name}"]

    def _watched(self, operation: str) -> Callable[..., Any]:
        original = getattr(EC2ContainerServiceBackend, operation)

        def call(backend: Any, *args: Any, **options: Any) -> Any:
            self.asked.append(operation)
            self.before.get(operation, list)()
            if self.refusals.get(operation):
                raise self.refusals[operation].pop(0)
            answer = original(backend, *args, **options)
            for task in answer if operation == "run_task" else ():
                self._prepare(task)
            if operation == "list_tasks" and "STOPPED" not in args:
                # as AWS does, and moto does not: without a wish only those that are to run
                return [task for task in answer if task.status != "STOPPED"]
            return answer

        return call

    def _run_task(self) -> Callable[[Any], Any]:
        original = EC2ContainerServiceResponse.run_task

        def answer(response: Any) -> Any:
            if not self.failures:
                return original(response)
            self.asked.append("run_task")
            return ActionResult({"tasks": [], "failures": [{"reason": self.failures.pop(0)}]})

        return answer

    def _prepare(self, task: Any) -> None:
        ending = self.endings.pop(0) if len(self.endings) > 1 else (self.endings or [Ending()])[0]
        container = task.containers[0]
        container.exitCode, container.reason = ending.exit_code, ending.container_reason
        task.stopped_reason = ending.reason
        task.stop_code = "EssentialContainerExited" if ending.began else "TaskFailedToStart"
        if ending.began:
            task.started_at = datetime.now(UTC)
        if ending.log:
            stream = f"ecs/{CONTAINER}/{task.id}"
            logs = logs_backends[ACCOUNT][REGION]
            logs.create_log_stream(GROUP, stream)
            now = int(datetime.now(UTC).timestamp() * 1000)
            logs.put_log_events(GROUP, stream, [{"timestamp": now + at, "message": text} for at, text in enumerate(ending.log)])


def refused(code: str, message: str = "no") -> Exception:
    """An error as AWS answers it."""
    return JsonRESTError(code, message)


def wire(values: dict[str, Any]) -> dict[str, Any]:
    """Properties as the engine hands them to a dynamic provider: numbers are floats, its own key among them."""
    return {**json.loads(json.dumps(values), parse_int=float), "__provider": "opaque"}
