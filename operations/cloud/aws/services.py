"""The services of a stack on ECS: what runs, and what ran before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from operations.cloud.aws.calls import client, doing, everything
from operations.cloud.contract import Running
from operations.errors import OperationError, Refused

GIVEN_UP = frozenset({"ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS", "ROLLBACK_SUCCESSFUL", "ROLLBACK_FAILED", "STOPPED"})
"""States of a deployment whose version does not run. ``ROLLBACK_SUCCESSFUL`` is the one that looks like a success."""
UNDER_WAY = frozenset({"PENDING", "IN_PROGRESS", "STOP_REQUESTED", "ROLLBACK_REQUESTED", "ROLLBACK_IN_PROGRESS"})
SHOWN = 20
"""Versions that are looked up: as many as AWS describes in one call. It keeps deployments for 90 days."""


class AwsServices:
    """Fills :class:`operations.cloud.contract.ServiceControl` for ECS."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._services = handles.get("services") or {}
        self._region = handles["region"]
        self._ecs = client("ecs", self._region)

    def names(self) -> list[str]:
        return sorted(self._services)

    def running(self, service: str) -> Running:
        """``healthy``: running tasks of that version, of which ECS counts those with a health check once it has succeeded."""
        place = self._place(service)
        with doing(
            f"look at service {service} in {self._region}",
            right="ecs:ListServiceDeployments, ecs:ListTasks and ecs:Describe… of services, tasks and task definitions",
        ):
            found, tasks = self._service(service, place), self._tasks(place)
            deployments: list[dict[str, Any]] = sorted(
                found["deployments"], key=lambda one: (one["status"] == "PRIMARY", one["createdAt"]), reverse=True
            )
            healthy = {one["taskDefinition"]: self._healthy(tasks, one["taskDefinition"], place) for one in deployments}
            # a new version takes traffic once one of its tasks is healthy; until then the one before does
            serving = next((one for one in deployments if healthy[one["taskDefinition"]]), deployments[0])
            history = self._history(place)
            return Running(
                image=self._image(serving["taskDefinition"], place, tasks),
                version=_short(serving["taskDefinition"]),
                desired=found["desiredCount"],
                healthy=healthy[serving["taskDefinition"]],
                settled=_settled(deployments, history),
                failed=_failed(deployments, history),
            )

    def versions(self, service: str) -> list[tuple[str, str]]:
        place = self._place(service)
        with doing(
            f"look up what ran of service {service}",
            right="ecs:DescribeServices, ecs:ListServiceDeployments and ecs:DescribeServiceRevisions",
        ):
            present = next(
                one["taskDefinition"] for one in self._service(service, place)["deployments"] if one["status"] == "PRIMARY"
            )
            good = [one["targetServiceRevisionArn"] for one in self._history(place) if one["status"] == "SUCCESSFUL"]
            arns = list(dict.fromkeys(good))[:SHOWN]
            described = self._ecs.describe_service_revisions(serviceRevisionArns=arns)["serviceRevisions"] if arns else []
            ran = {one["serviceRevisionArn"]: one for one in described}
            found = {
                _short(ran[arn]["taskDefinition"]): _revision_image(ran[arn], place["container"]) for arn in arns if arn in ran
            }
            if _short(present) not in found:  # nothing was deployed within the time that AWS remembers
                found = {_short(present): self._image(present, place, self._tasks(place)), **found}
        return list(found.items())

    def _place(self, service: str) -> Mapping[str, Any]:
        if service not in self._services:
            raise Refused(f"the stack has no service '{service}'; its services are {', '.join(self.names()) or 'none'}")
        place: Mapping[str, Any] = self._services[service]
        return place

    def _service(self, service: str, place: Mapping[str, Any]) -> dict[str, Any]:
        found = self._ecs.describe_services(cluster=place["cluster"], services=[place["service"]])["services"]
        if not found or found[0]["status"] != "ACTIVE":
            raise OperationError(
                f"service {service} is not on cluster {place['cluster']}: somebody deleted it; `up` makes it again"
            )
        return dict(found[0])

    def _tasks(self, place: Mapping[str, Any]) -> list[dict[str, Any]]:
        arns = everything(self._ecs, "list_tasks", cluster=place["cluster"], serviceName=place["service"])
        described: list[dict[str, Any]] = []
        for start in range(0, len(arns), 100):
            described += self._ecs.describe_tasks(cluster=place["cluster"], tasks=arns[start : start + 100])["tasks"]
        return [task for task in described if task["lastStatus"] == "RUNNING"]

    def _healthy(self, tasks: Sequence[Mapping[str, Any]], definition: str, place: Mapping[str, Any]) -> int:
        good = ("HEALTHY",) if "healthCheck" in self._container(definition, place) else ("HEALTHY", "UNKNOWN")
        return sum(task["taskDefinitionArn"] == definition and task.get("healthStatus", "UNKNOWN") in good for task in tasks)

    def _container(self, definition: str, place: Mapping[str, Any]) -> Mapping[str, Any]:
        described = self._ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
        found: Mapping[str, Any] = next(one for one in described if one["name"] == place["container"])
        return found

    def _image(self, definition: str, place: Mapping[str, Any], tasks: Sequence[Mapping[str, Any]]) -> str:
        containers = [each for task in tasks if task["taskDefinitionArn"] == definition for each in task["containers"]]
        digest = next((one.get("imageDigest") for one in containers if one["name"] == place["container"]), None)
        return _with_digest(str(self._container(definition, place)["image"]), digest)

    def _history(self, place: Mapping[str, Any]) -> list[dict[str, Any]]:
        """All deployments that AWS remembers, the newest first."""
        found: list[dict[str, Any]] = []
        asked = {"cluster": place["cluster"], "service": place["service"]}
        while True:
            answer = self._ecs.list_service_deployments(**asked)
            found += answer["serviceDeployments"]
            if not answer.get("nextToken"):
                return sorted(found, key=lambda one: one["createdAt"], reverse=True)
            asked["nextToken"] = answer["nextToken"]


def _settled(deployments: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> bool:
    over = not history or history[0]["status"] not in UNDER_WAY
    return over and len(deployments) == 1 and deployments[0].get("rolloutState", "COMPLETED") == "COMPLETED"


def _failed(deployments: Sequence[Mapping[str, Any]], history: Sequence[Mapping[str, Any]]) -> str:
    if history and history[0]["status"] in GIVEN_UP:
        state = str(history[0]["status"]).replace("_", " ").lower()
        return str(history[0].get("statusReason") or f"ECS gives no reason ({state})")
    if deployments[0].get("rolloutState") == "FAILED":
        return str(deployments[0].get("rolloutStateReason") or "ECS gives no reason")
    return ""


def _revision_image(revision: Mapping[str, Any], container: str) -> str:
    found: Mapping[str, Any] = next((one for one in revision.get("containerImages", ()) if one["containerName"] == container), {})
    return _with_digest(str(found.get("image", "")), found.get("imageDigest"))


def _with_digest(image: str, digest: str | None) -> str:
    return f"{image}@{digest}" if digest and "@" not in image else image


def _short(definition: object) -> str:
    """``family:revision`` of an ARN."""
    return str(definition).rpartition("/")[2]
