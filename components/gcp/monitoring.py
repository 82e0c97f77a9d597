"""Monitoring of a stack: alerts by e-mail, a look at each public domain from outside, a dashboard, and where the logs are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast
from urllib.parse import quote

import pulumi
import pulumi_gcp as gcp

from components.contract import Monitoring, MonitoringArgs, Watched
from components.gcp.alerts import Alert, alert_policy
from components.gcp.cache import GcpCache
from components.gcp.channels import email_channels
from components.gcp.component import GcpComponent
from components.gcp.conditions import Series
from components.gcp.dashboard import Graph, alert_graph, dashboard_json, listed
from components.gcp.database_alerts import Watchable, database_alerts, series, server_ids
from components.gcp.job import GcpJob
from components.gcp.network import GcpNetwork
from components.gcp.postgres import CloudSql
from components.gcp.service import GcpService
from components.gcp.text import joined
from components.gcp.workload_alerts import (
    cache_alert,
    domain_alert,
    job_alert,
    latency,
    requests,
    schedule_alert,
    service_alerts,
)
from components.names import Scope
from components.settings.platform import AlarmSettings

CHECK_PERIOD, CHECK_TIMEOUT = "300s", "10s"
"""How often a domain is asked from each of Google's places in the world: far below the million checks a month that are free."""


class GcpMonitoring(GcpComponent, Monitoring):
    """Everything that *watched* says of itself, as alert policies named ``<app>-<environment>-monitoring-<alert>``."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        scope, watched = args.scope, args.watched
        assert isinstance(watched.network, GcpNetwork)
        self.network = watched.network
        # components that are made later, such as backups, tell the same people
        self.network.channels.extend(email_channels(self, scope, args.settings.emails))
        alerts = [*alerts_of(scope, watched, args.settings), *self._domains(scope, watched)]
        made = {alert.name: alert_policy(self, scope, alert) for alert in alerts}
        graphs = [*graphs_of(watched), *(alert_graph(key, alert.conditions) for key, alert in made.items())]
        content = dashboard_json(scope.physical(), [alert.policy.name.apply(listed) for alert in made.values()], graphs)
        gcp.monitoring.Dashboard(
            f"{name}-dashboard", dashboard_json=pulumi.Output.json_dumps(content, sort_keys=True), opts=self.child()
        )
        self.finish(
            logs=_console(scope, self.network.project),
            alarms=pulumi.Output.from_input({alert.name: alert.threshold for alert in alerts}),
        )

    def _domains(self, scope: Scope, watched: Watched) -> list[Alert]:
        """Each public domain is asked from outside: record, certificate, load balancer and container. A service that may scale to
        zero is left alone, because the checks would keep it awake."""
        found = []
        for domain in domains_of(watched):
            check = gcp.monitoring.UptimeCheckConfig(
                f"{self.name}-{domain}",
                display_name=f"{scope.physical()} {domain}",
                timeout=CHECK_TIMEOUT,
                period=CHECK_PERIOD,
                http_check={
                    "path": "/",
                    "port": 443,
                    "use_ssl": True,
                    "validate_ssl": True,
                    "request_method": "GET",
                    # a page that wants a login, or is not at this path, is there all the same
                    "accepted_response_status_codes": [{"status_class": f"STATUS_CLASS_{each}XX"} for each in (2, 3, 4)],
                },
                monitored_resource={"type": "uptime_url", "labels": {"host": domain, "project_id": self.network.project}},
                user_labels=scope.labels(),
                opts=self.child(),
            )
            found.append(domain_alert(domain, check.uptime_check_id))
        return found


def domains_of(watched: Watched) -> list[str]:
    """The domains behind which something always runs."""
    settings = [service.settings for service in watched.services.values()]
    return sorted({each.domain for each in settings if each.public and each.domain and each.scaling.min})


def alerts_of(scope: Scope, watched: Watched, settings: AlarmSettings) -> list[Alert]:
    """All alerts of a stack but those of its domains."""
    found = database_alerts(cast(Watchable, watched.database), settings)
    for name, service in _services(watched).items():
        found += service_alerts(name, service.service.name)
    for name, job in watched.jobs.items():
        found.append(job_alert(f"job-{name}-failed", cast(GcpJob, job).job.name, job=name))
    if watched.cache:
        found.append(cache_alert(cast(GcpCache, watched.cache).server, settings))
    return [*found, schedule_alert(scope)]


def graphs_of(watched: Watched) -> list[Graph]:
    """What is good to see without being an alert: speed and load."""
    servers = server_ids(cast(CloudSql, watched.database))
    names = [service.service.name for service in _services(watched).values()]
    found = [
        Graph(title="Database transactions", lines=[_counted("postgresql/transaction_count", servers)]),
        Graph(
            title="Database disk reads and writes",
            lines=[_counted(f"disk/{way}_ops_count", servers) for way in ("read", "write")],
        ),
        Graph(title="Database waits", lines=[series("postgresql/backends_in_wait", servers, reducer="REDUCE_SUM")]),
    ]
    if names:
        found += [
            Graph(title="Requests in five minutes", lines=[requests(name) for name in names]),
            Graph(title="Time to answer (ms, p95)", lines=[latency(name) for name in names]),
            Graph(title="Containers", lines=[_instances(name) for name in names]),
        ]
    return found


def _services(watched: Watched) -> Mapping[str, GcpService]:
    return {name: cast(GcpService, service) for name, service in watched.services.items()}


def _counted(path: str, servers: list[pulumi.Output[str]]) -> Series:
    return series(path, servers, aligner="ALIGN_RATE", reducer="REDUCE_SUM")


def _instances(name: pulumi.Input[str]) -> Series:
    return Series(
        metric="run.googleapis.com/container/instance_count",
        resource="cloud_run_revision",
        where={"resource.labels.service_name": [name]},
        aligner="ALIGN_MAX",
        reducer="REDUCE_SUM",
        by=("metric.labels.state",),
    )


def _console(scope: Scope, project: pulumi.Input[str]) -> pulumi.Output[str]:
    """Logs Explorer with everything of the stack: the names of services, jobs and servers begin with ``<app>-<environment>``."""
    stack = scope.physical()
    labels = ("service_name", "job_name", "job_id", "database_id")
    query = " OR ".join(f'resource.labels.{label}=~"(^|:){stack}-"' for label in labels)
    return joined(f"https://console.cloud.google.com/logs/query;query={quote(query, safe='')}?project=", project)
