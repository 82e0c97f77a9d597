"""What cannot be done is refused in one clear sentence, nothing is half-made, and the next `up` works."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.engine.deployment import Deployment, refused


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with closing(socket.socket()) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        yield other


def test_a_port_in_use_is_named_with_its_key(deployment: Deployment, taken: socket.socket) -> None:
    taken.bind(("127.0.0.1", deployment.port))
    taken.listen()
    refused(deployment.run("up"), f"port {deployment.port} on 127.0.0.1 is in use", "database.port")
    assert not list(deployment.paths.postgres.glob("database/nodes/*/data*"))
    taken.close()
    assert deployment.up().code == 0


def test_a_missing_postgresql_says_how_to_get_one(deployment: Deployment) -> None:
    deployment.configure(database={"version": "18"})
    refused(deployment.run("up"), "PostgreSQL 18")
    assert not list(deployment.paths.postgres.glob("database/nodes/*/data*"))


def test_an_older_version_than_the_data_is_refused(live: Deployment) -> None:
    before = live.postmaster(1).pid
    live.configure(database={"version": "15"})
    refused(live.run("up"), "15", "17")
    assert live.postmaster(1).pid == before
    live.configure()
    live.up()


def test_deletion_protection_refuses_down_until_it_is_off(live: Deployment) -> None:
    live.configure(database={"deletion_protection": True})
    live.up()
    refused(live.run("down", "--yes"), "deletion_protection: false", "make up")
    assert live.run("status").code == 0, "everything still runs"
    live.configure(database={"deletion_protection": False})
    live.up()
    assert live.run("down", "--yes").code == 0
    assert live.processes() == []
