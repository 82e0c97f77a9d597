"""A service of the stack as a supervised process of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypedDict

import pulumi
from pulumi.dynamic import Resource

from components.local.host.processes import services
from components.local.host.processes.service_spec import ServiceSpec
from components.local.providers.converging import ConvergingProvider, Values, status_word


class HealthArgs(TypedDict, total=False):
    """How the process is asked whether it is well; see :class:`components.local.host.processes.health.Health`."""

    protocol: str
    path: str
    interval: float
    timeout: float
    retries: int
    start_period: float


class ProcessProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.processes.services`."""

    ID = ("run_dir",)
    PLACE = ("name", "run_dir")
    KEYS = (
        *("command", "cwd", "log", "environment", "secrets", "host", "port"),
        *("health", "stop_timeout", "revision", "setting"),
    )

    def converge(self, values: Values) -> Values:
        return {"status": status_word(services.ensure(ServiceSpec.from_json(values)))}

    def look(self, values: Values) -> Values:
        return {"status": status_word(services.observe(ServiceSpec.from_json(values)))}

    def remove(self, values: Values) -> None:
        services.remove(ServiceSpec.from_json(values))


class SupervisedProcess(Resource, module="local", name="SupervisedProcess"):
    """A command that is kept running, healthy when the resource is made. What ECS and Cloud Run call a service."""

    status: pulumi.Output[str]
    """``running``, or starting, unhealthy, backoff, stopped, absent."""
    log: pulumi.Output[str]
    """Path of its log."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        command: Sequence[pulumi.Input[str]],
        cwd: str,
        run_dir: str,
        log: str,
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
        host: str = "127.0.0.1",
        port: int | None = None,
        health: HealthArgs | None = None,
        stop_timeout: float = 30,
        revision: pulumi.Input[str] = "",
        setting: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See :class:`components.local.host.processes.service_spec.ServiceSpec` for the meaning and units of all of them.

        *secrets* are references (``file:///abs/path.json#key``), never values: they lie in the Pulumi state as given.
        """
        properties = {
            **{"name": name, "command": list(command), "cwd": cwd, "run_dir": run_dir, "log": log},
            **{"environment": dict(environment or {}), "secrets": dict(secrets or {}), "host": host, "port": port},
            **{"health": dict(health) if health else None, "stop_timeout": stop_timeout, "revision": revision},
            **{"setting": setting or f"services.{name}", "status": None},
        }
        super().__init__(ProcessProvider(), resource_name, properties, opts)
