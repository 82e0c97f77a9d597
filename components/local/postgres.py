"""The local PostgreSQL: one server per node on loopback, streaming replication, TLS, an admin and an application user."""

from __future__ import annotations

import pulumi

from components.contract import DatabaseRole, ManagedPostgres, PostgresArgs, Workload
from components.environment import Access, Connection, Login, SecretRef
from components.handles import of_stack
from components.local.place import place
from components.local.providers.postgres_cluster import PostgresCluster
from components.local.providers.postgres_database import PostgresDatabase
from components.local.providers.postgres_node import PostgresNode
from operations import role_names

PARAMETERS = {
    "small": {"shared_buffers": "128MB", "max_connections": "100", "work_mem": "4MB"},
    "medium": {"shared_buffers": "512MB", "max_connections": "200", "work_mem": "8MB"},
    "large": {"shared_buffers": "1GB", "max_connections": "400", "work_mem": "16MB"},
    "xlarge": {"shared_buffers": "2GB", "max_connections": "500", "work_mem": "32MB"},
}
"""What a size class means on this machine."""


class LocalPostgres(ManagedPostgres):
    """A cluster of ``1 + readers`` nodes, one more with ``ha`` and no reader. Every node but the primary is a hot standby.

    Node *i* listens on ``127.0.0.<i>``, all on one port, as the environment contract has one port for both endpoints. Which node
    is the primary is not part of any name: after a promotion the others follow, and nothing is replaced.
    """

    def __init__(self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, self._scope, paths = args.settings, args.scope, place()
        keep = settings.deletion_protection
        directory = str(paths.postgres / name)
        count = 1 + max(settings.readers, int(settings.ha))
        addresses = [f"127.0.0.{index}" for index in range(1, count + 1)]

        cluster = PostgresCluster(f"{name}-cluster", directory=directory, deletion_protection=keep, opts=self.child(protect=keep))
        nodes: list[PostgresNode] = []
        for index, address in enumerate(addresses, start=1):
            node = PostgresNode(
                f"{name}-node-{index}",
                cluster_dir=directory,
                node=f"node-{index}",
                address=address,
                port=settings.port,
                version=settings.major,
                home=str(paths.home),
                log=str(paths.log(f"postgres-node-{index}")),
                parameters={**PARAMETERS[settings.size], **settings.parameters},
                deletion_protection=keep,
                # A standby is copied from what is there, so it comes up after the first. It holds a copy only and may go.
                opts=self.child(protect=keep and index == 1, depends_on=[cluster, *nodes[:1]]),
            )
            nodes.append(node)
        # As a cloud's writer endpoint follows a promotion, the primary comes first: clients that ask for no role take the first.
        hosts = pulumi.Output.all(*(node.role for node in nodes)).apply(
            lambda found: [
                address for _, address in sorted(zip(found, addresses, strict=True), key=lambda pair: pair[0] != "primary")
            ]
        )
        self.database = PostgresDatabase(
            f"{name}-database",
            cluster_dir=directory,
            app=args.scope.app,
            dbname=settings.name,
            hosts=hosts,
            port=settings.port,
            secrets_dir=str(paths.secrets / args.scope.app / args.scope.environment),
            password_version=settings.password_version,
            version=settings.major,
            home=str(paths.home),
            deletion_protection=keep,
            opts=self.child(protect=keep, depends_on=nodes),
        )
        self.finish(
            connection=Connection(
                host=self.database.hosts.apply(",".join),
                reader_host=self.database.hosts.apply(lambda found: ",".join([*found[1:], found[0]])),
                port=self.database.status.apply(lambda _: settings.port),
                database=self._known(settings.name),
                application=self._login(self.database.secret_id, role_names.application_role(args.scope.app)),
                admin=self._login(self.database.admin_secret_id, role_names.admin_role(args.scope.app)),
                ca=cluster.ca,
            ),
            connect_command=self.database.psql,
            handles=of_stack(self._scope, "local", {"backend": settings.backend, "name": settings.name, "cluster": directory}),
        )

    def grant_connect(self, workload: Workload, role: DatabaseRole = "application") -> Access:
        login = self.connection.admin if role == "owner" else self.connection.application
        found = self.connection.access(login, environment=self._scope.environment)
        if role == "owner":
            return found
        # The user alternates with each rotation, so it comes from the secret too; the plain variable names its role.
        return found.merged(Access(secrets={"DB_USER": SecretRef(id=login.secret_id, key="username")}))

    def _known(self, value: str) -> pulumi.Output[str]:
        """*value*, once the database is there."""
        return self.database.status.apply(lambda _: value)

    def _login(self, secret_id: pulumi.Output[str], username: str) -> Login:
        return Login(username=self._known(username), secret_id=secret_id, url=SecretRef(id=secret_id, key="url"))
