"""A service of the stack as a supervised process of this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.processes import services
from components.local.host.processes.service_spec import ServiceSpec
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed, needs_mending, status_word

KEYS = (
    *("name", "command", "cwd", "run_dir", "log", "environment", "secrets", "host", "port"),
    *("health", "stop_timeout", "revision", "setting"),
)
PLACE = ("name", "run_dir")
"""A change of these makes another process."""


class HealthArgs(TypedDict, total=False):
    """How the process is asked whether it is well; see :class:`components.local.host.processes.health.Health`."""

    protocol: str
    path: str
    interval: float
    timeout: float
    retries: int
    start_period: float


class ProcessProvider(LocalProvider):
    """Thin over :mod:`components.local.host.processes.services`."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["run_dir"]), self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        values = inputs(props)
        return ReadResult(id_, values | {"status": status_word(services.observe(ServiceSpec.from_json(values)))})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = [key for key in PLACE if changed(olds, news, [key])]
        # Looked at now, too: a process killed outside Pulumi is mended by a plain `up`, without a refresh before.
        seen = status_word(services.observe(ServiceSpec.from_json(inputs(olds))))
        mend = needs_mending(olds.get("status")) or needs_mending(seen)
        return DiffResult(
            changes=bool(replaces) or mend or changed(olds, news, KEYS), replaces=replaces, delete_before_replace=True
        )

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        services.remove(ServiceSpec.from_json(inputs(props)))

    def _converge(self, props: Mapping[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        return values | {"status": status_word(services.ensure(ServiceSpec.from_json(values)))}


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
