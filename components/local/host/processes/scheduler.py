"""``python -m components.local.host.processes.scheduler <schedule.json>``: runs one job at the times of a cron expression.

Not a daemon of its own: it is a service without a health check under the supervisor, which restarts it when it dies.
"""

from __future__ import annotations

import hashlib
import json
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from components.local.host.errors import LocalError
from components.local.host.jsonfile import private_folder, read_json, write_json
from components.local.host.processes import environment, jobs, services
from components.local.host.processes.commands import require_command
from components.local.host.processes.jobs import JobSpec, JobState
from components.local.host.processes.service_spec import ServiceSpec
from components.local.host.processes.status import ServiceState

NAP = 20.0
"""Seconds between two looks at the clock: how late a job starts at worst after the machine slept."""


@dataclass(frozen=True, kw_only=True)
class ScheduleSpec:
    """A job and when it runs. The job's ``run_dir`` lies below the schedule's; its status holds the last run."""

    job: JobSpec
    cron: str
    """Five fields: minute, hour, day of month, month, day of week, as in a crontab."""
    timezone: str
    """Name of the time zone that *cron* is meant in, for example ``UTC`` or ``Asia/Tokyo``."""
    run_dir: Path

    def check(self) -> None:
        """Raises LocalError for a cron expression or a time zone that does not exist."""
        next_run(self.cron, self.timezone, datetime.now(UTC), key=self.job.key)

    def service(self) -> ServiceSpec:
        """The scheduler as a supervised process. It gets no secret: the job fetches its own at every run."""
        text = json.dumps(self.to_json(), sort_keys=True)
        return ServiceSpec(
            name=f"schedule-{self.job.name}",
            command=("python", "-P", "-m", "components.local.host.processes.scheduler", str(self.run_dir / "schedule.json")),
            cwd=Path("/"),
            run_dir=self.run_dir,
            log=self.job.log.with_name(f"schedule-{self.job.name}.log"),
            environment={"PYTHONPATH": str(environment.CHECKOUT)},
            settle=0.5,
            stop_timeout=self.job.stop_timeout + 5,  # the job's own grace comes first
            revision=hashlib.sha256(text.encode()).hexdigest(),
            setting=self.job.key,
        )

    def to_json(self) -> dict[str, Any]:
        return {"job": self.job.to_json(), "cron": self.cron, "timezone": self.timezone, "run_dir": str(self.run_dir)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ScheduleSpec:
        job = JobSpec.from_json(value["job"])
        return cls(job=job, cron=value["cron"], timezone=value["timezone"], run_dir=Path(value["run_dir"]))


def next_run(cron: str, timezone: str, after: datetime, *, key: str = "jobs") -> datetime:
    """The first time *cron* is due after *after*, in UTC.

    :raises LocalError: *cron* is not a five-field expression that is ever due, or there is no such time zone.
    """
    try:
        zone = ZoneInfo(timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise LocalError(f"{key}.timezone: there is no time zone '{timezone}'; write a name like UTC or Asia/Tokyo") from None
    try:
        if len(cron.split()) != 5:
            raise CronSimError("it needs five fields")
        return next(CronSim(cron, after.astimezone(zone))).astimezone(UTC)
    except StopIteration:
        raise LocalError(f"{key}.schedule: '{cron}' is never due") from None
    except CronSimError as error:
        raise LocalError(
            f"{key}.schedule: '{cron}' is no cron expression ({str(error).lower()}); write five fields like '0 3 * * *'"
        ) from None


def ensure(spec: ScheduleSpec) -> ServiceState:
    """Make the schedule run as wanted. Raises LocalError like :func:`services.ensure`, and for a bad expression."""
    spec.check()
    require_command(spec.job.command, spec.job.cwd, owner=f"job {spec.job.name}", key=spec.job.key)
    private_folder(spec.run_dir)
    write_json(spec.run_dir / "schedule.json", spec.to_json())
    write_json(spec.run_dir / jobs.SPEC, spec.job.to_json())  # to run it by hand: it waits for a scheduled run and vice versa
    return services.ensure(spec.service())


def observe(spec: ScheduleSpec) -> tuple[ServiceState, JobState]:
    """The scheduler, and the last run of its job."""
    return services.observe(spec.service()), jobs.observe(spec.job.run_dir)


def remove(spec: ScheduleSpec) -> None:
    """Stop the scheduler and, when it runs, the job."""
    services.remove(spec.service())


def keep(
    spec: ScheduleSpec,
    *,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Run the job whenever it is due, for ever.

    The next time is reckoned from the end of a run, so runs never overlap, and from the clock's time when the machine
    wakes up, so that many missed times make one run.
    """
    while True:
        due = next_run(spec.cron, spec.timezone, clock(), key=spec.job.key)
        print(f"{spec.job.name}: next run at {due.isoformat()}", flush=True)
        while (seconds := (due - clock()).total_seconds()) > 0:
            sleep(min(seconds, NAP))
        try:
            state = jobs.run(spec.job)
            print(f"{spec.job.name}: done in {state.seconds:.1f} s", flush=True)
        except LocalError as error:
            print(error, flush=True)


def main(arguments: list[str]) -> None:
    # As an exception, so that a running job is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    value = read_json(Path(arguments[0]))
    if value is None:
        sys.exit(f"no schedule in {arguments[0]}")
    keep(ScheduleSpec.from_json(value))


if __name__ == "__main__":
    main(sys.argv[1:])
