"""A job that runs as part of a deployment, as the migration does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from components.dynamic import DynamicProvider, changed, inputs
from components.local.host.processes import jobs
from components.local.host.processes.jobs import TIMEOUT, JobSpec

RERUN = ("command", "cwd", "environment", "secrets", "triggers")
"""A change of these runs the job again."""
KEYS = ("name", "run_dir", "log", "timeout", "stop_timeout", "setting", "on_demand", *RERUN)
RESULTS = ("status", "started", "exit_code")


class JobRunProvider(DynamicProvider):
    """Thin over :mod:`components.local.host.processes.jobs`.

    A failed run leaves the resource as it was, so the next `up` runs again.
    """

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["run_dir"]), self._run(props))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        if changed(olds, news, RERUN) or _undone(olds):
            return UpdateResult(self._run(news))
        jobs.write(JobSpec.from_json(inputs(news)))
        return UpdateResult(inputs(news) | {key: olds.get(key) for key in RESULTS})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=changed(olds, news, KEYS) or _undone(olds))

    def _run(self, props: Mapping[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        spec = JobSpec.from_json(values)
        jobs.write(spec)
        state = jobs.observe(spec.run_dir) if values.get("on_demand") else jobs.run(spec)
        return values | {"status": state.state, "started": state.started, "exit_code": state.exit_code}


def _undone(olds: Mapping[str, Any]) -> bool:
    return not olds.get("on_demand") and olds.get("status") != "succeeded"


class JobRun(Resource, module="local", name="JobRun"):
    """A command that ran to its end with exit code 0 before what depends on this resource. Nothing runs at preview."""

    status: pulumi.Output[str]
    """``succeeded``: otherwise the deployment failed."""
    started: pulumi.Output[str]
    """When the last run began, UTC, ISO 8601."""
    exit_code: pulumi.Output[int]
    log: pulumi.Output[str]

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
        triggers: Sequence[pulumi.Input[str]] = (),
        timeout: float = TIMEOUT,
        stop_timeout: float = 10,
        on_demand: bool = False,
        setting: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See :class:`components.local.host.processes.jobs.JobSpec`. *triggers*: any text whose change runs the job again.

        *on_demand*: only made ready, for ``python -m operations run``; never run here.
        """
        properties = {
            **{"name": name, "command": list(command), "cwd": cwd, "run_dir": run_dir, "log": log},
            **{"environment": dict(environment or {}), "secrets": dict(secrets or {}), "triggers": list(triggers)},
            **{"timeout": timeout, "stop_timeout": stop_timeout, "setting": setting or f"jobs.{name}"},
            **{"on_demand": on_demand},
            **{"status": None, "started": None, "exit_code": None},
        }
        super().__init__(JobRunProvider(), resource_name, properties, opts)
