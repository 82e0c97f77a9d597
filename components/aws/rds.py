"""RDS for PostgreSQL: an instance with its own disk, a standby in another zone, and read replicas."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws import parameters
from components.aws.alarms import Alarm
from components.aws.classes import instance_class, nodes
from components.aws.credentials import ManagedAdmin, OwnAdmin
from components.aws.database_alarms import rds_alarms
from components.aws.postgres import CREATE_ONLY, AwsPostgres
from components.aws.windows import weekly
from components.contract import PostgresArgs
from components.settings.platform import AlarmSettings

ENGINE = "postgres"

BLUE_GREEN_TIMEOUT = "12h"
"""A copy is made, catches up and is switched to: hours for a large disk; the provider's own patience ends after 80 minutes."""


class Rds(AwsPostgres):
    """An instance, ``ha`` as its standby, and ``readers`` as replicas of it.

    What a change does is in components/aws/README.md. The admin's password is RDS's own secret, or one of ours where AWS refuses
    that: with replicas, and with Blue/Green.
    """

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, args, opts)
        settings = self.settings
        self._exports = ["postgresql", "upgrade", *(["iam-db-auth-error"] if settings.iam_login else [])]
        self.log_group = self._own_logs(f"instance/{self.identifier}", self._exports)
        self._parameters = parameters.instance_group(
            self, self.scope, "parameters", ENGINE, settings, parameters.merged(settings)
        )
        self.credentials = self._credentials(OwnAdmin if settings.readers or settings.blue_green else ManagedAdmin)
        self.primary = self._primary()
        self.replicas: list[aws.rds.Instance] = []
        if settings.readers:
            self._replica_parameters = parameters.instance_group(
                self, self.scope, "replica-parameters", ENGINE, settings, parameters.merged(settings, replica=True)
            )
            self.replicas = [self._replica(number) for number in range(2, settings.readers + 2)]
        servers = [self.primary, *self.replicas]
        self.nodes = nodes(self.settings, [server.identifier for server in servers])
        addresses = [replica.address for replica in self.replicas] or [self.primary.address]
        reader = pulumi.Output.all(*addresses).apply(lambda found: ",".join(str(address) for address in found))
        self._open(self.primary, writer=self.primary.address, reader=reader, servers=servers)

    def alarms(self, settings: AlarmSettings) -> list[Alarm]:
        return rds_alarms(self, settings)

    def _primary(self) -> aws.rds.Instance:
        settings, name = self.settings, f"{self.name}-instance"
        arguments: dict[str, Any] = {
            **self._arguments(),
            **self._of_every_server(name),
            **self.credentials.admin.arguments,
            **self._first_data(),
            **self._disk(),
            "identifier": self.identifier,
            "engine": ENGINE,
            "multi_az": settings.ha,
            "enabled_cloudwatch_logs_exports": self._exports,
            "parameter_group_name": self._parameters.name,
            "backup_window": settings.backup.window,
            "maintenance_window": weekly(settings.maintenance),
        }
        if not settings.ha:
            arguments["availability_zone"] = self._zone(1)  # with a standby, AWS chooses both
        timeouts = None
        if settings.blue_green:
            arguments["blue_green_update"] = {"enabled": True}
            timeouts = pulumi.CustomTimeouts(create=BLUE_GREEN_TIMEOUT, update=BLUE_GREEN_TIMEOUT, delete=BLUE_GREEN_TIMEOUT)
        options = self.child(
            protect=self.keep,
            depends_on=self._before,
            # A copy stays encrypted as its source is, with that key; the difference to ours would recreate it (tf#15390).
            ignore_changes=[*CREATE_ONLY, "availability_zone", "kms_key_id", "storage_encrypted"],
            delete_before_replace=True,  # the name is taken
            custom_timeouts=timeouts,
        )
        return aws.rds.Instance(name, **arguments, opts=options)

    def _first_data(self) -> dict[str, Any]:
        """An empty database with its admin; or a copy, which brings both along."""
        restore = self.settings.restore
        if restore is None:
            return {"db_name": self.settings.name, "username": self.credentials.admin.username}
        if restore.snapshot:
            return {"snapshot_identifier": restore.snapshot}
        return {"restore_to_point_in_time": {"source_db_instance_identifier": restore.source, "restore_time": restore.time}}

    def _disk(self) -> dict[str, Any]:
        """gp3 that grows. Below 400 GiB its speed is fixed; from there on leaving it out means AWS's least, 12000 and 500."""
        disk = self.settings.storage
        found: dict[str, Any] = {"storage_type": "gp3", "allocated_storage": disk.size_gib}
        grows = {"max_allocated_storage": disk.max_size_gib} if disk.max_size_gib > disk.size_gib else {}
        chosen = {"iops": disk.iops, "storage_throughput": disk.throughput_mibps}
        return {**found, **grows, **{key: value for key, value in chosen.items() if value is not None}}

    def _replica(self, number: int) -> aws.rds.Instance:
        """Server *number*, a copy of the primary: it has its key, users and databases, and no backups of its own.

        Its window is the day before the primary's, because a minor version must reach the replicas first.
        """
        settings, name = self.settings, f"{self.name}-replica-{number}"
        identifier = f"{self.identifier}-{number}"
        before = len(self._before)
        self._own_logs(f"instance/{identifier}", self._exports, role=f"replica-{number}-logs")
        disk = {key: value for key, value in self._disk().items() if key != "allocated_storage"}
        arguments: dict[str, Any] = {
            **self._of_every_server(name),
            **disk,
            **self._insights,
            "identifier": identifier,
            "replicate_source_db": self.primary.identifier,
            "storage_encrypted": True,
            "availability_zone": self._zone(number),
            "multi_az": False,
            "port": settings.port,
            "vpc_security_group_ids": [self.security_group.id],
            "iam_database_authentication_enabled": settings.iam_login,
            "auto_minor_version_upgrade": self._auto_minor,
            "apply_immediately": self._immediately,
            "backup_retention_period": 0,
            "copy_tags_to_snapshot": True,
            "deletion_protection": False,  # only a copy; removing a reader is one step
            "skip_final_snapshot": True,  # AWS takes none of a replica
            "enabled_cloudwatch_logs_exports": self._exports,
            "parameter_group_name": self._replica_parameters.name,
            "maintenance_window": weekly(settings.maintenance, days_before=1),
        }
        options = self.child(depends_on=self._before[before:], ignore_changes=["availability_zone"], delete_before_replace=True)
        return aws.rds.Instance(name, **arguments, opts=options)

    def _of_every_server(self, name: str) -> dict[str, Any]:
        return {
            "instance_class": instance_class(self.settings),
            "publicly_accessible": False,
            "ca_cert_identifier": self.settings.ca_certificate,
            **self._monitoring,
            "tags": self.scope.named(name),
        }

    def _zone(self, number: int) -> str | None:
        """The zone of server *number*; None where nobody named the zones. Read at its creation only."""
        zones = self.network.zones
        return zones[(number - 1) % len(zones)] if zones else None
