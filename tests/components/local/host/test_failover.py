"""Promotions, by us and by hand; former primaries; standbys that cannot follow any more."""

from __future__ import annotations

import os
import shutil
import signal
import time
from collections.abc import Callable

import psycopg
import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import datadir, failover, node
from components.local.host.postgres.server import Server
from components.local.host.postgres.spec import NodeSpec
from tests.support import LocalPostgres, running_postgres


def kill(spec: NodeSpec) -> None:
    pid = node.observe(spec).pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert eventually(lambda: node.observe(spec).pid is None)


def promote_by_hand(spec: NodeSpec) -> None:
    """What an operator types: pg_ctl promote."""
    Server(spec).promote()


def insert(postgres: LocalPostgres, number: int) -> None:
    with psycopg.connect(postgres.url(), autocommit=True) as session:
        session.execute("insert into t values (%s)", [number])


def rows(postgres: LocalPostgres, host: str) -> list[int] | None:
    """What the node at *host* has; None while it has not replayed the making of database and table yet."""
    try:
        with psycopg.connect(postgres.superuser("shop", host=host)) as session:
            return [row[0] for row in session.execute("select n from t order by n")]
    except (psycopg.OperationalError, psycopg.errors.UndefinedTable):
        return None


def eventually(check: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while not check():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def asides(spec: NodeSpec) -> list[str]:
    return sorted(path.name for path in spec.folder.glob("data.*"))


def test_a_switchover_loses_nothing(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    insert(pair, 1)
    assert node.promote(second).role == "primary"
    state = node.observe(first)
    assert (state.status, state.role) == ("running", "standby")
    insert(pair, 2)
    assert eventually(lambda: rows(pair, "127.0.0.1") == [1, 2])
    assert asides(first) == []
    assert node.promote(second).role == "primary"  # it is already
    assert node.promote(first).role == "primary"
    insert(pair, 3)
    assert eventually(lambda: rows(pair, "127.0.0.2") == [1, 2, 3])
    assert [node.ensure(spec).status for spec in pair.nodes] == ["running", "running"]


def test_a_dead_primary_rejoins_and_its_data_is_kept(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    insert(pair, 1)
    kill(first)
    promote_by_hand(second)
    insert(pair, 2)
    assert node.observe(first).status == "diverged"
    assert node.observe(second).status == "running"
    state = node.ensure(first)
    assert (state.status, state.role) == ("running", "standby")
    assert len(asides(first)) == 1
    assert asides(first)[0].startswith("data.diverged-2")
    assert (first.folder / asides(first)[0] / "PG_VERSION").exists()
    insert(pair, 3)
    assert eventually(lambda: rows(pair, "127.0.0.1") == [1, 2, 3])
    assert node.ensure(first) == state


def test_two_living_primaries_are_one_again(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    promote_by_hand(second)
    with psycopg.connect(pair.superuser("shop", host="127.0.0.1"), autocommit=True) as session:
        session.execute("insert into t values (-1)")  # written to the one that loses
    assert [node.observe(spec).status for spec in pair.nodes] == ["diverged", "running"]
    loser = node.observe(first).pid
    state = node.ensure(first)
    assert (state.status, state.role) == ("running", "standby")
    assert state.pid != loser
    insert(pair, 5)
    assert eventually(lambda: rows(pair, "127.0.0.1") == [5])
    assert len(asides(first)) == 1


def test_a_promoted_node_is_the_primary_after_a_reboot(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    promote_by_hand(second)
    insert_on_second = pair.superuser("shop", host="127.0.0.2")
    with psycopg.connect(insert_on_second, autocommit=True) as session:
        session.execute("insert into t values (7)")
    kill(first)
    kill(second)
    assert node.ensure(first).role == "standby"  # asked first, it brings the true primary up and copies it
    assert node.ensure(second).role == "primary"
    assert eventually(lambda: rows(pair, "127.0.0.1") == [7])


def test_a_third_node_follows_the_new_primary() -> None:
    with running_postgres(nodes=3) as postgres:
        with psycopg.connect(postgres.url(admin=True), autocommit=True) as session:
            session.execute("create table t (n int)")
        node.promote(postgres.nodes[1])
        insert(postgres, 1)
        for host in ("127.0.0.1", "127.0.0.3"):
            assert eventually(lambda host=host: rows(postgres, host) == [1])  # type: ignore[misc]
        assert [node.observe(spec).status for spec in postgres.nodes] == ["running"] * 3


def test_a_standby_that_lacks_wal_is_copied_anew(pair: LocalPostgres) -> None:
    second = pair.nodes[1]
    small = pair.with_parameters(wal_keep_size="0", min_wal_size="32MB", max_wal_size="32MB")
    for spec in small.nodes:
        node.ensure(spec)
    kill(second)
    with psycopg.connect(pair.superuser("shop"), autocommit=True) as session:
        for number in range(4):
            session.execute("insert into t values (%s)", [number])
            session.execute("select pg_switch_wal()")
            session.execute("checkpoint")
    state = node.ensure(small.nodes[1])
    assert (state.status, state.role) == ("running", "standby")
    assert eventually(lambda: rows(pair, "127.0.0.2") == [0, 1, 2, 3])
    assert asides(second) == [], "it held nothing that the primary does not have"
    assert "has already been removed" in second.log.read_text()
    assert node.observe(small.nodes[0]).status == "running"


def test_a_standby_that_knows_more_than_the_new_primary_is_kept_aside() -> None:
    with running_postgres(nodes=3) as postgres:
        first, second, third = postgres.nodes
        with psycopg.connect(postgres.url(admin=True), autocommit=True) as session:
            session.execute("create table t (n int)")
            assert eventually(lambda: rows(postgres, "127.0.0.2") == [])
            Server(second).stop()
            session.execute("insert into t values (99)")
        assert eventually(lambda: rows(postgres, "127.0.0.3") == [99])
        Server(first).stop()
        Server(third).stop()
        Server(second).start()
        promote_by_hand(second)
        assert node.ensure(third).role == "standby"
        assert eventually(lambda: rows(postgres, "127.0.0.3") == [])
        assert [name[:13] for name in asides(third)] == ["data.diverged"]


def test_a_deleted_primary_is_replaced_by_its_standby(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    insert(pair, 1)
    assert eventually(lambda: rows(pair, "127.0.0.2") == [1])
    shutil.rmtree(first.data)  # the server still runs on the deleted files
    assert node.observe(first).status == "missing"
    assert node.ensure(first).role == "standby"
    assert node.observe(second).role == "primary"
    assert eventually(lambda: rows(pair, "127.0.0.1") == [1])


def test_a_removed_primary_hands_over(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    insert(pair, 1)
    node.remove(first)
    state = node.observe(second)
    assert (state.status, state.role) == ("running", "primary")
    insert(pair, 2)
    assert rows(pair, "127.0.0.2") == [1, 2]


def test_a_stopped_standby_is_not_promoted(pair: LocalPostgres) -> None:
    first, second = pair.nodes
    Server(second).stop()
    with pytest.raises(LocalError, match=r"node-2 is not a running standby, so it cannot be promoted"):
        node.promote(second)
    assert node.observe(first).role == "primary"


def test_a_standby_cut_off_is_seen_and_said(pair: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "STREAM_SECONDS", 2)
    second = pair.nodes[1]
    (second.folder / "replication.pgpass").write_text("*:*:*:replicator:wrong\n")
    Server(second).restart()
    assert node.observe(second).status == "diverged"
    with pytest.raises(LocalError, match="node-2 is not in step with node-1, so it is not promoted"):
        node.promote(second)
    assert node.observe(pair.nodes[0]).role == "primary"
    assert node.ensure(second).status == "running"


def test_setting_aside_never_overwrites(single: LocalPostgres) -> None:
    server = Server(single.nodes[0])
    server.stop()
    names = []
    for _ in range(2):
        names.append(datadir.set_aside(server, "diverged").name)
        server.spec.data.mkdir()
    server.spec.data.rmdir()
    assert len(set(names)) == 2
