"""A real PostgreSQL cluster as an application sees it: the environment contract; and ways to break it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from components.local.host.postgres.server import Server
from tests.support import LocalPostgres, running_postgres

ROOT = Path(__file__).resolve().parents[2]
APP = "shop_app"


class LocalCluster:
    """node-1 is the primary, the others stand by; ``secret`` is the application's JSON file."""

    def __init__(self, postgres: LocalPostgres) -> None:
        self.postgres = postgres
        self.secret = postgres.secret
        self.servers = [Server(spec) for spec in postgres.nodes]

    @property
    def password(self) -> str:
        return str(json.loads(self.secret.read_text())["password"])

    def change_password(self, new: str) -> None:
        """On the server, then in the secret, as a rotation does; and ends all sessions of the application."""
        self.execute(sql.SQL("ALTER ROLE shop_app PASSWORD {}").format(new))
        scratch = self.secret.with_suffix(".new")
        scratch.write_text(json.dumps(json.loads(self.secret.read_text()) | {"password": new}))
        scratch.replace(self.secret)
        self.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s", APP)

    def environ(self, **changes: str | None) -> dict[str, str]:
        """The environment contract, as the local provider gives it; None removes a variable."""
        hosts = self.postgres.hosts
        contract: dict[str, str | None] = {
            "ENVIRONMENT": "production",
            "DB_ENGINE": "django.db.backends.postgresql",
            "DB_NAME": self.postgres.dbname,
            "DB_USER": APP,
            "DB_PASSWORD": self.password,
            "DB_HOST": ",".join(hosts),
            "DB_PORT": str(self.postgres.port),
            "DB_READER_HOST": ",".join([*hosts[1:], hosts[0]]),
            "DB_SSL_MODE": "verify-full",
            "DB_SSL_ROOT_CERT": str(self.postgres.ca),
            "DB_CONN_MAX_AGE": "600",
            "DB_CONN_HEALTH_CHECKS": "True",
            "DATABASE_URL": self.postgres.url(),
            "DB_SECRET_ID": self.secret.as_uri(),
        }
        return {name: value for name, value in (contract | changes).items() if value is not None}

    def migrate(self) -> None:
        """Creates the schema as the owner."""
        with psycopg.connect(self.postgres.url(admin=True)) as admin:
            admin.execute((ROOT / "migrations" / "001_initial_schema.sql").read_bytes())

    def execute(self, statement: LiteralString | sql.Composed, *values: object, node: int = 0) -> list[tuple[Any, ...]]:
        """Runs *statement* in the database as superuser of one node."""
        with self.servers[node].connect(self.postgres.dbname) as root:
            cursor = root.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def kill(self, number: int = 0) -> None:
        """kill -9 of one node, all its processes; ``start`` brings it back."""
        process = self.servers[number].process()
        assert process is not None
        for victim in [process, *process.children()]:
            victim.kill()
        process.wait(10)

    def start(self, number: int = 0) -> None:
        self.servers[number].start()


@contextmanager
def running_cluster(*, nodes: int = 1) -> Iterator[LocalCluster]:
    """A cluster of its own, gone at the end."""
    with running_postgres(nodes=nodes) as postgres:
        yield LocalCluster(postgres)
