"""Logical backups: a scheduled pg_dump to a bucket of their own, a monthly restore drill, and AWS Backup by choice."""

from __future__ import annotations

from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.aws.alarms import Alarm, LogLines, alarm_resource, topic_arn
from components.aws.drill_rights import restore_drills
from components.aws.kms import customer_key
from components.aws.network import AwsNetwork
from components.aws.postgres import AwsPostgres
from components.aws.private_bucket import PrivateBucket, lifecycle_rule
from components.aws.schedule import run_on_schedule
from components.aws.task import FargateTask, fargate_task, task_handle
from components.aws.vault import vault
from components.contract import Backups, BackupsArgs
from components.cron import longest_pause_hours
from components.environment import Access
from components.handles import variable
from components.names import Scope
from components.settings.platform import BackupSettings
from components.settings.workload import JobSettings
from operations.backup import PUBLISHED

CREATE = ("python", "-m", "operations", "backup", "create")
DRILL = ("python", "-m", "operations", "drill")

CPU, MEMORY_MIB = 1.0, 4096
"""One core compresses as fast as one connection reads."""
LOG_DAYS = 90

GRACE_HOURS = 2
"""How long a backup may take before it counts as missing."""
LONGEST_WATCH_HOURS = 7 * 24
"""CloudWatch looks back a week; a schedule with longer pauses has no such alarm."""

ARCHIVE_DAYS, KEPT_DAYS = 90, 365
"""monthly/: to cold storage, and gone (the backup guide)."""
OVERWRITTEN_DAYS = 30
"""Deleted backups can be had back for this time."""


class AwsBackups(Backups):
    """Sets under ``daily/`` and ``monthly/`` of a versioned, encrypted bucket.

    The job may read, write and delete objects of that bucket only, and no versions: what it deletes can be had back for 30 days.
    It may also restore the database's snapshots, into copies for drills.
    With ``deletion_protection`` bucket and key are protected. The schedules can be changed at any time; nothing is recreated.
    """

    bucket: aws.s3.Bucket

    def __init__(self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        scope, settings = args.scope, args.settings
        network, database = cast(AwsNetwork, args.network), cast(AwsPostgres, args.database)
        self.key = customer_key(self, scope, purpose="logical backups", protect=settings.deletion_protection)
        keep = settings.deletion_protection
        made = PrivateBucket(self, "bucket", scope, name="backups", protect=keep, emptied=not keep)
        made.encrypt(self.key)
        made.keep(lifecycle(settings), overwritten_days=OVERWRITTEN_DAYS)
        made.log_to(network.log_bucket, "s3/backups/", after=network.log_policy)
        made.allow()
        self.bucket = made.bucket
        own = Access(
            environment={
                "BACKUP_S3_BUCKET": self.bucket.bucket,
                "BACKUP_RETENTION_DAYS": str(settings.retention_days),
                **variable(database.handles),
            },
            after=made.ready,
            permissions=[*made.rights(self.key), *restore_drills(database)],
        )
        task = fargate_task(
            self,
            scope=scope,
            network=network,
            settings=JobSettings(
                image=scope.operations_image,
                command=CREATE,
                cpu=CPU,
                memory_mib=MEMORY_MIB,
                scratch_gib=settings.scratch_gib,
                log_retention_days=LOG_DAYS,
            ),
            access=own.merged(database.grant_connect(self, "owner")),
        )
        self._watch(scope, settings, network, task)
        for role, cron, command in (("create", settings.schedule, CREATE), ("drill", settings.drill_schedule, DRILL)):
            run_on_schedule(
                self, role, scope=scope, network=network, task=task, cron=cron, timezone=settings.timezone, command=command
            )
        if settings.vault:
            vault(self, scope, settings, network=network, database=database.arn, key=self.key)
        destination = pulumi.Output.format("s3://{0}", self.bucket.bucket)
        self.finish(destination=destination, handle={**task_handle(network, task), "destination": destination})

    def _watch(self, scope: Scope, settings: BackupSettings, network: AwsNetwork, task: FargateTask) -> None:
        """An alarm when no backup was published and verified for longer than the schedule's longest pause."""
        hours = longest_pause_hours(settings.schedule, settings.timezone) + GRACE_HOURS
        if hours > LONGEST_WATCH_HOURS:
            return
        alarm = Alarm(
            name="missing",
            meaning=f"No logical backup has succeeded for {hours} hours. Look into the log of the backup task.",
            namespace=scope.physical("backups"),
            metric="Published",
            lines=LogLines(group=task.log_group.name, pattern=f'"{PUBLISHED}"'),
            statistic="Sum",
            comparison="<",
            threshold=1,
            period_seconds=3600,
            evaluation_periods=hours,
            missing="breaching",
        )
        alarm_resource(self, scope, alarm, topic_arn(scope, network.account_id))


def lifecycle(settings: BackupSettings) -> list[Any]:
    """Rules of the bucket. ``backup create`` removes old daily sets too; the rule also does when it no longer runs."""
    return [
        lifecycle_rule("daily", "daily/", expiration={"days": settings.retention_days}),
        lifecycle_rule(
            "monthly",
            "monthly/",
            transitions=[{"days": ARCHIVE_DAYS, "storage_class": "GLACIER"}],
            expiration={"days": KEPT_DAYS},
        ),
    ]
