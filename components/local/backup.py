"""Local logical backups: a daily verified pg_dump into a folder beside the database."""

from __future__ import annotations

import pulumi

from components.contract import Backups, BackupsArgs
from components.environment import Access
from components.local.place import place
from components.local.providers.directory import Directory
from components.local.providers.scheduled_job import ScheduledJob
from components.local.workload import process

TIMEOUT_SECONDS = 3600


class LocalBackups(Backups):
    """The scheduled dump runs while the machine is on; one that was missed runs when it wakes."""

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings = args.settings
        folder = Directory(
            f"{name}-folder",
            path=str(place().backups),
            deletion_protection=settings.deletion_protection,
            setting="backups",
            opts=self.child(protect=settings.deletion_protection),
        )
        own = Access(environment={"BACKUP_DIR": folder.path, "BACKUP_RETENTION_DAYS": str(settings.retention_days)})
        access = own.merged(args.database.grant_connect(self, "owner"))
        task = process(name, access, {})
        ScheduledJob(
            f"{name}-schedule",
            name=name,
            command=["python", "-m", "operations", "backup", "create"],
            cron=settings.schedule,
            timezone=settings.timezone,
            timeout=TIMEOUT_SECONDS,
            setting="backups",
            opts=self.child(depends_on=[*access.after, folder]),
            **task,
        )
        destination = folder.path.apply(lambda path: f"file://{path}")
        self.finish(destination=destination, handle={"environment": task["environment"], "destination": destination})
