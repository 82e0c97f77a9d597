"""A job that runs at the times of a cron expression while the machine is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.local.host.processes import scheduler
from components.local.host.processes.jobs import TIMEOUT, JobSpec
from components.local.host.processes.scheduler import ScheduleSpec
from components.local.providers.converging import ConvergingProvider, Values, status_word


def _spec(props: Mapping[str, Any]) -> ScheduleSpec:
    run_dir = Path(props["run_dir"])
    job = JobSpec.from_json({**props, "run_dir": str(run_dir / "job")})
    return ScheduleSpec(job=job, cron=props["cron"], timezone=props["timezone"], run_dir=run_dir)


class ScheduledJobProvider(ConvergingProvider):
    """Thin over :mod:`components.local.host.processes.scheduler`."""

    ID = ("run_dir",)
    PLACE = ("name", "run_dir")
    KEYS = (
        *("command", "cwd", "log", "environment", "secrets"),
        *("timeout", "stop_timeout", "setting", "cron", "timezone"),
    )

    def converge(self, values: Values) -> Values:
        return {"status": status_word(scheduler.ensure(_spec(values)))}

    def look(self, values: Values) -> Values:
        return {"status": status_word(scheduler.observe(_spec(values))[0])}

    def remove(self, values: Values) -> None:
        scheduler.remove(_spec(values))


class ScheduledJob(Resource, module="local", name="ScheduledJob"):
    """A command that a supervised scheduler runs by *cron*, never twice at once."""

    status: pulumi.Output[str]
    """Of the scheduler, not of the last run: that one is in ``<run_dir>/job/status.json`` and in the log."""
    log: pulumi.Output[str]
    """Path of the job's log; the scheduler's own lies beside it, ``schedule-<name>.log``."""

    def __init__(
        self,
        resource_name: str,
        *,
        name: str,
        command: Sequence[pulumi.Input[str]],
        cwd: str,
        run_dir: str,
        log: str,
        cron: str,
        timezone: str,
        environment: Mapping[str, pulumi.Input[str]] | None = None,
        secrets: Mapping[str, pulumi.Input[str]] | None = None,
        timeout: float = TIMEOUT,
        stop_timeout: float = 10,
        setting: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """See ``JobSpec`` and ``ScheduleSpec`` in :mod:`components.local.host.processes.jobs` and ``.scheduler``."""
        properties = {
            **{"name": name, "command": list(command), "cwd": cwd, "run_dir": run_dir, "log": log},
            **{"environment": dict(environment or {}), "secrets": dict(secrets or {}), "cron": cron},
            **{"timezone": timezone, "timeout": timeout, "stop_timeout": stop_timeout},
            **{"setting": setting or f"jobs.{name}", "status": None},
        }
        super().__init__(ScheduledJobProvider(), resource_name, properties, opts)
