"""One node's life: made, found, killed, brought back, removed."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psutil
import psycopg
import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import cluster, node, postmaster
from tests.support import LocalPostgres, running_postgres


def eventually(check: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def lives(pid: int | None) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE  # in many containers nobody reaps the dead
    except psutil.NoSuchProcess:
        return False


def setting(postgres: LocalPostgres, name: str, host: str | None = None) -> str:
    with psycopg.connect(postgres.superuser(host=host)) as session:
        row = session.execute("select current_setting(%s)", [name]).fetchone()
        assert row is not None
        return str(row[0])


def test_the_server_is_made_safe(single: LocalPostgres) -> None:
    expected = {
        "server_encoding": "UTF8",
        "data_checksums": "on",
        "password_encryption": "scram-sha-256",
        "ssl": "on",
        "ssl_min_protocol_version": "TLSv1.2",
        "fsync": "on",
        "full_page_writes": "on",
        "synchronous_commit": "on",
        "listen_addresses": "127.0.0.1",
        "unix_socket_directories": "",
        "TimeZone": "UTC",
        "shared_preload_libraries": "pg_stat_statements",
        "log_min_duration_statement": "1s",
        "log_lock_waits": "on",
        "shared_buffers": "16MB",
        "allow_alter_system": "off",
    }
    assert {name: setting(single, name) for name in expected} == expected
    with psycopg.connect(single.superuser("template1")) as session:
        row = session.execute("select datlocprovider, datlocale from pg_database where datname = 'template1'").fetchone()
        assert row == ("b", "C.UTF-8")
        kinds = session.execute("select distinct auth_method from pg_hba_file_rules").fetchall()
        assert {kind for (kind,) in kinds} == {"scram-sha-256", "reject"}


def test_files_are_private(single: LocalPostgres) -> None:
    directory = single.cluster_dir
    private = [
        directory / "superuser.password",
        directory / "replicator.password",
        directory / "tls" / "ca.key",
        directory / "tls" / "server.key",
        directory / "nodes" / "node-1" / "replication.pgpass",
        directory / "nodes" / "node-1" / "node.json",
    ]
    assert {path.name: path.stat().st_mode & 0o777 for path in private} == {path.name: 0o600 for path in private}
    assert (directory / "nodes" / "node-1").stat().st_mode & 0o777 == 0o700
    assert not list(directory.rglob(".initdb-password"))


def test_the_second_time_nothing_happens(pair: LocalPostgres) -> None:
    before = [node.observe(spec) for spec in pair.nodes]
    assert [(state.status, state.role, state.version) for state in before] == [
        ("running", "primary", 17),
        ("running", "standby", 17),
    ]
    logs = [spec.log.read_text() for spec in pair.nodes]
    assert [node.ensure(spec) for spec in pair.nodes] == before
    assert [spec.log.read_text() for spec in pair.nodes] == logs


def test_nothing_there(single: LocalPostgres) -> None:
    state = node.observe(replace(single.nodes[0], node="node-9"))
    assert (state.status, state.role, state.version, state.pid) == ("missing", None, None, None)


def test_the_server_runs_as_an_unprivileged_user(single: LocalPostgres) -> None:
    pid = node.observe(single.nodes[0]).pid
    assert psutil.Process(pid).uids().effective != 0


def test_no_secret_of_ours_reaches_the_server(single: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "hunter2")
    spec = single.nodes[0]
    postmaster.stop(spec.data)
    process = psutil.Process(node.ensure(spec).pid)
    assert "PULUMI_CONFIG_PASSPHRASE" not in process.environ()
    password = (single.cluster_dir / "superuser.password").read_text().strip()
    assert password not in " ".join([*process.cmdline(), *process.environ().values()])


def test_a_killed_server_comes_back_with_everything_committed(pair: LocalPostgres) -> None:
    spec = pair.nodes[0]
    with psycopg.connect(pair.url(), autocommit=True) as session:
        session.execute("insert into t select generate_series(1, 1000)")
        pid = node.observe(spec).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: node.observe(spec).status == "stopped")
    assert node.observe(spec).role == "primary"
    state = node.ensure(spec)
    assert (state.status, state.role) == ("running", "primary")
    assert state.pid != pid
    with psycopg.connect(pair.url()) as session:
        assert session.execute("select count(*) from t").fetchone() == (1000,)
    assert eventually(lambda: node.observe(pair.nodes[1]).status == "running")


def test_orphans_of_a_killed_server_are_ended(single: LocalPostgres) -> None:
    spec = single.nodes[0]
    with psycopg.connect(single.superuser(), autocommit=True) as session:
        backend = session.info.backend_pid
        os.kill(backend, signal.SIGSTOP)  # a backend that does not notice that its postmaster is gone
        pid = node.observe(spec).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        assert eventually(lambda: node.observe(spec).status == "stopped")
        assert backend in {process.pid for process in postmaster.orphans(spec.data)}
        assert node.ensure(spec).status == "running"
        assert not lives(backend)


def test_a_stale_pid_file_names_nobody(single: LocalPostgres) -> None:
    spec = single.nodes[0]
    postmaster.stop(spec.data)
    stale = spec.data / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{spec.data}\n")  # a pid that another program has by now
    assert node.observe(spec).status == "stopped"
    assert node.ensure(spec).status == "running"


def test_both_come_back_after_a_reboot(pair: LocalPostgres) -> None:
    with psycopg.connect(pair.url(), autocommit=True) as session:
        session.execute("insert into t values (1)")
    for spec in pair.nodes:
        pid = node.observe(spec).pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
    for spec in reversed(pair.nodes):  # the standby first: it starts and waits for its primary
        assert eventually(lambda spec=spec: node.observe(spec).status == "stopped")  # type: ignore[misc]
        node.ensure(spec)
    assert [node.observe(spec).role for spec in pair.nodes] == ["primary", "standby"]
    assert eventually(lambda: [node.observe(spec).status for spec in pair.nodes] == ["running", "running"])
    with psycopg.connect(pair.url(), autocommit=True) as session:
        session.execute("insert into t values (2)")

    def standby_has_both() -> bool:
        with psycopg.connect(pair.superuser("shop", host="127.0.0.2")) as session:
            return session.execute("select count(*) from t").fetchone() == (2,)

    assert eventually(standby_has_both)


def test_an_interrupted_creation_is_made_good(single: LocalPostgres) -> None:
    spec = single.nodes[0]
    node.remove(spec)
    (spec.folder / "data.new" / "base").mkdir(parents=True)  # initdb was killed half-way
    assert node.observe(spec).status == "missing"
    assert node.ensure(spec).status == "running"
    assert not (spec.folder / "data.new").exists()


def test_an_interruption_before_the_replicator_is_made_good(single: LocalPostgres) -> None:
    with psycopg.connect(single.superuser(), autocommit=True) as session:
        session.execute("drop role replicator")
    two = replace(single, names=("node-1", "node-2"))
    assert node.ensure(two.nodes[1]).status == "running"
    node.remove(two.nodes[1])


def test_nodes_made_at_the_same_time_are_one_cluster() -> None:
    with running_postgres(nodes=3, up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        with ThreadPoolExecutor(3) as pool:
            list(pool.map(node.ensure, postgres.nodes))
        states = [node.observe(spec) for spec in postgres.nodes]
        assert sorted(str(state.role) for state in states) == ["primary", "standby", "standby"]
        assert {state.status for state in states} == {"running"}


def test_removing_leaves_nothing(pair: LocalPostgres) -> None:
    pids = [state.pid for state in map(node.observe, pair.nodes)]
    for spec in reversed(pair.nodes):
        node.remove(spec)
        node.remove(spec)  # interrupted and repeated
    assert not any(lives(pid) for pid in pids)
    assert not list((pair.cluster_dir / "nodes").iterdir())
    cluster.remove(pair.cluster_dir)
    assert not [path.name for path in pair.cluster_dir.parent.iterdir()]


@pytest.mark.parametrize("way", ["node", "cluster"])
def test_a_server_whose_folder_was_deleted_is_ended(single: LocalPostgres, way: str) -> None:
    spec = single.nodes[0]
    pid = node.observe(spec).pid
    shutil.rmtree(single.cluster_dir)
    assert lives(pid)
    if way == "node":
        node.remove(spec)
    else:
        cluster.remove(single.cluster_dir)
    assert not lives(pid)


def test_a_lost_superuser_password_is_said(single: LocalPostgres) -> None:
    path = single.cluster_dir / "superuser.password"
    path.rename(path.with_suffix(".lost"))
    with pytest.raises(LocalError, match=r"superuser\.password is gone, .* restore the file"):
        cluster.ensure(single.cluster_dir)
    path.with_suffix(".lost").rename(path)
    cluster.ensure(single.cluster_dir)
