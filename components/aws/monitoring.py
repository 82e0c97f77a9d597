"""Monitoring of a stack: alarms and events to one SNS topic, a dashboard, and where the logs are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import pulumi
import pulumi_aws as aws

from components.aws.alarms import Alarm, alarm_resource
from components.aws.aurora import Aurora
from components.aws.cache import AwsCache
from components.aws.dashboard import Graph, dashboard_body
from components.aws.ingress import AwsIngress
from components.aws.network import AwsNetwork
from components.aws.postgres import AwsPostgres
from components.aws.service import AwsService
from components.aws.topic import alarm_topic, failed_tasks
from components.aws.workload_alarms import balancer_alarms, cache_alarms, service_alarms, target_alarms
from components.contract import Monitoring, MonitoringArgs, Watched
from components.names import Scope
from components.settings.platform import AlarmSettings

INSTANCE_EVENTS = (
    "availability",
    "configuration change",
    "deletion",
    "failover",
    "failure",
    "low storage",
    "maintenance",
    "notification",
    "read replica",
    "recovery",
)
CLUSTER_EVENTS = ("deletion", "failover", "failure", "maintenance", "notification")
"""Categories of RDS events that a person should know of; the others are what deployments and backups do every day."""


class AwsMonitoring(Monitoring):
    """Everything that *watched* says of itself, as CloudWatch alarms named ``<app>-<environment>-monitoring-<alarm>``."""

    topic: pulumi.Output[str]
    """ARN of the SNS topic that hears everything."""

    def __init__(self, name: str, args: MonitoringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, watched = args.scope, args.watched
        network = cast(AwsNetwork, watched.network)
        self.topic = alarm_topic(self, args.scope, network, args.settings.emails)
        failed_tasks(self, args.scope, self.topic, network.cluster)
        self._database_events(cast(AwsPostgres, watched.database))
        alarms = alarms_of(watched, args.settings)
        made = {alarm.name: alarm_resource(self, args.scope, alarm, self.topic) for alarm in alarms}
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            dashboard_name=args.scope.physical(limit=255),
            dashboard_body=pulumi.Output.json_dumps(
                dashboard_body(network.region, {key: alarm.arn for key, alarm in made.items()}, graphs_of(watched)),
                sort_keys=True,
            ),
            opts=self.child(),
        )
        self.finish(
            logs=pulumi.Output.from_input(_console(args.scope)),
            alarms=pulumi.Output.from_input({alarm.name: alarm.threshold for alarm in alarms}),
        )

    def _database_events(self, database: AwsPostgres) -> None:
        """What RDS says of itself: failures, failovers, low storage, maintenance."""
        self._subscription("instance-events", "db-instance", [node.identifier for node in database.nodes], INSTANCE_EVENTS)
        if isinstance(database, Aurora):
            self._subscription("cluster-events", "db-cluster", [database.cluster.cluster_identifier], CLUSTER_EVENTS)

    def _subscription(self, role: str, kind: str, sources: list[pulumi.Output[str]], categories: tuple[str, ...]) -> None:
        name = f"{self.name}-{role}"
        aws.rds.EventSubscription(
            name,
            name=self._scope.physical(name, limit=255),
            sns_topic=self.topic,
            source_type=kind,
            source_ids=sources,
            event_categories=list(categories),
            tags=self._scope.named(name),
            opts=self.child(),
        )


def alarms_of(watched: Watched, settings: AlarmSettings) -> list[Alarm]:
    """All alarms of a stack."""
    network, ingress = cast(AwsNetwork, watched.network), cast(AwsIngress, watched.ingress)
    found = cast(AwsPostgres, watched.database).alarms(settings)
    for name, service in watched.services.items():
        found += service_alarms(name, cluster=network.cluster.name, name=cast(AwsService, service).service.name)
    if ingress.load_balancer:
        found += balancer_alarms(ingress.load_balancer)
        for name, group in ingress.target_groups.items():
            found += target_alarms(name, ingress.load_balancer, group)
    if watched.cache:
        found += cache_alarms(cast(AwsCache, watched.cache).nodes, settings)
    return found


def graphs_of(watched: Watched) -> list[Graph]:
    """What is good to see without being an alarm: speed and load."""
    network, ingress = cast(AwsNetwork, watched.network), cast(AwsIngress, watched.ingress)
    nodes = [("DBInstanceIdentifier", node.identifier) for node in cast(AwsPostgres, watched.database).nodes]
    services = [
        ("ClusterName", network.cluster.name, "ServiceName", cast(AwsService, service).service.name)
        for service in watched.services.values()
    ]
    found = [
        Graph(title="Database latency (s)", metrics=_each("AWS/RDS", ("ReadLatency", "WriteLatency"), nodes)),
        Graph(title="Database I/O per second", metrics=_each("AWS/RDS", ("ReadIOPS", "WriteIOPS"), nodes)),
        Graph(title="Database I/O waiting", metrics=_each("AWS/RDS", ("DiskQueueDepth",), nodes)),
    ]
    if services:
        found += [
            Graph(title="Service CPU (%)", metrics=_each("AWS/ECS", ("CPUUtilization",), services)),
            Graph(title="Service memory (%)", metrics=_each("AWS/ECS", ("MemoryUtilization",), services)),
        ]
    if ingress.load_balancer:
        balancer = [("LoadBalancer", ingress.load_balancer.arn_suffix)]
        found += [
            Graph(title="Requests", metrics=_each("AWS/ApplicationELB", ("RequestCount",), balancer), statistic="Sum"),
            Graph(
                title="Time to answer (s, p95)",
                metrics=_each("AWS/ApplicationELB", ("TargetResponseTime",), balancer),
                statistic="p95",
            ),
        ]
    return found


def _each(
    namespace: str, metrics: tuple[str, ...], things: Sequence[Sequence[pulumi.Input[str]]]
) -> list[list[pulumi.Input[str]]]:
    return [[namespace, metric, *dimensions] for metric in metrics for dimensions in things]


def _console(scope: Scope) -> str:
    """CloudWatch's list of all log groups of the stack: the name of each holds ``<app>-<environment>``."""
    region = scope.region
    address = f"https://{region}.console.aws.amazon.com/cloudwatch/home?region={region}"
    return f"{address}#logsV2:log-groups$3FlogGroupNameFilter$3D{scope.physical()}"
