"""An instance with its logins alone on mocks, and two workloads that are let in, for the tests of what Credentials makes."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components import contract
from components.config import load_settings, scope_of
from components.environment import Access, Connection
from components.gcp.component import GcpComponent
from components.gcp.credentials import CA_FILE, SSL_MODE, Credentials, certificates_of
from components.gcp.network import GcpNetwork
from tests.components.made import Made, Workload
from tests.recorder import record

EXISTING = {
    "existing": {
        "id": "projects/p/global/networks/n",
        "application_subnets": ["projects/p/regions/asia-northeast1/subnetworks/s"],
    }
}
"""A network of somebody else: that saves each test from making one."""


class Database(GcpComponent):
    """As much of a database as its logins need."""

    TYPE = "Probe"

    def __init__(self, name: str, network: GcpNetwork) -> None:
        super().__init__(name)
        self.network = network


@dataclass
class LoginsMade(Made):
    """What was registered, and what each role is started with."""

    application: Access
    owner: Access

    def value(self, role: str) -> str:
        """What is written into the secret *role*; fails where the engine does not know it as a secret."""
        return str(self.inputs(f"database-secret-{role}-version")["secretDataWo"]["value"])

    def stamp(self, role: str) -> str:
        return str(self.inputs(f"database-secret-{role}-version")["secretDataWoVersion"])

    def references(self, role: str) -> dict[str, Any]:
        """Secret variables: id, key, secret and version."""
        return dict(self.recording.outputs[f"secrets {role}"])


def logins(tier: str = "dev", *, app: str = "shop", host: str = "10.0.0.3", port: int = 5432, **settings: Any) -> LoginsMade:
    """The logins of a stack of *tier* with *settings* under ``database``."""
    return _made(json.dumps({"tier": tier, "app": app, "host": host, "port": port, "database": settings}, sort_keys=True))


@cache
def _made(text: str) -> LoginsMade:
    given = json.loads(text)
    host, port = given.pop("host"), given.pop("port")
    config = {"provider": "gcp", "alarms": {"emails": ["ops@example.com"]}, "network": EXISTING, **given}
    kept: dict[str, Access] = {}

    def program() -> None:
        settings = load_settings()
        scope = scope_of(settings)
        network = GcpNetwork("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        component = Database("database", network)
        instance = gcp.sql.DatabaseInstance(
            "database-instance", name="shop-dev-0a1b2c3d", database_version="POSTGRES_17", opts=component.child()
        )
        database = gcp.sql.Database("database-database", instance=instance.name, opts=component.child())
        certificates = [certificates_of(instance), pulumi.Output.from_input("of the replica\n")]
        credentials = Credentials(
            component,
            scope,
            settings.database,
            instance=instance,
            database=database,
            certificates=certificates,
            host=host,
            port=port,
        )
        connection = Connection(
            host=pulumi.Output.from_input(host),
            reader_host=pulumi.Output.from_input(host),
            port=pulumi.Output.from_input(port),
            database=pulumi.Output.from_input("app"),
            application=credentials.application,
            admin=credentials.admin,
            ca=pulumi.Output.from_input(CA_FILE),
            ssl_mode=SSL_MODE,
        )
        roles: tuple[contract.DatabaseRole, ...] = ("application", "owner")
        for role in roles:
            workload = Workload(role)
            access = kept[role] = credentials.access(connection, workload, role)
            again = credentials.access(connection, workload, role)
            assert {id(item) for item in again.after} == {id(item) for item in access.after}, "asked twice, made once"
            for key, value in access.environment.items():
                pulumi.export(f"{role} {key}", value)
            found = {name: vars(reference) for name, reference in access.secrets.items()}
            found |= {name: vars(reference) for name, reference in access.files.items()}
            pulumi.export(f"secrets {role}", found)

    return LoginsMade(record(program, config), kept["application"], kept["owner"])


def changed(before: Made, after: Made) -> dict[str, set[str]]:
    """Resources whose inputs differ, by name, and which inputs; one that comes or goes differs in all of them."""
    one, other = ({item.name: item.inputs for item in made.recording.resources.values()} for made in (before, after))
    found = {
        name: {
            key
            for key in {*one.get(name, {}), *other.get(name, {})}
            if one.get(name, {}).get(key) != other.get(name, {}).get(key)
        }
        for name in {*one, *other}
    }
    return {name: keys for name, keys in found.items() if keys}
