"""A job that runs at the times of a cron expression while the machine is on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from components.local.host.processes import scheduler
from components.local.host.processes.jobs import TIMEOUT, JobSpec
from components.local.host.processes.scheduler import ScheduleSpec
from components.local.providers.base import LocalProvider, inputs
from components.local.providers.observed import changed, needs_mending, status_word

KEYS = (
    *("name", "command", "cwd", "run_dir", "log", "environment", "secrets"),
    *("timeout", "stop_timeout", "setting", "cron", "timezone"),
)
PLACE = ("name", "run_dir")


def _spec(props: Mapping[str, Any]) -> ScheduleSpec:
    run_dir = Path(props["run_dir"])
    job = JobSpec.from_json({**props, "run_dir": str(run_dir / "job")})
    return ScheduleSpec(job=job, cron=props["cron"], timezone=props["timezone"], run_dir=run_dir)


class ScheduledJobProvider(LocalProvider):
    """Thin over :mod:`components.local.host.processes.scheduler`."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        return CreateResult(str(props["run_dir"]), self._converge(props))

    def update(self, _id: str, _olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        return UpdateResult(self._converge(news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        values = inputs(props)
        return ReadResult(id_, values | {"status": status_word(scheduler.observe(_spec(values))[0])})

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        replaces = [key for key in PLACE if changed(olds, news, [key])]
        seen = status_word(scheduler.observe(_spec(inputs(olds)))[0])
        mend = needs_mending(olds.get("status")) or needs_mending(seen)
        return DiffResult(
            changes=bool(replaces) or mend or changed(olds, news, KEYS), replaces=replaces, delete_before_replace=True
        )

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        scheduler.remove(_spec(inputs(props)))

    def _converge(self, props: Mapping[str, Any]) -> dict[str, Any]:
        values = inputs(props)
        return values | {"status": status_word(scheduler.ensure(_spec(values)))}


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
