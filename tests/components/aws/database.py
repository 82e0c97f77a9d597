"""A database alone on mocks, with two workloads that it lets in, for the tests of its parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
import pytest

from components import contract
from components.aws.alarms import Alarm
from components.aws.aurora import Aurora
from components.aws.classes import Node
from components.aws.network import AwsNetwork
from components.aws.postgres import AwsPostgres
from components.aws.rds import Rds
from components.config import load_settings, scope_of
from components.environment import Access
from components.settings.platform import AlarmSettings
from tests.components.made import Made, Workload
from tests.recorder import record

BACKENDS: dict[str, type[AwsPostgres]] = {"aurora": Aurora, "rds": Rds}
EXISTING = {
    "existing": {
        "id": "vpc-1",
        "public_subnets": ["subnet-p1", "subnet-p2"],
        "application_subnets": ["subnet-a1", "subnet-a2", "subnet-a3"],
        "database_subnets": ["subnet-d1", "subnet-d2", "subnet-d3"],
    },
    "zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"],
}
"""A network of somebody else: that saves each test from making one."""


@dataclass
class DatabaseMade(Made):
    """What a stack with a database and nothing else registers, and what the database gives to others."""

    nodes: Sequence[Node]
    alarms: Sequence[Alarm]
    application: Access
    owner: Access


def aurora(tier: str = "dev", **settings: Any) -> DatabaseMade:
    """An Aurora stack of *tier* with *settings* under ``database``; ``network`` and ``app`` go where they belong."""
    return _made(json.dumps({"tier": tier, "backend": "aurora", **settings}, sort_keys=True))


def rds(tier: str = "dev", **settings: Any) -> DatabaseMade:
    """The same with RDS."""
    return _made(json.dumps({"tier": tier, "backend": "rds", **settings}, sort_keys=True))


DATABASES: dict[str, Callable[..., DatabaseMade]] = {
    "aurora": lambda **change: aurora(**change),
    "rds": lambda **change: rds(**change),
    "rds with a reader": lambda **change: rds(readers=1, **change),
}
"""All that a database can be, for what must hold of each."""
BOTH = pytest.mark.parametrize("make", DATABASES.values(), ids=DATABASES)


def statements(made: DatabaseMade, policy: str) -> list[dict[str, Any]]:
    """Statements of the inline policy *policy* of a role."""
    return list(json.loads(made.inputs(policy)["policy"])["Statement"])


@cache
def _made(text: str) -> DatabaseMade:
    given = json.loads(text)
    stack = {"network": EXISTING, **{key: given.pop(key) for key in ("tier", "network", "app") if key in given}}
    config = {"app": "shop", "provider": "aws", "alarms": {"emails": ["ops@example.com"]}, **stack, "database": given}
    kept: dict[str, Any] = {}

    def program() -> None:
        settings = load_settings()
        scope = scope_of(settings)
        network = AwsNetwork("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        args = contract.PostgresArgs(scope=scope, settings=settings.database, network=network)
        database = BACKENDS[settings.database.backend]("database", args)
        kept.update(nodes=database.nodes, alarms=database.alarms(AlarmSettings()))
        roles: tuple[contract.DatabaseRole, ...] = ("application", "owner")
        for role in roles:
            access = kept[role] = database.grant_connect(Workload(role), role)
            for key, value in access.environment.items():
                pulumi.export(f"{role} {key}", value)
            pulumi.export(f"rights {role}", access.permissions)
        pulumi.export("connect", database.connect_command)
        pulumi.export("database", database.connection.outputs())

    return DatabaseMade(recording=record(program, config), **kept)
