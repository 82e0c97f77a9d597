"""Local jobs: at deployment, by a scheduler of this machine, or by hand."""

from __future__ import annotations

import pulumi

from components.contract import Job, JobArgs
from components.digest import digest
from components.local.providers.job_run import JobRun
from components.local.providers.scheduled_job import ScheduledJob
from components.local.workload import process


class LocalJob(Job):
    """A command that runs to its end. One that runs at deployment runs again when its image, command or ``watch`` changes."""

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, short = args.settings, name.removeprefix("job-")
        access = self.access(settings, args.grants)
        common = {
            "name": short,
            "command": settings.command,
            "timeout": settings.timeout_seconds,
            "opts": self.child(depends_on=list(access.after)),
            **process(name, access, settings.secrets),
        }
        if settings.schedule:
            ScheduledJob(f"{name}-schedule", cron=settings.schedule, timezone=settings.timezone, **common)
        else:
            JobRun(
                f"{name}-run",
                triggers=[digest(settings.image, *settings.watch)],
                on_demand=settings.when == "manual",
                **common,
            )
        command = f"python -m operations run {short} --stack {args.scope.stack}"
        self.settings = settings
        self.finish(
            run_command=pulumi.Output.from_input(command),
            handle={"environment": common["environment"], "run_dir": common["run_dir"]},
        )
