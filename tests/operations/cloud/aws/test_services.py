"""Services on moto's ECS: what runs, what ran, and roll-backs that look like successes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult
from moto.ecs.models import EC2ContainerServiceBackend, ecs_backends
from moto.ecs.responses import EC2ContainerServiceResponse

from operations.cloud.aws.services import AwsServices
from operations.errors import OperationError, Refused

CONTAINER, NOW = "service-api", datetime(2026, 11, 21, 12, tzinfo=UTC)
REPOSITORY = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/shop-dev/api"


class Ecs:
    """A cluster with the service ``api`` on version 1, and AWS's memory of its deployments, which moto has none of."""

    def __init__(self, client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> None:
        self.ecs = client("ecs")
        self.ecs.create_cluster(clusterName="shop-dev")
        self.versions: list[str] = []
        self.history: list[dict[str, Any]] = []
        self.tasks: list[dict[str, Any]] = []
        self.register()
        self.ecs.create_service(cluster="shop-dev", serviceName="api", taskDefinition=self.versions[0], desiredCount=2)
        self.service().deployments[0]["rolloutState"] = "COMPLETED"
        respond = monkeypatch.setattr
        respond(EC2ContainerServiceResponse, "list_service_deployments", lambda response: self._list(response), raising=False)
        respond(
            EC2ContainerServiceResponse, "describe_service_revisions", lambda response: self._revisions(response), raising=False
        )
        respond(EC2ContainerServiceBackend, "list_tasks", lambda *args, **asked: [Arn(one["taskArn"]) for one in self.tasks])
        respond(EC2ContainerServiceResponse, "describe_tasks", lambda response: ActionResult({"tasks": self.tasks}))

    def register(self, **container: Any) -> str:
        number = len(self.versions) + 1
        made = {"name": CONTAINER, "image": f"{REPOSITORY}:{number}", "memory": 512, **container}
        answer = self.ecs.register_task_definition(family="shop-dev-service-api", containerDefinitions=[made])
        self.versions.append(answer["taskDefinition"]["taskDefinitionArn"])
        return self.versions[-1]

    def runs(self, version: int, *, health: str = "UNKNOWN", count: int = 2) -> None:
        self.tasks += [
            {
                "taskArn": f"arn:aws:ecs:ap-northeast-1:123456789012:task/shop-dev/{version}{number}",
                "taskDefinitionArn": self.versions[version - 1],
                "lastStatus": "RUNNING",
                "healthStatus": health,
                "containers": [{"name": CONTAINER, "imageDigest": f"sha256:{version}"}],
            }
            for number in range(count)
        ]

    def deployed(self, version: int, status: str = "SUCCESSFUL", reason: str = "") -> None:
        at = NOW + timedelta(hours=len(self.history))
        entry = {"targetServiceRevisionArn": f"revision/{version}", "status": status, "createdAt": at.timestamp()}
        self.history.append({**entry, **({"statusReason": reason} if reason else {})})

    def service(self) -> Any:
        return ecs_backends["123456789012"]["ap-northeast-1"].services["shop-dev:api"]

    @property
    def control(self) -> AwsServices:
        api = {"cluster": "shop-dev", "service": "api", "container": CONTAINER, "log_group": "g", "image": "api:1"}
        return AwsServices({"region": "ap-northeast-1", "services": {"api": api}})

    def _list(self, response: Any) -> ActionResult:
        """In pages of two."""
        start = int(response._get_param("nextToken") or 0)
        following = {"nextToken": str(start + 2)} if start + 2 < len(self.history) else {}
        return ActionResult({"serviceDeployments": self.history[start : start + 2], **following})

    def _revisions(self, response: Any) -> ActionResult:
        found = []
        for arn in response._get_param("serviceRevisionArns"):
            number = int(arn.rpartition("/")[2])
            image = {"containerName": CONTAINER, "image": f"{REPOSITORY}:{number}", "imageDigest": f"sha256:{number}"}
            version = self.versions[number - 1]
            found.append({"serviceRevisionArn": arn, "taskDefinition": version, "containerImages": [image]})
        return ActionResult({"serviceRevisions": found})


class Arn:
    def __init__(self, arn: str) -> None:
        self.task_arn = arn


@pytest.fixture
def ecs(client: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Ecs:
    return Ecs(client, monkeypatch)


def test_a_service_that_runs(ecs: Ecs) -> None:
    ecs.runs(1)
    ecs.deployed(1)
    found = ecs.control.running("api")
    assert found.image == f"{REPOSITORY}:1@sha256:1"
    assert found.version == "shop-dev-service-api:1"
    assert (found.desired, found.healthy, found.settled, found.failed) == (2, 2, True, "")
    assert ecs.control.names() == ["api"]


def test_the_version_before_runs_until_the_new_one_is_healthy(ecs: Ecs) -> None:
    ecs.runs(1)
    ecs.register(healthCheck={"command": ["CMD", "true"]})
    ecs.deployed(1)
    ecs.deployed(2, "IN_PROGRESS")
    ecs.runs(2)
    before = ecs.service().deployments[0]
    ecs.service().deployments = [
        {**before, "status": "ACTIVE"},
        {**before, "taskDefinition": ecs.versions[1], "rolloutState": "IN_PROGRESS"},
    ]
    found = ecs.control.running("api")
    assert (found.version, found.healthy, found.settled) == ("shop-dev-service-api:1", 2, False)
    ecs.tasks[-1]["healthStatus"] = "HEALTHY"
    found = ecs.control.running("api")
    assert (found.version, found.healthy, found.settled) == ("shop-dev-service-api:2", 1, False)


def test_a_roll_back_that_ended_well_is_no_success(ecs: Ecs) -> None:
    ecs.runs(1)
    ecs.deployed(1)
    ecs.deployed(2, "ROLLBACK_SUCCESSFUL", "Service deployment rolled back because of circuit breaker.")
    found = ecs.control.running("api")
    assert (found.version, found.settled) == ("shop-dev-service-api:1", True)
    assert found.failed == "Service deployment rolled back because of circuit breaker."
    ecs.deployed(1)
    assert ecs.control.running("api").failed == "", "a later one was good"


def test_versions_that_ran(ecs: Ecs) -> None:
    """Only the good ones, newest first, each once; what never got healthy cannot be gone back to."""
    ecs.runs(1)
    for _ in range(2):
        ecs.register()
    for version, status in ((1, "SUCCESSFUL"), (2, "ROLLBACK_SUCCESSFUL"), (3, "SUCCESSFUL"), (1, "SUCCESSFUL")):
        ecs.deployed(version, status)
    assert ecs.control.versions("api") == [
        ("shop-dev-service-api:1", f"{REPOSITORY}:1@sha256:1"),
        ("shop-dev-service-api:3", f"{REPOSITORY}:3@sha256:3"),
    ]


def test_a_version_that_aws_has_forgotten_the_deployment_of(ecs: Ecs) -> None:
    ecs.runs(1)
    assert ecs.control.versions("api") == [("shop-dev-service-api:1", f"{REPOSITORY}:1@sha256:1")]


def test_what_aws_throttles_is_tried_again(ecs: Ecs, monkeypatch: pytest.MonkeyPatch) -> None:
    ecs.runs(1)
    describe, left = EC2ContainerServiceBackend.describe_services, iter(range(3))

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        if next(left, None) is not None:
            raise JsonRESTError("ThrottlingException", "Rate exceeded")
        return describe(backend, *args, **asked)

    monkeypatch.setattr(EC2ContainerServiceBackend, "describe_services", answer)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    assert ecs.control.running("api").healthy == 2


def test_a_right_that_is_missing(ecs: Ecs, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*args: Any, **asked: Any) -> Any:
        raise JsonRESTError("AccessDeniedException", "User: u is not authorized")

    monkeypatch.setattr(EC2ContainerServiceBackend, "describe_services", answer)
    with pytest.raises(OperationError, match=r"cannot look at service api .*: AWS denies it .*; allow ecs:List"):
        ecs.control.running("api")


def test_services_that_are_not_there(ecs: Ecs) -> None:
    with pytest.raises(Refused, match="no service 'web'; its services are api"):
        ecs.control.running("web")
    ecs.ecs.delete_service(cluster="shop-dev", service="api", force=True)
    with pytest.raises(OperationError, match="somebody deleted it"):
        ecs.control.running("api")
