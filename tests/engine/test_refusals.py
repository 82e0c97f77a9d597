"""What cannot be done is refused in one clear sentence, nothing is half-made, and the next `up` works."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.engine.deployment import Deployment, refused

pytestmark = pytest.mark.timeout(240)


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
    deployment.configure()
    deployment.up()


def test_an_older_version_of_existing_data_is_refused(deployment: Deployment) -> None:
    deployment.up()
    before = deployment.postmaster(1).pid
    deployment.configure(database={"version": "15"})
    result = deployment.run("up")
    refused(result, "15", "17")
    assert deployment.postmaster(1).pid == before
    deployment.configure()
    deployment.up()


def test_a_wrong_passphrase(deployment: Deployment) -> None:
    deployment.up()
    refused(deployment.run("up", PULUMI_CONFIG_PASSPHRASE="wrong"), "passphrase")
    assert deployment.run("status").code == 0


def test_deletion_protection_refuses_down_until_it_is_off(deployment: Deployment) -> None:
    deployment.configure(database={"deletion_protection": True})
    deployment.up()
    refused(deployment.run("down", "--yes"), "deletion_protection: false", "make up")
    assert deployment.run("status").code == 0, "everything still runs"
    deployment.configure(database={"deletion_protection": False})
    deployment.up()
    assert deployment.run("down", "--yes").code == 0
    assert deployment.processes() == []
