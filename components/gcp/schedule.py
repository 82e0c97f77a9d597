"""Jobs on a schedule: Cloud Scheduler starts them, by unix cron in a time zone."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.gcp.identity import ACCOUNT_ID_LIMIT
from components.gcp.network import GcpNetwork
from components.names import Scope

RETRY: Any = {
    "retry_count": 3,
    "min_backoff_duration": "30s",
    "max_backoff_duration": "600s",
    "max_doublings": 3,
    "max_retry_duration": "3600s",
}
"""When starting fails. A job that started and failed is not started again: its failure is reported."""
START_SECONDS = 180
"""How long Cloud Run has to answer that it started."""


def run_on_schedule(
    component: GcpComponent,
    role: str,
    *,
    scope: Scope,
    network: GcpNetwork,
    job: gcp.cloudrunv2.Job,
    cron: str,
    timezone: str,
) -> gcp.cloudscheduler.Job:
    """Schedule ``<component>-<role>``: starts *job* at *cron* of *timezone*, as it is, with the command it has.

    Cloud Scheduler does it as a service account of its own, which may start this one job and nothing else. Changes are made in
    place.
    """
    name = f"{component.name}-{role}"
    # neither "<name>-identity" nor, at Google, "<name>": a job may be called like another one's schedule or starter
    starter = gcp.serviceaccount.Account(
        f"{name}-starter",
        account_id=scope.physical("starts", name, limit=ACCOUNT_ID_LIMIT),
        display_name=scope.physical("starts", name),
        description=f"starts {component.name} by schedule",
        opts=component.child(),
    )
    right = gcp.cloudrunv2.JobIamMember(
        f"{name}-starts-job",
        location=network.region,
        name=job.name,
        role="roles/run.invoker",
        member=starter.member,
        opts=component.child(),
    )
    return gcp.cloudscheduler.Job(
        name,
        name=scope.physical(name),
        region=network.region,
        description=f"{component.name} at {cron} {timezone}",
        schedule=cron,
        time_zone=timezone,
        attempt_deadline=f"{START_SECONDS}s",
        retry_config=RETRY,
        http_target={
            "uri": pulumi.Output.format("https://run.googleapis.com/v2/{0}:run", job.id),
            "http_method": "POST",
            "oauth_token": {
                "service_account_email": starter.email,
                "scope": "https://www.googleapis.com/auth/cloud-platform",
            },
        },
        opts=component.child(depends_on=[right]),
    )
