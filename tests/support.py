"""A real PostgreSQL cluster for tests, made by the code under test itself, in a short folder that any user may enter."""

from __future__ import annotations

import json
import random
import shutil
import socket
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from psycopg.conninfo import make_conninfo

from components.local.host.postgres import cluster, database, node
from components.local.host.postgres.database import DatabaseSpec
from components.local.host.postgres.spec import NodeSpec

SMALL = {"shared_buffers": "16MB", "max_connections": "100"}
"""Parameters of test servers: tests may run many at a time."""


def free_port(addresses: int = 1) -> int:
    """A port that nobody listens to on 127.0.0.1 and the next loopback addresses.

    Not one that the kernel would give for port 0: from 32768 on they also go to outgoing connections, and a server that is
    started a while later, or again, can find its port taken.
    """
    while True:
        port = random.randrange(10_000, 32_768)
        try:
            for last in range(1, addresses + 1):
                with socket.socket() as probe:
                    probe.bind((f"127.0.0.{last}", port))
        except OSError:
            continue
        return port


@contextmanager
def short_folder() -> Iterator[Path]:
    """A temporary folder with a short path that every user may enter (PostgreSQL's too, when tests run as root)."""
    usual = tempfile.gettempdir()  # a Mac's is long
    folder = Path(tempfile.mkdtemp(prefix="mp-", dir=usual if len(usual) < 20 else "/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class LocalPostgres:
    """Where a test cluster is and how to log in. Everything runs below *home* and ends with the fixture."""

    home: Path
    port: int
    app: str = "shop"
    dbname: str = "shop"
    parameters: Mapping[str, str] = field(default_factory=dict)
    names: tuple[str, ...] = ("node-1",)

    @property
    def cluster_dir(self) -> Path:
        return self.home / "postgres" / "main"

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses of the nodes."""
        return tuple(f"127.0.0.{index}" for index in range(1, len(self.names) + 1))

    @property
    def host(self) -> str:
        """DB_HOST: all nodes, as libpq takes them."""
        return ",".join(self.hosts)

    @property
    def ca(self) -> Path:
        """The CA certificate for verify-full."""
        return self.database.ca

    @property
    def secret(self) -> Path:
        """JSON file of the application user: username, password, host, port, dbname, url."""
        return self.database.secret

    @property
    def admin_secret(self) -> Path:
        """JSON file of the admin user."""
        return self.database.admin_secret

    @property
    def database(self) -> DatabaseSpec:
        return DatabaseSpec(
            cluster_dir=self.cluster_dir,
            app=self.app,
            dbname=self.dbname,
            hosts=self.hosts,
            port=self.port,
            secrets_dir=self.home / "secrets" / self.app / "test",
        )

    @property
    def nodes(self) -> tuple[NodeSpec, ...]:
        return tuple(
            NodeSpec(
                cluster_dir=self.cluster_dir,
                node=name,
                address=f"127.0.0.{index}",
                port=self.port,
                version=17,
                home=self.home,
                log=self.home / "logs" / f"postgres-{name}.log",
                parameters={**SMALL, **self.parameters},
            )
            for index, name in enumerate(self.names, start=1)
        )

    def with_parameters(self, **parameters: str) -> LocalPostgres:
        return replace(self, parameters={**self.parameters, **parameters})

    def url(self, *, admin: bool = False) -> str:
        """Connection URL of the application's or the admin's user, verify-full."""
        return str(json.loads((self.admin_secret if admin else self.secret).read_text())["url"])

    def superuser(self, dbname: str = "postgres", host: str | None = None) -> str:
        """Connection string of the bootstrap superuser on the primary (or on *host*)."""
        password = (self.cluster_dir / "superuser.password").read_text().strip()
        return make_conninfo(
            "",
            host=host or self.host,
            port=self.port,
            user="postgres",
            password=password,
            dbname=dbname,
            sslmode="verify-full",
            sslrootcert=str(self.ca),
            target_session_attrs="any" if host else "read-write",
        )

    def up(self) -> None:
        """Cluster, nodes and database as they should be; can be repeated."""
        cluster.ensure(self.cluster_dir)
        for spec in self.nodes:
            node.ensure(spec)
        database.ensure(self.database)


@contextmanager
def running_postgres(*, nodes: int = 1, up: bool = True, parameters: Mapping[str, str] | None = None) -> Iterator[LocalPostgres]:
    """A cluster of *nodes* servers with these *parameters*; with *up* False only its description."""
    with short_folder() as home:
        names = tuple(f"node-{index}" for index in range(1, nodes + 1))
        postgres = LocalPostgres(home=home, port=free_port(nodes), names=names, parameters=parameters or {})
        try:
            if up:
                postgres.up()
            yield postgres
        finally:
            cluster.remove(postgres.cluster_dir)
