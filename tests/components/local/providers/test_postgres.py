"""The PostgreSQL providers as the engine calls them: numbers are floats, outputs are what the next call gets as olds."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from components.dynamic import DynamicProvider
from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.postgres import cluster, node
from components.local.providers.postgres_cluster import PostgresClusterProvider
from components.local.providers.postgres_database import PostgresDatabaseProvider
from components.local.providers.postgres_node import PostgresNodeProvider, _spec
from tests.support import SMALL, free_port, short_folder

KEY = {"__provider": "opaque"}
"""What the engine adds to all properties."""


def wire(values: dict[str, Any]) -> dict[str, Any]:
    """As it comes out of the engine: every number a float."""
    return {key: _float(value) for key, value in values.items()}


def _float(value: Any) -> Any:
    if isinstance(value, dict):
        return wire(value)
    if isinstance(value, list):
        return [_float(item) for item in value]
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


@dataclass
class Stack:
    """The properties of a stack's resources, and of what was made of them."""

    home: Path
    port: int

    @property
    def directory(self) -> str:
        return str(self.home / "postgres" / "main")

    def cluster(self, **changes: Any) -> dict[str, Any]:
        return wire({"directory": self.directory, "deletion_protection": False, "ca": None, "status": None} | changes) | KEY

    def node(self, index: int, **changes: Any) -> dict[str, Any]:
        values = {
            **{"cluster_dir": self.directory, "node": f"node-{index}", "address": f"127.0.0.{index}", "port": self.port},
            **{"version": 17, "home": str(self.home), "log": str(self.home / "logs" / f"postgres-node-{index}.log")},
            **{"parameters": dict(SMALL), "deletion_protection": False, "status": None, "role": None},
        }
        return wire(values | changes) | KEY

    def database(self, **changes: Any) -> dict[str, Any]:
        values = {
            **{"cluster_dir": self.directory, "app": "shop", "dbname": "shop", "hosts": ["127.0.0.1", "127.0.0.2"]},
            **{"port": self.port, "secrets_dir": str(self.home / "secrets" / "shop" / "dev"), "version": 17},
            **{"home": str(self.home), "password_version": 1, "deletion_protection": False, "status": None},
        }
        return wire(values | changes) | KEY


def made(provider: DynamicProvider, props: dict[str, Any]) -> dict[str, Any]:
    """Create; the outputs as the engine keeps them."""
    return kept(provider.create(props).outs)


def kept(outs: dict[str, Any] | None) -> dict[str, Any]:
    assert outs is not None
    assert "__provider" not in outs
    return wire(outs) | KEY


def eventually(check: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


CLUSTER, NODE, DATABASE = PostgresClusterProvider(), PostgresNodeProvider(), PostgresDatabaseProvider()


@pytest.fixture
def stack() -> Iterator[Stack]:
    with short_folder() as home:
        described = Stack(home, free_port(2))
        try:
            yield described
        finally:
            cluster.remove(Path(described.directory))


def test_a_stack_comes_up_stays_and_goes(stack: Stack) -> None:
    shared = made(CLUSTER, stack.cluster())
    nodes = [made(NODE, stack.node(index)) for index in (1, 2)]
    data = made(DATABASE, stack.database())

    assert shared["status"] == "present"
    assert shared["ca"] == f"{stack.directory}/tls/ca.crt"
    assert [(outs["status"], outs["role"]) for outs in nodes] == [("running", "primary"), ("running", "standby")]
    assert data["secret_id"] == f"file://{stack.home}/secrets/shop/dev/db.json"
    assert data["admin_secret_id"] == f"file://{stack.home}/secrets/shop/dev/db-admin.json"
    assert stat.S_IMODE(Path(data["pgpass"]).stat().st_mode) == 0o600
    assert f"host=127.0.0.1,127.0.0.2 port={stack.port} dbname=shop user=shop_admin" in data["psql"]
    url = secrets.resolve(f"{data['secret_id']}#url")
    with psycopg.connect(url) as session:
        assert session.execute("select current_user").fetchone() == ("shop_app",)

    for provider, outs, props in (
        (CLUSTER, shared, stack.cluster()),
        (NODE, nodes[0], stack.node(1)),
        (NODE, nodes[1], stack.node(2)),
        (DATABASE, data, stack.database()),
    ):
        assert provider.diff("id", outs, props).changes is False
        seen = provider.read("id", outs)
        assert (seen.id, kept(seen.outs)) == ("id", outs)
        assert secrets.resolve(f"{data['secret_id']}#password") not in str(outs)

    DATABASE.delete("id", data)
    for outs in reversed(nodes):
        NODE.delete("id", outs)
    CLUSTER.delete("id", shared)
    assert not Path(stack.directory).exists()
    assert not list((stack.home / "secrets").rglob("*.json"))


def test_ids_do_not_move(stack: Stack) -> None:
    assert CLUSTER.create(stack.cluster()).id == stack.directory
    made_node = NODE.create(stack.node(1))
    assert made_node.id == f"{stack.directory}/node-1"
    assert NODE.create(stack.node(1)).id == made_node.id  # an interrupted `up`, repeated: what is there is adopted
    assert DATABASE.create(stack.database()).id == f"{stack.directory}/shop"


def test_a_killed_server_is_seen_and_mended(stack: Stack) -> None:
    made(CLUSTER, stack.cluster())
    outs = made(NODE, stack.node(1))
    spec = node.observe(_spec({**outs, "port": stack.port, "version": 17}))
    assert spec.pid is not None
    os.kill(spec.pid, signal.SIGKILL)
    assert eventually(lambda: kept(NODE.read("id", outs).outs)["status"] == "stopped")
    assert NODE.diff("id", outs, stack.node(1)).changes is True  # also without the refresh
    refreshed = kept(NODE.read("id", outs).outs)
    assert refreshed["role"] == "primary"
    difference = NODE.diff("id", refreshed, stack.node(1))
    assert (difference.changes, difference.replaces) == (True, [])
    mended = kept(NODE.update("id", refreshed, stack.node(1)).outs)
    assert mended == outs
    assert NODE.diff("id", mended, stack.node(1)).changes is False


def test_lost_files_are_seen_and_mended(stack: Stack) -> None:
    shared = made(CLUSTER, stack.cluster())
    made(NODE, stack.node(1))
    data = made(DATABASE, stack.database(hosts=["127.0.0.1"]))
    (Path(stack.directory) / "tls" / "server.crt").unlink()
    assert kept(CLUSTER.read("id", shared).outs)["status"] == "absent"
    assert CLUSTER.diff("id", shared, stack.cluster()).changes is True
    assert kept(CLUSTER.update("id", shared, stack.cluster()).outs) == shared
    Path(data["pgpass"]).unlink()
    assert kept(DATABASE.read("id", data).outs)["status"] == "absent"
    wanted = stack.database(hosts=["127.0.0.1"])
    assert DATABASE.diff("id", data, wanted).changes is True
    assert kept(DATABASE.update("id", data, wanted).outs) == data
    psycopg.connect(secrets.resolve(f"{data['secret_id']}#url")).close()


@pytest.mark.parametrize(
    "changes", [{"parameters": {"work_mem": "8MB"}}, {"port": 6000}, {"version": 18}, {"deletion_protection": True}]
)
def test_a_node_changes_in_place(stack: Stack, changes: dict[str, Any]) -> None:
    olds = stack.node(1, status="running", role="primary")
    difference = NODE.diff("id", olds, stack.node(1, **changes))
    assert (difference.changes, difference.replaces) == (True, [])


def test_what_makes_another_one(stack: Stack) -> None:
    assert CLUSTER.diff("id", stack.cluster(), stack.cluster(directory="/other")).replaces == ["directory"]
    for key in ("cluster_dir", "node"):
        difference = NODE.diff("id", stack.node(1), stack.node(1, **{key: "other"}))
        assert (difference.replaces, difference.delete_before_replace) == ([key], True)
    for key in ("cluster_dir", "app", "dbname"):
        difference = DATABASE.diff("id", stack.database(), stack.database(**{key: "other"}))
        assert (difference.replaces, difference.delete_before_replace) == ([key], True)
    assert DATABASE.diff("id", stack.database(), stack.database(password_version=2)).replaces == []


def test_new_passwords_and_another_folder(stack: Stack) -> None:
    made(CLUSTER, stack.cluster())
    made(NODE, stack.node(1))
    data = made(DATABASE, stack.database())
    first = secrets.resolve(f"{data['secret_id']}#password")
    rotated = kept(DATABASE.update("id", data, stack.database(password_version=2)).outs)
    assert rotated["secret_id"] == data["secret_id"]
    assert secrets.resolve(f"{data['secret_id']}#password") != first
    moved = stack.database(password_version=2, secrets_dir=str(stack.home / "secrets" / "shop" / "qa"))
    outs = kept(DATABASE.update("id", rotated, moved).outs)
    psycopg.connect(secrets.resolve(f"{outs['secret_id']}#url")).close()
    assert not (stack.home / "secrets" / "shop" / "dev").exists()


def test_protected_data_is_not_deleted(stack: Stack) -> None:
    guard = {"deletion_protection": True}
    shared = made(CLUSTER, stack.cluster(**guard))
    nodes = [made(NODE, stack.node(index, **guard)) for index in (1, 2)]
    data = made(DATABASE, stack.database(**guard))
    refusal = r"is protected from deletion; set database\.deletion_protection to false, run `make up`, then delete it"
    with pytest.raises(LocalError, match=refusal):
        DATABASE.delete("id", data)
    with pytest.raises(LocalError, match=refusal):
        CLUSTER.delete("id", shared)
    NODE.delete("id", nodes[1])  # a reader may go: the other node has all there is
    with pytest.raises(LocalError, match=refusal):
        NODE.delete("id", nodes[0])
    psycopg.connect(secrets.resolve(f"{data['secret_id']}#url")).close()


def test_lost_data_needs_no_protection(stack: Stack) -> None:
    guard = {"deletion_protection": True}
    shared = made(CLUSTER, stack.cluster(**guard))
    outs = made(NODE, stack.node(1, **guard))
    cluster.remove(Path(stack.directory))
    assert kept(NODE.read("id", outs).outs)["status"] == "missing"
    NODE.delete("id", outs)
    CLUSTER.delete("id", shared)
    shutil.rmtree(stack.home / "logs")


def test_methods_run_in_threads(stack: Stack) -> None:
    made(CLUSTER, stack.cluster())
    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(NODE.create, stack.node(index)) for index in (1, 2)]
        roles = sorted(str(kept(future.result().outs)["role"]) for future in futures)
    assert roles == ["primary", "standby"]
