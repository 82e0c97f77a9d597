"""What Aurora and RDS have in common: key, network place, logs, backups, monitoring, logins, and who may connect."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from components.aws.alarms import Alarm
from components.aws.classes import Node
from components.aws.credentials import Addresses, Admin, Credentials, Database
from components.aws.database_rights import log_in, read_logins
from components.aws.firewall import let_in, security_group
from components.aws.iam import Text
from components.aws.insights import enhanced_monitoring, query_insights
from components.aws.kms import customer_key
from components.aws.logs import log_group
from components.aws.network import AwsNetwork
from components.aws.prompt import psql_command
from components.aws.proxy import DatabaseProxy
from components.contract import DatabaseRole, ManagedPostgres, PostgresArgs, Workload
from components.environment import Access, Connection
from components.handles import address, of_stack
from components.settings.database import PoolingSettings
from components.settings.platform import AlarmSettings

CA_BUNDLE = "/etc/ssl/certs/rds-global-bundle.pem"
"""Where the images of this repository keep the certificates of RDS, all regions and authorities in one file."""

NO_EXTENDED_SUPPORT = "open-source-rds-extended-support-disabled"
"""A version past its end is upgraded instead of billed by the hour."""

CREATE_ONLY = ("engine_lifecycle_support", "restore_to_point_in_time", "snapshot_identifier")
"""Read when the database is made; a later change would delete it, so it is ignored."""

LOGIN_VARIABLES = ("DB_APPLICATION_SECRET_ID", "DB_PREVIOUS_SECRET_ID")
"""Variables of the owner's jobs: the secrets whose logins must be there, the second one with a proxy only."""

LONGEST_IDENTIFIER = 60
"""AWS takes 63 characters, and the sixteenth instance is called ``<identifier>-16``."""


class AwsPostgres(ManagedPostgres):
    """Children that every PostgreSQL on AWS has. ``deletion_protection`` protects each of them that holds data or opens it."""

    credentials: Credentials
    nodes: Sequence[Node]
    """The writer first."""
    proxy: DatabaseProxy | None = None
    log_group: aws.cloudwatch.LogGroup
    """PostgreSQL's own log."""
    arn: pulumi.Output[str]
    """Of the cluster, or of the primary instance."""

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        if not isinstance(args.network, AwsNetwork):
            raise TypeError(f"{name} needs an AwsNetwork, not {type(args.network).__name__}")
        self.scope, self.settings, self.network = args.scope, args.settings, args.network
        self.keep = self.settings.deletion_protection
        self.identifier = self.scope.physical(limit=LONGEST_IDENTIFIER)
        """Name at AWS: no region and no role in it, so that the cluster can join a global one and be promoted there."""
        purpose, keeps = "database, its logins and its insights", self.settings.final_backup
        self.key = customer_key(self, self.scope, purpose=purpose, protect=self.keep, retain=keeps)
        self.security_group = security_group(
            self, self.scope, "server", network_id=self.network.network_id, description="PostgreSQL: granted workloads only"
        )
        self._subnets = aws.rds.SubnetGroup(
            f"{name}-subnets",
            name=self.identifier,
            description=f"{self.identifier}: private, without a way to the internet",
            subnet_ids=self.network.database_subnets,
            tags=self.scope.named(f"{name}-subnets"),
            opts=self.child(),
        )
        self._insights = query_insights(self.settings, self.key)
        self._monitoring, needed = enhanced_monitoring(self, self.scope, self.settings, self.network)
        self._before: list[pulumi.Resource] = [*needed]
        """What must exist before the first server."""

    @abstractmethod
    def alarms(self, settings: AlarmSettings) -> list[Alarm]:
        """What must be watched."""

    def grant_connect(self, workload: Workload, role: DatabaseRole = "application") -> Access:
        """The owner always reaches the database itself (migrations need a session of their own), applications its proxy if any.

        The owner may also read the application's secrets, :data:`LOGIN_VARIABLES`: ``operations migrate up`` makes their logins.
        """
        owner = role == "owner"
        proxy = None if owner else self.proxy
        rules = let_in(
            self,
            self.scope,
            f"from-{workload.name}",
            source=self.network.security_group_of(workload),
            target=proxy.security_group if proxy else self.security_group,
            port=proxy.port if proxy else self.settings.port,
            description=f"{workload.name} to PostgreSQL",
        )
        logins = self.credentials
        found = logins.access(self._direct, logins.admin_login) if owner else logins.access(self.connection, logins.application)
        secrets = [logins.admin_login.secret_id, *(one.arn for one in logins.proxied)] if owner else [logins.secret.arn]
        permissions = read_logins(self.scope, self.key, secrets)
        own: dict[str, Text] = dict(zip(LOGIN_VARIABLES, secrets[1:], strict=False))
        if proxy and self.settings.pooling and self.settings.pooling.iam_login:
            permissions.append(log_in(self.scope, self.network.account_id, proxy.resource.arn))
            own["DB_LOGIN"] = "rds-iam"
        # Aurora's endpoint is there before the writer is.
        after = (self._writer, *logins.ready, *(proxy.ready if proxy else ()), *rules)
        return found.merged(Access(environment=own, after=after, permissions=permissions))

    def _arguments(self) -> dict[str, Any]:
        """Arguments that a cluster and an instance have in common."""
        settings = self.settings
        return {
            "engine_version": settings.version,
            "engine_lifecycle_support": NO_EXTENDED_SUPPORT,
            "allow_major_version_upgrade": settings.allow_major_upgrade,
            "auto_minor_version_upgrade": self._auto_minor,
            "apply_immediately": self._immediately,
            "port": settings.port,
            "db_subnet_group_name": self._subnets.name,
            "vpc_security_group_ids": [self.security_group.id],
            "storage_encrypted": True,
            "kms_key_id": self.key.arn,
            "iam_database_authentication_enabled": settings.iam_login,
            "backup_retention_period": settings.backup.retention_days,
            "copy_tags_to_snapshot": True,
            "deletion_protection": self.keep,
            "skip_final_snapshot": not settings.final_backup,
            # AWS is given what the state says when the database goes, so the id is there even while it is not used.
            "final_snapshot_identifier": self._final_snapshot(),
            "delete_automated_backups": not settings.final_backup,
            "warning_event_categories": ["failure", "maintenance"],
            **self._insights,
        }

    @property
    def _auto_minor(self) -> bool:
        """A pinned minor and automatic upgrades would undo each other."""
        return self.settings.auto_minor_upgrade and "." not in self.settings.version

    @property
    def _immediately(self) -> bool:
        """A major upgrade is not parked: until it is done, AWS refuses the new family's parameters on the servers."""
        return self.settings.apply_immediately or self.settings.allow_major_upgrade

    def _own_logs(self, place: str, exports: Sequence[str], *, role: str = "logs") -> aws.cloudwatch.LogGroup:
        """Groups of all exported logs, before RDS makes them without an end; returns PostgreSQL's. *place*: cluster/<id>."""
        made = {
            export: log_group(
                self,
                f"{role}-{export}",
                self.scope,
                name=f"/aws/rds/{place}/{export}",
                retention_days=self.settings.log_retention_days,
                key=self.network.key,
            )
            for export in exports
        }
        self._before += made.values()
        return made["postgresql"]

    def _final_snapshot(self) -> pulumi.Output[str]:
        """A name for the last snapshot that no earlier database of this name has taken: new with whatever recreates it."""
        restore = self.settings.restore
        source = (restore.snapshot or f"{restore.source} {restore.time}") if restore else ""
        suffix = random.RandomId(
            f"{self.name}-final-snapshot",
            byte_length=4,
            keepers={"identifier": self.identifier, "database": self.settings.name, "source": source},
            opts=self.child(),
        )
        return pulumi.Output.format("{0}-final-{1}", self.identifier, suffix.hex)

    def _credentials(self, admin: type[Admin]) -> Credentials:
        made, pooled = admin(self, self.scope, self.settings, key=self.key), self.settings.pooling is not None
        return Credentials(self, self.scope, self.settings, key=self.key, admin=made, pooled=pooled)

    def _open(
        self, database: Database, *, writer: pulumi.Output[str], reader: pulumi.Output[str], servers: Sequence[pulumi.Resource]
    ) -> None:
        """Proxy, secrets and outputs of *database*, whose *servers* (the writer first) are all of it."""
        settings, self._writer, self.arn = self.settings, servers[0], database.arn
        proxy = self.proxy = self._proxy(settings.pooling, database, servers) if settings.pooling else None
        addresses = Addresses(
            writer=writer,
            application=proxy.endpoint if proxy else writer,
            ca=CA_BUNDLE,
            application_ca=proxy.ca if proxy else CA_BUNDLE,
            port=settings.port,
            application_port=proxy.port if proxy else settings.port,
        )
        self.credentials.publish(database, addresses, network=self.network, security_group=self.security_group, after=servers[:1])
        self._direct = self._connection(writer, reader, addresses.port, addresses.ca)
        public = self._connection(
            addresses.application,
            proxy.reader_endpoint if proxy else reader,
            addresses.application_port,
            addresses.application_ca,
        )
        handles = of_stack(self.scope, "aws", self._handle(database))
        self.finish(connection=public, connect_command=psql_command(self._direct, self.scope.region), handles=handles)

    def _handle(self, database: Database) -> dict[str, Any]:
        return {
            "backend": self.settings.backend,
            "name": self.settings.name,
            "id": database.cluster_identifier if isinstance(database, aws.rds.Cluster) else database.identifier,
            "subnet_group": self._subnets.name,
            "security_groups": [self.security_group.id],
            "proxy": self.proxy is not None,
            "proxy_iam_login": bool(self.settings.pooling and self.settings.pooling.iam_login),
            "direct": address(self._direct),
        }

    def _proxy(self, pooling: PoolingSettings, database: Database, servers: Sequence[pulumi.Resource]) -> DatabaseProxy:
        return DatabaseProxy(
            self,
            self.scope,
            self.settings,
            pooling,
            network=self.network,
            key=self.key,
            secrets=self.credentials.proxied,
            security_group_of_database=self.security_group,
            cluster=database if isinstance(database, aws.rds.Cluster) else None,
            instance=database if isinstance(database, aws.rds.Instance) else None,
            after=servers,
        )

    def _connection(self, host: Text, reader: Text, port: int, ca: str) -> Connection:
        known = pulumi.Output.from_input
        return Connection(
            host=known(host),
            reader_host=known(reader),
            port=known(port),
            database=known(self.settings.name),
            application=self.credentials.application,
            admin=self.credentials.admin_login,
            ca=known(ca),
        )
