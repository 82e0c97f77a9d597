"""The check that a service really runs its new version. A roll-back that ends well is no success (pulumi-aws#4487)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.aws.providers.calls import AwsError, client, doing
from components.aws.providers.stopped import LogPlace, hint, reason
from components.dynamic import CheckProvider

POLL_SECONDS = 5.0
SHOWN = 3
"""Reasons and events of ECS that a sentence holds."""
TROUBLE = ("unhealthy", "unable", "failed", "rolling back", "error")
"""Words of the events that explain a failure."""


class DeploymentCheckProvider(CheckProvider):
    """A change of what is in ``again`` is a new deployment to look at."""

    keys = ("region", "cluster", "service", "task_definition", "container", "log_group", "timeout_seconds")
    again = ("cluster", "service", "task_definition")
    subject = "service"
    seen = "deployment"

    def look(self, values: Mapping[str, Any]) -> str:
        return _settled(values)


def _settled(values: Mapping[str, Any]) -> str:
    """The id of the deployment that runs the wanted version once it is complete, or one sentence raised."""
    ecs, end = client("ecs", values["region"]), time.monotonic() + values["timeout_seconds"]
    with doing(f"look at service {values['service']} in {values['region']}", right="ecs:DescribeServices, ecs:DescribeTasks"):
        while True:
            service = _service(ecs, values)
            primary: dict[str, Any] = next((item for item in service["deployments"] if item["status"] == "PRIMARY"), {})
            state = primary.get("rolloutState", "COMPLETED")
            if primary.get("taskDefinition") != values["task_definition"]:
                raise AwsError(_failure(ecs, values, service, f"ECS went back to {_short(primary.get('taskDefinition'))}"))
            if state == "COMPLETED":
                return str(primary["id"])
            if state == "FAILED":
                raise AwsError(
                    _failure(ecs, values, service, "its containers do not get healthy, and nothing is there to go back to")
                )
            if time.monotonic() >= end:
                why = f"it is still being deployed after {values['timeout_seconds']} seconds"
                raise AwsError(_failure(ecs, values, service, why))
            time.sleep(POLL_SECONDS)


def _service(ecs: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    found = ecs.describe_services(cluster=values["cluster"], services=[values["service"]])["services"]
    if not found or found[0]["status"] != "ACTIVE":
        raise AwsError(
            f"there is no service {values['service']} on cluster {values['cluster']} in {values['region']}: "
            "somebody deleted it; run `pulumi refresh`, then `pulumi up`, which makes it again"
        )
    return dict(found[0])


def _failure(ecs: Any, values: Mapping[str, Any], service: Mapping[str, Any], what: str) -> str:
    """One sentence on what happened, then what ECS and the containers of the new version say."""
    tasks = _stopped_tasks(ecs, values)
    reasons = list(dict.fromkeys(reason(task) for task in tasks))[:SHOWN]
    events = [event["message"] for event in service.get("events", ()) if any(word in event["message"] for word in TROUBLE)]
    said = reasons or events[:SHOWN] or ["ECS gives no reason"]
    lines = [
        f"service {values['service']} does not run its new version {_short(values['task_definition'])}: {what}. "
        f"Reason: {' | '.join(said)}{hint(' '.join(said))}."
    ]
    if tasks:
        place = LogPlace(values["log_group"], values["container"])
        lines.append(place.tail(client("logs", values["region"]), tasks[0]["taskArn"]))
    return "\n".join(lines)


def _stopped_tasks(ecs: Any, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Stopped tasks of the wanted version, the newest first. ECS remembers them for an hour."""
    arns = ecs.list_tasks(cluster=values["cluster"], serviceName=values["service"], desiredStatus="STOPPED")["taskArns"]
    tasks = ecs.describe_tasks(cluster=values["cluster"], tasks=arns)["tasks"] if arns else []
    wanted = [task for task in tasks if task["taskDefinitionArn"] == values["task_definition"]]
    return sorted(wanted, key=lambda task: str(task.get("stoppedAt", task.get("createdAt", ""))), reverse=True)


def _short(task_definition: object) -> str:
    """``family:revision`` of an ARN."""
    return str(task_definition).rpartition("/")[2]


class DeploymentCheck(Resource, module="aws", name="DeploymentCheck"):
    """Fails the deployment, in one sentence with ECS's reasons, unless the service runs *task_definition*."""

    deployment: pulumi.Output[str]
    """Id of the deployment that is complete."""

    def __init__(
        self,
        resource_name: str,
        *,
        region: str,
        cluster: pulumi.Input[str],
        service: pulumi.Input[str],
        task_definition: pulumi.Input[str],
        container: str,
        log_group: pulumi.Input[str],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """*timeout_seconds*: a deployment that takes longer has failed."""
        properties = {
            **{"region": region, "cluster": cluster, "service": service, "task_definition": task_definition},
            **{"container": container, "log_group": log_group, "timeout_seconds": timeout_seconds, "deployment": None},
        }
        super().__init__(DeploymentCheckProvider(), resource_name, properties, opts)
