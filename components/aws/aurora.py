"""Aurora PostgreSQL: one storage in three zones, a writer and readers on it, provisioned or serverless."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws import parameters
from components.aws.alarms import Alarm
from components.aws.classes import instance_class, nodes
from components.aws.credentials import ManagedAdmin
from components.aws.database_alarms import aurora_alarms
from components.aws.postgres import CREATE_ONLY, AwsPostgres
from components.aws.windows import weekly
from components.contract import PostgresArgs
from components.settings.platform import AlarmSettings

ENGINE = "aurora-postgresql"

SCALE_OUT_SECONDS = SCALE_IN_SECONDS = 300
"""Pause between two steps of the readers' autoscaling (AWS's own default): a reader takes minutes to start."""


class Aurora(AwsPostgres):
    """A cluster of ``1 + readers`` instances, two at least with ``ha``, each in another zone.

    What a change does is in components/aws/README.md. Which instance writes is in no name: after a failover the endpoints follow.
    """

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        exports = self._exports()
        self.log_group = self._own_logs(f"cluster/{self.identifier}", exports)
        values, scope = self.settings, self.scope
        self._cluster_parameters = parameters.cluster_group(self, scope, values, parameters.of_cluster(values))
        self._instance_parameters = parameters.instance_group(
            self, scope, "instance-parameters", ENGINE, values, parameters.of_instances(values)
        )
        self.credentials = self._credentials(ManagedAdmin)
        self.cluster = self._cluster(exports)
        count = 1 + max(self.settings.readers, int(self.settings.ha))
        self.instances = [writer := self._instance(1)]
        self.instances += [self._instance(number, after=writer) for number in range(2, count + 1)]
        self.nodes = nodes(self.settings, [instance.identifier for instance in self.instances])
        if self.settings.reader_autoscaling:
            self._autoscale(self.settings.reader_autoscaling.max_readers, self.settings.reader_autoscaling.cpu_percent)
        # The reader endpoint answers with the writer while there is no reader, so adding one changes nothing for anybody.
        self._open(self.cluster, writer=self.cluster.endpoint, reader=self.cluster.reader_endpoint, servers=self.instances)

    def alarms(self, settings: AlarmSettings) -> list[Alarm]:
        return aurora_alarms(self, settings, serverless=self.settings.serverless is not None)

    def _exports(self) -> list[str]:
        """``instance`` tells when and why a serverless database did not pause."""
        pauses = self.settings.serverless is not None and self.settings.serverless.min_acu == 0
        return ["postgresql", *(["iam-db-auth-error"] if self.settings.iam_login else []), *(["instance"] if pauses else [])]

    def _cluster(self, exports: list[str]) -> aws.rds.Cluster:
        settings, name = self.settings, f"{self.name}-cluster"
        arguments: dict[str, Any] = {
            **self._arguments(),
            **self.credentials.admin.arguments,
            **self._first_data(),
            "cluster_identifier": self.identifier,
            "engine": ENGINE,
            "engine_mode": "provisioned",  # serverless v2 too
            "storage_type": "aurora-iopt1" if settings.storage.io_optimized else "aurora",
            "enabled_cloudwatch_logs_exports": exports,
            "db_cluster_parameter_group_name": self._cluster_parameters.name,
            "preferred_backup_window": settings.backup.window,
            "preferred_maintenance_window": weekly(settings.maintenance),
            "tags": self.scope.named(name),
        }
        if settings.allow_major_upgrade:
            # The instances change their family together with the cluster, or AWS refuses the upgrade.
            arguments["db_instance_parameter_group_name"] = self._instance_parameters.name
        if settings.serverless:
            arguments["serverlessv2_scaling_configuration"] = _capacity(
                settings.serverless.min_acu, settings.serverless.max_acu, settings.serverless.auto_pause_seconds
            )
        options = self.child(
            protect=self.keep,
            depends_on=self._before,
            # Never availability_zones: AWS always answers with three, and the difference would recreate the cluster.
            ignore_changes=[*CREATE_ONLY, "availability_zones", "global_cluster_identifier", "replication_source_identifier"],
            delete_before_replace=True,  # the name is taken
        )
        return aws.rds.Cluster(name, **arguments, opts=options)

    def _first_data(self) -> dict[str, Any]:
        """An empty database with its admin; or a copy, which brings both along and takes no monitoring (boto3#4634)."""
        restore = self.settings.restore
        if restore is None:
            return {
                "database_name": self.settings.name,
                "master_username": self.credentials.admin.username,
                **self._monitoring,
            }
        if restore.snapshot:
            return {"snapshot_identifier": restore.snapshot}
        # Without a type the provider sends an empty one; copy-on-write knows no time.
        copied = {"source_cluster_identifier": restore.source, "restore_to_time": restore.time, "restore_type": "full-copy"}
        return {"restore_to_point_in_time": copied}

    def _instance(self, number: int, after: aws.rds.ClusterInstance | None = None) -> aws.rds.ClusterInstance:
        """Instance *number*; the first is made alone and so becomes the writer. The engine's version is the cluster's affair."""
        settings, name, zones = self.settings, f"{self.name}-instance-{number}", self.network.zones
        insights = {key: value for key, value in self._insights.items() if key != "database_insights_mode"}
        arguments: dict[str, Any] = {
            "identifier": f"{self.identifier}-{number}",
            "cluster_identifier": self.cluster.id,
            "engine": ENGINE,
            "instance_class": instance_class(settings),
            "availability_zone": zones[(number - 1) % len(zones)] if zones else None,
            "promotion_tier": number - 1,
            "publicly_accessible": False,
            "db_subnet_group_name": self._subnets.name,
            "db_parameter_group_name": self._instance_parameters.name,
            "ca_cert_identifier": settings.ca_certificate,
            "auto_minor_version_upgrade": self._auto_minor,
            "apply_immediately": self._immediately,
            "copy_tags_to_snapshot": True,
            "preferred_maintenance_window": weekly(settings.maintenance),
            **insights,
            # The cluster's own values: left out, the provider would set 0 here, which AWS refuses under a cluster with another.
            **self._monitoring,
            "tags": self.scope.named(name),
        }
        options = self.child(
            protect=self.keep and number == 1,
            depends_on=[after] if after else self._before,
            ignore_changes=["availability_zone", "engine_version"],  # another number of zones moves no instance
            delete_before_replace=True,
        )
        return aws.rds.ClusterInstance(name, **arguments, opts=options)

    def _autoscale(self, most: int, cpu_percent: int) -> None:
        """More readers under load. AWS makes and removes them itself, beside the declared ones, which count as the least."""
        name, declared = f"{self.name}-readers", len(self.instances) - 1
        target = aws.appautoscaling.Target(
            name,
            service_namespace="rds",
            scalable_dimension="rds:cluster:ReadReplicaCount",
            resource_id=pulumi.Output.format("cluster:{0}", self.cluster.cluster_identifier),
            min_capacity=declared,
            max_capacity=max(most, declared),
            tags=self.scope.named(name),
            opts=self.child(depends_on=self.instances),
        )
        aws.appautoscaling.Policy(
            f"{name}-cpu",
            name=self.scope.physical("readers", "cpu"),
            policy_type="TargetTrackingScaling",
            service_namespace=target.service_namespace,
            scalable_dimension=target.scalable_dimension,
            resource_id=target.resource_id,
            target_tracking_scaling_policy_configuration={
                "predefined_metric_specification": {"predefined_metric_type": "RDSReaderAverageCPUUtilization"},
                "target_value": cpu_percent,
                "scale_out_cooldown": SCALE_OUT_SECONDS,
                "scale_in_cooldown": SCALE_IN_SECONDS,
            },
            opts=self.child(),
        )


def _capacity(least: float, most: float, pause_seconds: int | None) -> dict[str, Any]:
    pause = {"seconds_until_auto_pause": pause_seconds} if pause_seconds is not None else {}
    return {"min_capacity": least, "max_capacity": most, **pause}
