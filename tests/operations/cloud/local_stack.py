"""A local stack's database without the engine: a real cluster and the handles that the stack would put out."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from components.local.host.postgres.server import Server
from operations.cloud.local.database import LocalDatabase
from tests.processes import until
from tests.support import LocalPostgres, running_postgres


class Pair:
    """Two nodes. ``first`` writes at the beginning of a test, ``second`` is its reader; table ``t (n int)`` is empty."""

    def __init__(self, postgres: LocalPostgres) -> None:
        self.postgres = postgres
        self.first, self.second = (Server(spec) for spec in postgres.nodes)
        self.lines: list[str] = []

    @property
    def names(self) -> tuple[str, str]:
        """Of the first and the second."""
        return self.first.spec.node, self.second.spec.node

    @property
    def unchanged(self) -> dict[str, tuple[str, bool]]:
        return {self.names[0]: ("writer", True), self.names[1]: ("reader", True)}

    @property
    def switched(self) -> dict[str, tuple[str, bool]]:
        return {self.names[0]: ("reader", True), self.names[1]: ("writer", True)}

    @property
    def handles(self) -> dict[str, Any]:
        database = {"backend": "local", "cluster": str(self.postgres.cluster_dir)}
        names = {
            "provider": "local",
            "stack": "local",
            "app": "shop",
            "environment": "test",
            "tier": "dev",
            "prefix": "shop-test",
        }
        return {**names, "database": database, "backups": None, "jobs": {}, "services": {}}

    @property
    def control(self) -> LocalDatabase:
        return LocalDatabase(self.handles)

    def mend(self) -> None:
        """What `make up` does, where the last test left something broken; whoever writes is the first."""
        self.lines.clear()
        for server in (self.first, self.second):
            for aside in server.spec.folder.glob("data.*"):
                shutil.rmtree(aside)
        if self.roles() not in (self.unchanged, self.switched):
            self.postgres.up()
        if self.first.is_standby():
            self.first, self.second = self.second, self.first
        with psycopg.connect(self.postgres.url(admin=True)) as session:
            session.execute("DROP TABLE IF EXISTS t")
            session.execute("CREATE TABLE t (n int)")
        # a reader that is not connected when its writer stops lacks the last of it, and rightly may not take over
        until(lambda: self.control.members()[1].lag_seconds == 0, seconds=60)

    def say(self, line: str) -> None:
        self.lines.append(line)

    def insert(self, number: int) -> None:
        with psycopg.connect(self.postgres.url(), autocommit=True) as session:
            session.execute("INSERT INTO t VALUES (%s)", [number])

    def rows(self, server: Server) -> list[int]:
        """What one node holds."""
        with psycopg.connect(self.postgres.superuser("shop", host=server.spec.address)) as session:
            return [row[0] for row in session.execute("SELECT n FROM t ORDER BY n")]

    def kill(self, server: Server) -> None:
        """kill -9, all its processes."""
        process = server.process()
        assert process is not None
        for victim in [process, *process.children()]:
            victim.kill()
        process.wait(20)

    def roles(self) -> dict[str, tuple[str, bool]]:
        return {member.name: (member.role, member.healthy) for member in self.control.members()}

    def asides(self) -> list[str]:
        return [path.name for server in (self.first, self.second) for path in server.spec.folder.glob("data.*")]


@contextmanager
def running_pair() -> Iterator[Pair]:
    with running_postgres(nodes=2) as postgres:
        yield Pair(postgres)
