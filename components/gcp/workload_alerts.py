"""Alerts of what stands around the database: services, jobs, schedules, cache, domains. Values only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.gcp.alerts import EVENT_CLOSES, Alert
from components.gcp.conditions import Lines, Query, Series, Threshold, happened
from components.gcp.redis import Redis
from components.gcp.text import joined
from components.gcp.valkey import Valkey
from components.names import Scope
from components.settings.platform import AlarmSettings

Text = pulumi.Input[str]

ERRORS, ERROR_SHARE = 10, 0.05
"""Answers with a 5xx status in five minutes, and of all answers: more than one unlucky request of a quiet service, less than what
users write about."""
LATENCY_MS = 2000
"""What one request in twenty may take."""
FAR_CHECKS = 2
"""Places in the world that must fail to reach a domain at once."""

SERVICE = "resource.labels.service_name"
JOB = "resource.labels.job_name"

CACHES: Mapping[type[Any], tuple[str, str]] = {
    Redis: ("redis_instance", "redis.googleapis.com/stats/memory/usage_ratio"),
    Valkey: (
        "memorystore.googleapis.com/Instance",
        "memorystore.googleapis.com/instance/memory/maximum_utilization",
    ),
}
"""Kind of cache to its monitored resource and the share of its memory that is in use."""


def service_alerts(service: str, name: Text) -> list[Alert]:
    """Alerts of the Cloud Run service *name*; *service* is what it is called in the stack file."""
    failed = requests(name, **{"metric.labels.response_code_class": ["5xx"]})
    return [
        Alert(
            name=f"{service}-5xx",
            meaning=f"Service {service} answers with errors. See its log.",
            together=True,
            severity="CRITICAL",
            conditions=(
                Threshold(series=failed, of=requests(name), value=ERROR_SHARE, seconds=60, missing="INACTIVE"),
                Threshold(series=failed, value=ERRORS, seconds=60, missing="INACTIVE"),
            ),
        ),
        Alert(
            name=f"{service}-latency",
            meaning=f"Service {service} is slow: one request in twenty takes longer than {LATENCY_MS / 1000:g} s. Look at the "
            "database's top queries, the service's CPU, and scaling.requests_per_container.",
            severity="WARNING",
            conditions=(Threshold(series=latency(name), value=LATENCY_MS, missing="INACTIVE"),),
        ),
        Alert(
            name=f"{service}-revision",
            meaning=f"A revision of service {service} is not ready: the latest one created is not the latest one ready, and the "
            "old one goes on answering. protoPayload.status.message in the service's audit log has the reason. Repair it and "
            "deploy again; traffic.mode: pinned goes back to a revision that works.",
            closes_seconds=EVENT_CLOSES,
            conditions=(Lines(filter=_not_ready(name), resource="cloud_run_revision", window="1h", value=0),),
        ),
        Alert(
            name=f"{service}-no-instance",
            meaning=f"Requests to service {service} were turned away because no container was free. Raise scaling.max or "
            "requests_per_container, or make its start shorter.",
            closes_seconds=EVENT_CLOSES,
            conditions=(Lines(filter=_turned_away(name), resource="cloud_run_revision", window="30m", value=0),),
        ),
    ]


def requests(name: Text, **labels: Sequence[Text]) -> Series:
    """Requests of a service in five minutes; *labels* of the metric narrow them down."""
    return Series(
        metric="run.googleapis.com/request_count",
        resource="cloud_run_revision",
        where={SERVICE: [name], **labels},
        aligner="ALIGN_DELTA",
        reducer="REDUCE_SUM",
        by=(SERVICE,),
        period_seconds=300,
    )


def latency(name: Text) -> Series:
    """Time to answer in milliseconds, 95th percentile over all revisions of a service."""
    return Series(
        metric="run.googleapis.com/request_latencies",
        resource="cloud_run_revision",
        where={SERVICE: [name]},
        aligner="ALIGN_DELTA",
        reducer="REDUCE_PERCENTILE_95",
        by=(SERVICE,),
        period_seconds=300,
    )


def job_alert(alert: str, name: Text, *, job: str) -> Alert:
    """Alert of the Cloud Run job *name*: a run of it failed. *job* is what people call it."""
    failed = Series(
        metric="run.googleapis.com/job/completed_execution_count",
        resource="cloud_run_job",
        where={JOB: [name], "metric.labels.result": ["failed"]},
        aligner="ALIGN_DELTA",
        reducer="REDUCE_SUM",
        by=(JOB,),
        period_seconds=300,
    )
    return Alert(
        name=alert,
        meaning=f"Job {job} failed, or took longer than it may. See its log; run it again when the cause is gone.",
        closes_seconds=EVENT_CLOSES,
        conditions=(Threshold(series=failed, value=0, seconds=0),),
    )


def missing_alert(name: Text, *, pause_hours: int, grace_hours: int) -> Alert:
    """No run of the job *name* succeeded for longer than its schedule pauses; so too when there never was one."""
    succeeded = happened(
        "run.googleapis.com/job/completed_execution_count",
        "cloud_run_job",
        {JOB: [name], "metric.labels.result": ["succeeded"]},
        f"{pause_hours}h",
    )
    return Alert(
        name="missing",
        meaning=f"No logical backup has succeeded for {pause_hours + grace_hours} hours. Look into the log of the backup job.",
        conditions=(Query(text=succeeded, value=1, comparison="<", seconds=grace_hours * 3600),),
    )


def schedule_alert(scope: Scope) -> Alert:
    """A job of the stack that Cloud Scheduler could not start."""
    return Alert(
        name="schedules",
        meaning="Cloud Scheduler could not start a job; it tries three times more. Its log names the job and the refused call.",
        closes_seconds=EVENT_CLOSES,
        conditions=(
            Lines(
                filter='resource.type="cloud_scheduler_job" AND severity>=ERROR'
                f' AND resource.labels.job_id=~"^{scope.physical()}-"',
                resource="cloud_scheduler_job",
                window="1h",
                value=0,
            ),
        ),
    )


def cache_alert(server: Redis | Valkey, settings: AlarmSettings) -> Alert:
    """Alert of the cache: it is nearly full."""
    resource, metric = CACHES[type(server)]
    return Alert(
        name="cache-memory",
        meaning="The cache is nearly full and will drop keys. Give keys an end, or take a larger size.",
        conditions=(
            Threshold(
                series=Series(
                    metric=metric,
                    resource=resource,
                    ends={"resource.labels.instance_id": server.name},
                    aligner="ALIGN_MAX",
                    by=("resource.labels.instance_id",),
                ),
                value=settings.memory_percent / 100,
            ),
        ),
    )


def domain_alert(domain: str, check: Text) -> Alert:
    """Alert of a domain that the uptime check *check* cannot reach."""
    passed = Series(
        metric="monitoring.googleapis.com/uptime_check/check_passed",
        resource="uptime_url",
        where={"metric.labels.check_id": [check]},
        aligner="ALIGN_NEXT_OLDER",
        reducer="REDUCE_COUNT_FALSE",
        by=("resource.labels.host",),
        period_seconds=1200,
    )
    return Alert(
        name=f"{domain}-unreachable",
        meaning=f"https://{domain} cannot be reached from the internet. Look at its DNS record, its certificate (PROVISIONING "
        "until the record points to the load balancer), the load balancer's log, and the service.",
        severity="CRITICAL",
        conditions=(Threshold(series=passed, value=FAR_CHECKS - 1, seconds=60, missing="NO_OP"),),
    )


def _not_ready(name: Text) -> pulumi.Output[str]:
    """There is no metric of it. Cloud Run writes each change of a revision's state into the audit log."""
    return joined(
        f'resource.type="cloud_run_revision" AND {SERVICE}="',
        name,
        '" AND protoPayload.status.message:"Ready condition status changed to False for Revision"',
    )


def _turned_away(name: Text) -> pulumi.Output[str]:
    return joined(
        f'resource.type="cloud_run_revision" AND {SERVICE}="',
        name,
        '" AND log_id("run.googleapis.com/requests") AND textPayload:"no available instance"',
    )
