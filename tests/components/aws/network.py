"""A network alone on mocks, for the tests of its parts."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from components.aws.network import AwsNetwork
from components.config import load_settings, scope_of
from components.contract import NetworkArgs
from tests.recorder import Recording, record

ENDPOINTS = ["ecr", "logs", "secretsmanager"]
EXISTING = {
    "id": "vpc-1",
    "public_subnets": ["subnet-p1", "subnet-p2"],
    "application_subnets": ["subnet-a1", "subnet-a2"],
    "database_subnets": ["subnet-d1", "subnet-d2"],
}


def network_alone(
    then: Callable[[AwsNetwork], Any] = lambda network: None,
    *,
    tier: str = "dev",
    region: str = "ap-northeast-1",
    **settings: Any,
) -> Recording:
    """What a network of *settings* registers; *then* may use it."""

    def program() -> None:
        found = load_settings()
        then(AwsNetwork("network", NetworkArgs(scope=scope_of(found), settings=found.network)))

    alarms = {"emails": ["ops@example.com"]}
    return record(
        program, {"app": "shop", "provider": "aws", "tier": tier, "region": region, "alarms": alarms, "network": settings}
    )


def statements(recording: Recording, name: str) -> list[dict[str, Any]]:
    """Statements of the policy that the resource *name* holds."""
    policies = [resource.inputs["policy"] for resource in recording.resources.values() if resource.name == name]
    found: list[dict[str, Any]] = json.loads(policies[0])["Statement"]
    return found
