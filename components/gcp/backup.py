"""Logical backups: a scheduled pg_dump to a bucket of their own, and a restore drill."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.contract import Backups, BackupsArgs
from components.cron import longest_pause_hours
from components.environment import Access
from components.gcp.alerts import alert_policy
from components.gcp.component import GcpComponent
from components.gcp.drill_rights import restore_drills
from components.gcp.job import cloud_run_job
from components.gcp.network import GcpNetwork
from components.gcp.private_bucket import PrivateBucket, lifecycle_rule
from components.gcp.schedule import run_on_schedule
from components.gcp.workload_alerts import job_alert, missing_alert
from components.handles import variable
from components.names import Scope
from components.settings.platform import BackupSettings
from components.settings.workload import JobSettings

CREATE = ("python", "-m", "operations", "backup", "create")
DRILL = ("python", "-m", "operations", "drill")

CPU, MEMORY_MIB = 1.0, 4096
"""One core compresses as fast as one connection reads."""
LONGEST_SECONDS = 12 * 3600
"""What takes longer is stopped and has failed: it would meet the next one."""
LOG_DAYS = 90

GRACE_HOURS = 2
"""How long a backup may take before it counts as missing."""

ARCHIVE_DAYS, KEPT_DAYS = 90, 365
"""monthly/: to cold storage, and gone (the backup guide)."""
OVERWRITTEN_DAYS = 30
"""Deleted backups can be had back for this time."""


class GcpBackups(GcpComponent, Backups):
    """Sets under ``daily/`` and ``monthly/`` of a versioned bucket, made by one Cloud Run job and tried by another.

    Both run as one service account, which may list, read, write and delete objects of that bucket and of no other: what it
    deletes can be had back for 30 days. It may also restore the instance's backups, into copies for drills. With
    ``deletion_protection`` the bucket is protected. Everything can be changed at any time; nothing is recreated.
    """

    bucket: gcp.storage.Bucket

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        scope, settings = args.scope, args.settings
        assert isinstance(args.network, GcpNetwork)
        self.network = args.network
        made = PrivateBucket(
            self,
            "bucket",
            scope,
            name="backups",
            protect=settings.deletion_protection,
            rules=lifecycle(settings),
            overwritten_days=OVERWRITTEN_DAYS,
        )
        self.bucket = made.bucket
        own = Access(
            environment={
                "BACKUP_GCS_BUCKET": self.bucket.name,
                "BACKUP_RETENTION_DAYS": str(settings.retention_days),
                **variable(args.database.handles),
            },
            after=[made.grant_write(self), *restore_drills(self.network, self)],
        )
        access = own.merged(args.database.grant_connect(self, "owner"))
        create = self._job("create", scope, settings, access, CREATE, settings.schedule)
        self._job("drill", scope, settings, access, DRILL, settings.drill_schedule)
        pause = longest_pause_hours(settings.schedule, settings.timezone)
        alert_policy(self, scope, missing_alert(create.name, pause_hours=pause, grace_hours=GRACE_HOURS))
        self.finish(destination=made.url, handle={"job": create.id, "destination": made.url})

    def _job(
        self, role: str, scope: Scope, settings: BackupSettings, access: Access, command: tuple[str, ...], cron: str
    ) -> gcp.cloudrunv2.Job:
        """Job ``backups-<role>``, when it runs, and an alert for when it fails."""
        job = cloud_run_job(
            self,
            role,
            scope=scope,
            network=self.network,
            settings=JobSettings(
                image=scope.operations_image,
                command=command,
                cpu=CPU,
                memory_mib=MEMORY_MIB,
                timeout_seconds=LONGEST_SECONDS,
                log_retention_days=LOG_DAYS,
            ),
            access=access,
        )
        run_on_schedule(
            self, f"{role}-schedule", scope=scope, network=self.network, job=job, cron=cron, timezone=settings.timezone
        )
        alert_policy(self, scope, job_alert(f"{role}-failed", job.name, job=f"{self.name} {role}"))
        return job


def lifecycle(settings: BackupSettings) -> list[Any]:
    """Rules of the bucket. ``backup create`` removes old daily sets too; the rule also does when it no longer runs."""
    return [
        lifecycle_rule("Delete", age=settings.retention_days, matches_prefixes=["daily/"]),
        lifecycle_rule("SetStorageClass", storage_class="ARCHIVE", age=ARCHIVE_DAYS, matches_prefixes=["monthly/"]),
        lifecycle_rule("Delete", age=KEPT_DAYS, matches_prefixes=["monthly/"]),
    ]
