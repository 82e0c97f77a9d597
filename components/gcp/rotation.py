"""The job that changes the database's passwords, and when it does. What it does is in ``operations/rotation``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.component import Component
from components.contract import Workload
from components.environment import Access
from components.gcp.alerts import alert_policy
from components.gcp.component import GcpComponent
from components.gcp.job import cloud_run_job, job_name
from components.gcp.schedule import run_on_schedule
from components.gcp.secret import Secret
from components.gcp.workload_alerts import job_alert
from components.names import Scope
from components.settings.workload import JobSettings

ROLE = "rotation"
ROTATE = ("python", "-m", "operations", "rotate", "all", "--older-than")

EVERY_DAY, TIMEZONE = "30 19 * * *", "Etc/UTC"
"""When it looks whether a password is old enough: 04:30 in Tokyo, after the backup's start. One that failed is tried again the
next day. (A message of Secret Manager's own rotation could not start a job: Pub/Sub signs in to services only.)"""

SECONDS = 900
"""Two logins take a few seconds; the rest is for a Secret Manager that is slow."""
LOG_DAYS = 90

RIGHTS = (
    "secretmanager.secrets.get",
    "secretmanager.secrets.update",
    "secretmanager.versions.access",
    "secretmanager.versions.add",
    "secretmanager.versions.get",
    "secretmanager.versions.list",
)
"""On each of the logins' secrets. The least of Google's roles that may change a secret's annotations may also delete it."""


class PasswordRotation:
    """Job ``<app>-<environment>-database-rotation`` in the operations image; all resources are children of the *database*.

    It logs in as the owner (*access*) and as the users themselves, who change their own passwords: it has no right on the
    instance. *secrets*: those that it reads and writes. *started_with*: the application's user whose password containers have;
    the job does not change that one's before another `up`. So that it is true of an `up` that fails half-way too, the job is made
    and changed after all services and jobs: until then it names the user that they had before, and refuses that one's turn.
    """

    def __init__(
        self,
        database: GcpComponent,
        scope: Scope,
        *,
        access: Access,
        secrets: Sequence[Secret],
        started_with: pulumi.Input[str],
        days: int,
    ) -> None:
        self._database, self._scope, network = database, scope, database.network
        self._settings = JobSettings(
            image=scope.operations_image,
            command=(*ROTATE, str(days)),
            cpu=1.0,
            memory_mib=512,
            egress_ports=(),
            timeout_seconds=SECONDS,
            log_retention_days=LOG_DAYS,
        )
        own = Access(environment={"DB_STARTED_WITH": started_with}, after=self._rights(secrets))
        self._access = own.merged(access)
        self.job_id = pulumi.Output.format(
            "projects/{0}/locations/{1}/jobs/{2}", network.project, network.region, job_name(database, ROLE, scope)
        )
        network.after_workloads.append(self._make)

    def _make(self, workloads: Sequence[Component]) -> None:
        database, scope, network = self._database, self._scope, self._database.network
        access = self._access.merged(Access(after=workloads))
        job = cloud_run_job(database, ROLE, scope=scope, network=network, settings=self._settings, access=access)
        run_on_schedule(database, f"{ROLE}-schedule", scope=scope, network=network, job=job, cron=EVERY_DAY, timezone=TIMEZONE)
        alert_policy(database, scope, job_alert(f"{ROLE}-failed", job.name, job="password rotation"))

    def _rights(self, secrets: Sequence[Secret]) -> list[pulumi.Resource]:
        database, scope = self._database, self._scope
        # The id of a deleted role cannot be taken again for weeks.
        suffix = random.RandomId(f"{database.name}-rotation-suffix", byte_length=3, opts=database.child())
        stem = scope.physical(database.name, "rotation", limit=50).replace("-", "_")
        role = gcp.projects.IAMCustomRole(
            f"{database.name}-rotation-role",
            project=database.network.project,
            role_id=pulumi.Output.format("{0}_{1}", stem, suffix.hex),
            title=scope.physical(database.name, "rotation", limit=100),
            description=f"password rotation of {scope.physical()}",
            permissions=list(RIGHTS),
            opts=database.child(),
        )
        rotator = database.network.identity_of(cast(Workload, database))
        members: list[Any] = [
            gcp.secretmanager.SecretIamMember(
                f"{secret.name}-rotated",
                secret_id=secret.id,
                role=role.name,
                member=rotator.member,
                opts=database.child(),
            )
            for secret in secrets
        ]
        return members
