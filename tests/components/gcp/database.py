"""A Cloud SQL database alone on mocks, with two workloads that it lets in, for the tests of its parts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi

from components import contract
from components.config import load_settings, scope_of
from components.environment import Access
from components.gcp.instance import Node
from components.gcp.network import GcpNetwork
from components.gcp.postgres import CloudSql
from tests.components.made import Made, Workload
from tests.recorder import record

INSTANCE, REPLICA = "database-instance", "database-replica-1"
EXISTING = {
    "id": "projects/net/global/networks/shared",
    "application_subnets": ["projects/net/regions/asia-northeast1/subnetworks/apps"],
}
"""A network of somebody else."""


@dataclass
class DatabaseMade(Made):
    """What a stack with a database and nothing else registers, and what the database gives to others."""

    nodes: Sequence[Node]
    application: Access
    owner: Access

    def settings(self, name: str = INSTANCE) -> dict[str, Any]:
        """Settings of the instance *name*."""
        found: dict[str, Any] = self.inputs(name)["settings"]
        return found

    def flags(self, name: str = INSTANCE) -> dict[str, str]:
        return {flag["name"]: flag["value"] for flag in self.settings(name)["databaseFlags"]}


def cloud_sql(tier: str = "dev", **settings: Any) -> DatabaseMade:
    """A stack of *tier* with *settings* under ``database``; ``network`` goes where it belongs."""
    return _made(json.dumps({"tier": tier, **settings}, sort_keys=True))


ALL: dict[str, Callable[..., DatabaseMade]] = {
    "alone": lambda tier="dev", **change: cloud_sql(tier, readers=0, **change),
    "with readers": lambda tier="dev", **change: cloud_sql(tier, readers=2, **change),
    "by psc": lambda tier="dev", **change: cloud_sql(tier, network={"private_access": "psc"}, readers=1, **change),
    "enterprise plus": lambda tier="dev", **change: cloud_sql(tier, edition="enterprise-plus", pooling={}, readers=1, **change),
    "in an existing VPC": lambda tier="dev", **change: cloud_sql(tier, network={"existing": EXISTING}, readers=1, **change),
}
"""All that a database can be, for what must hold of each."""


@cache
def _made(text: str) -> DatabaseMade:
    given = json.loads(text)
    stack = {key: given.pop(key) for key in ("tier", "network") if key in given}
    config = {"app": "shop", "provider": "gcp", "alarms": {"emails": ["ops@example.com"]}, **stack, "database": given}
    kept: dict[str, Any] = {}

    def program() -> None:
        settings = load_settings()
        scope = scope_of(settings)
        network = GcpNetwork("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        database = CloudSql("database", contract.PostgresArgs(scope=scope, settings=settings.database, network=network))
        kept["nodes"] = database.nodes
        roles: tuple[contract.DatabaseRole, ...] = ("application", "owner")
        for role in roles:
            access = kept[role] = database.grant_connect(Workload(role), role)
            for key, value in access.environment.items():
                pulumi.export(f"{role} {key}", value)
        network.workloads_are_there()
        pulumi.export("connect", database.connect_command)
        pulumi.export("database", database.connection.outputs())

    return DatabaseMade(recording=record(program, config), **kept)
