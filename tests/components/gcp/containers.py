"""A network, services and jobs of Google Cloud on mocks, beside a database that only says what it grants."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi
import pulumi_random as random

from components import contract as c
from components.config import load_settings, scope_of
from components.environment import Access
from components.gcp.job import GcpJob
from components.gcp.network import GcpNetwork
from components.gcp.secret import PinnedSecret
from components.gcp.service import GcpService
from components.tiers import merge
from tests.recorder import Recording, Registered, record

CA_FILE = "/etc/database/ca.pem"
CONFIG: dict[str, Any] = {
    "app": "shop",
    "provider": "gcp",
    "services": {
        "api": {"image": "api:1", "domain": "api.example.com"},
        "web": {"image": "web:1", "kind": "frontend", "database": False},
        "worker": {"image": "api:1", "public": False},
    },
    "jobs": {
        "migrate": {"image": "operations:1", "when": "deploy", "database_role": "owner", "watch": ["migrations"]},
        "report": {"image": "api:1", "when": "schedule", "schedule": "0 1 * * *"},
        "load": {"image": "api:1", "command": ["python", "-m", "load"]},
    },
}


class Database(c.ManagedPostgres):
    """Grants what Cloud SQL grants."""

    def grant_connect(self, workload: c.Workload, role: c.DatabaseRole = "application") -> Access:
        granted = random.RandomId(f"{workload.name}-granted", byte_length=1, opts=workload.child())
        return Access(
            environment={"DB_HOST": "10.0.0.3", "DB_USER": role},
            secrets={"DB_PASSWORD": PinnedSecret(id="projects/p/secrets/db", key="password", secret=f"db-{role}", version="7")},
            files={CA_FILE: PinnedSecret(id="projects/p/secrets/db-ca", secret="db-ca", version="2")},
            after=[granted],
        )


class Ingress(c.Ingress):
    """Notes who attached, and what was there then."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.attached: dict[str, pulumi.Output[str]] = {}

    def attach(self, service: c.ContainerService) -> None:
        assert isinstance(service, GcpService)
        self.attached[service.short] = pulumi.Output.all(service.service.name, service.url).apply(lambda pair: " ".join(pair))

    def publish(self) -> None:
        self.finish(urls=pulumi.Output.all(**self.attached))


def program() -> None:
    settings = load_settings()
    scope = scope_of(settings)
    network = GcpNetwork("network", c.NetworkArgs(scope=scope, settings=settings.network))
    grants, ingress = c.Grants(database=Database("database")), Ingress("ingress")
    jobs = {
        name: GcpJob(f"job-{name}", c.JobArgs(scope=scope, settings=job, network=network, grants=grants))
        for name, job in settings.jobs.items()
    }
    first = [job for job in jobs.values() if job.settings.when == "deploy"]
    services = {
        name: GcpService(
            f"service-{name}",
            c.ServiceArgs(scope=scope, settings=service, network=network, grants=grants, ingress=ingress, after=first),
        )
        for name, service in settings.services.items()
    }
    ingress.publish()
    pulumi.export("urls", ingress.urls)
    pulumi.export("services", {name: service.url for name, service in services.items()})
    pulumi.export("jobs", {name: job.run_command for name, job in jobs.items()})


def containers(tier: str = "dev", **change: Any) -> Recording:
    """What the program registers for :data:`CONFIG` with *change* merged over it. Public services have domains, but in dev."""
    real = {"services": {"web": {"domain": "www.example.com"}}, "alarms": {"emails": ["ops@example.com"]}}
    given = merge({**CONFIG, "tier": tier}, {} if tier == "dev" else real)
    return _recorded(json.dumps(merge(given, change), sort_keys=True))


@cache
def _recorded(text: str) -> Recording:
    return record(program, json.loads(text))


def service(name: str = "api", tier: str = "dev", **change: Any) -> Registered:
    return containers(tier, **change).of_type("cloudrunv2/service:Service")[f"service-{name}-run"]


def job(name: str = "load", tier: str = "dev", **change: Any) -> Registered:
    return containers(tier, **change).of_type("cloudrunv2/job:Job")[f"job-{name}-job"]


def container_of(found: Registered) -> dict[str, Any]:
    """The one container of a service or job, variables as a map."""
    template = found.inputs["template"]
    (only,) = template.get("template", template)["containers"]
    return {**only, "envs": {item["name"]: item.get("value", item.get("valueSource")) for item in only["envs"]}}


def needs(found: Registered) -> set[str]:
    """Logical names of what *found* waits for."""
    given = found.options.depends_on
    return {item._name for item in given} if isinstance(given, list) else set()
