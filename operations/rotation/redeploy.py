"""Starts the services anew that were started with a secret: ECS reads a secret only when a task starts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

AT_ONCE = 10
"""Most services that one DescribeServices takes."""


def redeploy(ecs: Any, cluster: str, secret: str, log: Callable[[str], None]) -> list[str]:
    """Force a new deployment of every service of *cluster* whose containers get the secret (ARN) *secret*; their names.

    *ecs*: a boto3 client. One service that cannot be redeployed does not keep the others from it.
    """
    done = []
    for service in _services(ecs, cluster):
        name = service["serviceName"]
        try:
            if secret in _secrets_of(ecs, service["taskDefinition"]):
                ecs.update_service(cluster=cluster, service=name, forceNewDeployment=True)
                done.append(name)
        except ecs.exceptions.ClientError as error:
            log(f"service {name} keeps the old login until its next deployment: {error}")
    return done


def _services(ecs: Any, cluster: str) -> Iterator[dict[str, Any]]:
    for page in ecs.get_paginator("list_services").paginate(cluster=cluster, PaginationConfig={"PageSize": AT_ONCE}):
        if page["serviceArns"]:
            found = ecs.describe_services(cluster=cluster, services=page["serviceArns"])["services"]
            yield from (service for service in found if service["status"] == "ACTIVE")


def _secrets_of(ecs: Any, definition: str) -> set[str]:
    """ARNs of the secrets in a task definition; what follows the seventh part of `valueFrom` is a key in the JSON."""
    containers = ecs.describe_task_definition(taskDefinition=definition)["taskDefinition"]["containerDefinitions"]
    return {":".join(secret["valueFrom"].split(":")[:7]) for container in containers for secret in container.get("secrets", [])}
