"""Cloud SQL for PostgreSQL: a primary, its standby, read replicas, the database on them, and who may connect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_gcp as gcp

from components.contract import DatabaseRole, ManagedPostgres, PostgresArgs, Workload
from components.environment import Access, Connection
from components.gcp.component import GcpComponent
from components.gcp.credentials import CA_FILE, SSL_MODE, Credentials, certificates_of
from components.gcp.instance import EDITIONS, Node, instance_name, name_suffix, primary
from components.gcp.kms import DatabaseKey
from components.gcp.log_bucket import log_bucket
from components.gcp.machine import machine_of, max_connections
from components.gcp.network import GcpNetwork
from components.gcp.private_endpoint import private_endpoint
from components.gcp.prompt import psql_command
from components.gcp.replicas import replica
from components.gcp.rotation import PasswordRotation
from components.handles import of_stack

PORT, POOLED_PORT = 5432, 6432
"""Cloud SQL's own ports: PostgreSQL, and the managed pooler in front of it."""


class CloudSql(GcpComponent, ManagedPostgres):
    """An instance, ``ha`` as its standby in another zone, and ``readers`` as replicas of it.

    What a change does is in components/gcp/README.md. ``deletion_protection`` protects each child that holds data or opens it, at
    both levels of the provider and in Pulumi.
    """

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        if not isinstance(args.network, GcpNetwork):
            raise TypeError(f"{name} needs a GcpNetwork, not {type(args.network).__name__}")
        self.scope, self.settings, self.network = args.scope, args.settings, args.network
        scope, settings = self.scope, self.settings
        self.machine = machine_of(settings)
        suffix = name_suffix(self, settings)
        self.key = self._key(after=[suffix]) if settings.customer_managed_key else None
        physical = instance_name(scope, suffix)
        self._logs(physical)
        self.instance = primary(self, scope, settings, name=physical, key=self.key)
        self.replicas = [
            replica(self, scope, settings, number, source=self.instance, name=physical)
            for number in range(1, settings.readers + 1)
        ]
        self.nodes = [self._node("instance", self.instance)]
        """The writer first."""
        self.nodes += [self._node(f"replica-{number}", server) for number, server in enumerate(self.replicas, 1)]
        self.database = None if settings.restore else self._database()
        self._port = POOLED_PORT if settings.pooling else PORT
        """Of applications."""
        self.credentials = Credentials(
            self,
            scope,
            settings,
            instance=self.instance,
            database=self.database or self.instance,
            certificates=[certificates_of(node.instance) for node in self.nodes],
            host=self.nodes[0].address,
            port=self._port,
            admin_port=PORT,
        )
        self._direct = self._connection(PORT)
        self.rotation = PasswordRotation(
            self,
            scope,
            access=self.grant_connect(cast(Workload, self), "owner"),
            secrets=self.credentials.rotated,
            started_with=self.credentials.application.username,
            days=settings.password_rotation_days,
        )
        self.finish(
            connection=self._connection(self._port),
            connect_command=psql_command(self._direct, self.instance, project=self.network.project),
            handles=of_stack(scope, "gcp", self._handle(), project=self.network.project),
        )

    def grant_connect(self, workload: Workload, role: DatabaseRole = "application") -> Access:
        """The owner reaches the database itself (migrations need a session of their own), applications the pooler if any.

        With ``iam_login`` they reach the database beside it too: the pooler takes passwords only.
        """
        owner = role == "owner"
        connection, port = (self._direct, PORT) if owner else (self.connection, self._port)
        addresses = [node.address for node in self.nodes]
        ports = sorted({port, PORT}) if self.settings.iam_login else [port]
        rules = self.network.open(workload, self.name, addresses=addresses, ports=ports)
        ready = [resource for node in self.nodes for resource in (node.instance, *node.after)]
        access = self.credentials.access(connection, workload, role)
        return access.merged(Access(after=(*ready, *rules)))

    def _handle(self) -> dict[str, Any]:
        services = self.network.private_services
        return {
            "backend": self.settings.backend,
            "name": self.settings.name,
            "id": self.instance.name,
            "network": self.network.network_id,
            "private_access": self.network.private_access,
            **({"private_range": services.range_name} if services else {}),
            "tier": self.machine.name,
            "edition": EDITIONS[self.settings.edition],
            "rotation": self.rotation.job_id,
        }

    def _key(self, after: Sequence[pulumi.Resource]) -> DatabaseKey:
        """It outlives the instance where backups do, which could not be read without it."""
        protect, retain = self.settings.deletion_protection, self.settings.final_backup
        return DatabaseKey(self, self.scope, protect=protect, retain=retain, after=after)

    def _node(self, role: str, server: gcp.sql.DatabaseInstance) -> Node:
        address, after = server.private_ip_address, list[pulumi.Resource]()
        if self.network.private_access == "psc":
            target, dns_name = server.psc_service_attachment_link, server.dns_name
            endpoint = private_endpoint(self, self.network, role, target=target, dns_name=dns_name)
            address, after = endpoint.address, [*endpoint.after]
        return Node(
            instance=server,
            address=address,
            memory_bytes=self.machine.memory_bytes,
            max_connections=max_connections(self.settings),
            reader=server is not self.instance,
            after=after,
        )

    def _database(self) -> gcp.sql.Database:
        """The stack's own database. A restored instance has it already. It is left on the server when it goes from here, because
        PostgreSQL deletes no database that is in use; it goes with its instance."""
        return gcp.sql.Database(
            f"{self.name}-database",
            name=self.settings.name,
            instance=self.instance.name,
            charset="UTF8",
            collation="en_US.UTF8",
            deletion_policy="ABANDON",
            opts=self.child(protect=self.settings.deletion_protection),
        )

    def _logs(self, physical: pulumi.Output[str]) -> None:
        """PostgreSQL's own log and the audit log of all servers, present and future, kept as long as the settings say."""
        log_bucket(
            self,
            "logs",
            filter=pulumi.Output.format(
                'resource.type="cloudsql_database" AND resource.labels.database_id=~"^{0}:{1}(-replica-[0-9]+)?$"',
                self.network.project,
                physical,
            ),
            retention_days=self.settings.log_retention_days,
        )

    def _connection(self, port: int) -> Connection:
        known, readers = pulumi.Output.from_input, [node.address for node in self.nodes if node.reader]
        return Connection(
            host=self.nodes[0].address,
            reader_host=_listed(readers) if readers else self.nodes[0].address,
            port=known(port),
            database=known(self.settings.name),
            application=self.credentials.application,
            admin=self.credentials.admin,
            ca=known(CA_FILE),
            ssl_mode=SSL_MODE,
        )


def _listed(addresses: list[pulumi.Output[str]]) -> pulumi.Output[str]:
    """As libpq takes several hosts."""
    return pulumi.Output.all(*addresses).apply(lambda found: ",".join(str(address) for address in found))
