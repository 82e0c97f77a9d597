"""Job of Google Cloud: a Cloud Run job at deployment, on a schedule, or by command."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from components.contract import Job, JobArgs, Workload
from components.digest import digest
from components.environment import Access
from components.gcp.component import GcpComponent
from components.gcp.container import pod
from components.gcp.log_bucket import log_bucket
from components.gcp.network import GcpNetwork
from components.gcp.providers.execution import ExecutionCheck
from components.gcp.schedule import run_on_schedule
from components.names import Scope
from components.settings.workload import JobSettings

LONGEST_NAME = 49
"""Characters of a job's or service's name; with a token of 12 an execution's name stays below 63."""
TOKEN_LENGTH = 12
PLACE = ("DB_HOST", "DB_PORT", "DB_NAME")
"""Variables that say which database it is. Not user or secret: a password that is new changes no schema."""
SPARE_SECONDS = 600
"""What Cloud Run may need around a run: pulling the image, starting, cleaning up."""


class GcpJob(GcpComponent, Job):
    """A Cloud Run job, and what starts it: `pulumi up` itself, Cloud Scheduler, or a person with ``run_command``.

    A job of ``when: deploy`` runs to its end when it is made and whenever image, command, variables, the list of secrets, a
    watched folder or the place of the database change; services wait for it. It is started by nothing else. A change of its name
    recreates it.
    """

    job: gcp.cloudrunv2.Job

    def __init__(self, name: str, args: JobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, scope, network = args.settings, args.scope, cast(GcpNetwork, args.network)
        self.network, self.settings = network, settings
        access = self.access(settings, args.grants)
        token = execution_token(settings, access.environment) if settings.when == "deploy" else None
        self.job = cloud_run_job(
            self,
            "job",
            scope=scope,
            network=network,
            settings=settings,
            access=access,
            token=token,
        )
        network.invokers.add_caller(self)
        if token is not None:
            ExecutionCheck(
                f"{name}-execution",
                job=self.job.id,
                token=token,
                timeout_seconds=settings.timeout_seconds + SPARE_SECONDS,
                opts=self.child(),
            )
        if settings.schedule:
            run_on_schedule(
                self,
                "schedule",
                scope=scope,
                network=network,
                job=self.job,
                cron=settings.schedule,
                timezone=settings.timezone,
            )
        self.finish(run_command=run_command(network, self.job), handle={"job": self.job.id})


def cloud_run_job(
    component: GcpComponent,
    role: str,
    *,
    scope: Scope,
    network: GcpNetwork,
    settings: JobSettings,
    access: Access,
    command: Sequence[str] | None = None,
    token: pulumi.Input[str] | None = None,
) -> gcp.cloudrunv2.Job:
    """Cloud Run job ``<component>-<role>``: one container, once, never again by itself, as the component's own service account.

    *settings*: image, command, size, variables, secrets, ``scratch_gib``, ``timeout_seconds`` and how long its logs are kept.
    *command*: instead of the settings'. *token*: run it to its end when it is made and whenever the token changes.
    """
    workload = cast(Workload, component)
    found = pod(workload, network=network, settings=settings, access=access, command=command)
    physical = job_name(component, role, scope)
    log_bucket(
        component,
        f"{role}-logs",
        filter=f'resource.type="cloud_run_job" AND resource.labels.job_name="{physical}"',
        retention_days=settings.log_retention_days,
    )
    task: Any = {
        **found.template,
        "containers": [found.container],
        "max_retries": 0,
        "timeout": f"{settings.timeout_seconds}s",
    }
    minutes = (settings.timeout_seconds + SPARE_SECONDS) // 60 + 1
    return gcp.cloudrunv2.Job(
        f"{component.name}-{role}",
        name=physical,
        location=network.region,
        template={"task_count": 1, "parallelism": 1, "template": task},
        run_execution_token=token,
        binary_authorization={"use_default": True} if settings.binary_authorization else None,
        deletion_protection=False,
        labels=scope.labels(),
        opts=component.child(
            depends_on=found.after,
            ignore_changes=["client", "clientVersion"],
            custom_timeouts=pulumi.CustomTimeouts(create=f"{minutes}m", update=f"{minutes}m") if token is not None else None,
        ),
    )


def job_name(component: GcpComponent, role: str, scope: Scope) -> str:
    """What Google calls the job ``<component>-<role>``."""
    return scope.physical(component.name.removeprefix("job-"), role, limit=LONGEST_NAME)


def execution_token(settings: JobSettings, environment: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """What makes a deploy job run: a digest of the image's reference, command, variables, secrets and watched folders, and of
    the database that *environment* leads to: another one, or one that was recreated, has no schema yet."""
    parts = [
        settings.image,
        settings.command,
        sorted(settings.environment.items()),
        sorted(settings.secrets.items()),
        digest(*settings.watch),
    ]
    place = pulumi.Output.all(*(environment.get(name) for name in PLACE))
    return place.apply(lambda found: hashlib.sha256(json.dumps([*parts, found]).encode()).hexdigest()[:TOKEN_LENGTH])


def run_command(network: GcpNetwork, job: gcp.cloudrunv2.Job) -> pulumi.Output[str]:
    """The line that runs *job* by hand, and ends with its exit code."""
    return pulumi.Output.format(
        "gcloud run jobs execute {0} --region {1} --project {2} --wait", job.name, network.region, network.project
    )
