"""Major versions: upgraded where it is possible, refused with a way out where it is not. PostgreSQL 15 and 17 are real."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import binaries, cluster, database, node
from components.local.host.postgres.spec import NodeSpec
from tests.support import LocalPostgres, running_postgres


@pytest.fixture(scope="module", autouse=True)
def _old_version() -> None:
    if not Path("/usr/lib/postgresql/15/bin/postgres").exists():
        subprocess.run(["apt-get", "install", "-y", "postgresql-15"], check=True, timeout=100)
        binaries._installed.cache_clear()


def on(spec: NodeSpec, major: int) -> NodeSpec:
    return replace(spec, version=major)


@pytest.fixture
def old() -> Iterator[LocalPostgres]:
    """A single primary of PostgreSQL 15 with the application's database and two rows in it."""
    with running_postgres(up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        node.ensure(on(postgres.nodes[0], 15))
        database.ensure(postgres.database)
        with psycopg.connect(postgres.url(admin=True)) as session:
            session.execute("create table t (n int primary key, word text)")
            session.execute("insert into t values (1, 'grün'), (2, '緑')")
        yield postgres


def test_a_single_node_is_upgraded_in_place(old: LocalPostgres) -> None:
    spec = old.nodes[0]
    assert node.observe(spec).status == "outdated"
    state = node.ensure(spec)
    assert (state.status, state.role, state.version) == ("running", "primary", 17)
    with psycopg.connect(old.url()) as session:  # the same passwords
        assert session.info.server_version // 10000 == 17
        assert session.execute("select word from t order by n").fetchall() == [("grün",), ("緑",)]
        session.execute("insert into t values (3, 'rot')")
    with psycopg.connect(old.superuser("shop")) as session:
        row = session.execute(
            "select installed_version = default_version from pg_available_extensions where name = 'pg_stat_statements'"
        )
        assert row.fetchone() == (True,)
        assert session.execute("select count(*) from pg_stats where tablename = 't'").fetchone() == (2,)
    assert sorted(path.name for path in spec.folder.glob("data*")) == ["data", "data.pg15"]
    assert not (spec.folder / "upgrade").exists()
    assert node.ensure(spec) == state


def test_a_killed_old_server_is_recovered_and_upgraded(old: LocalPostgres) -> None:
    with psycopg.connect(old.url(), autocommit=True) as session:
        session.execute("insert into t values (3, 'last words')")
    pid = node.observe(on(old.nodes[0], 15)).pid
    assert pid is not None
    subprocess.run(["kill", "-9", str(pid)], check=True)
    assert node.ensure(old.nodes[0]).version == 17
    with psycopg.connect(old.url()) as session:
        assert session.execute("select count(*) from t").fetchone() == (3,)


def test_what_pg_upgrade_refuses_leaves_the_old_server_running(old: LocalPostgres) -> None:
    with psycopg.connect(old.superuser("shop")) as session:
        session.execute("create table kept (t regoper)")  # a type that pg_upgrade cannot carry over
    with pytest.raises(LocalError, match=r"node-1 was not upgraded from 15\.\d+ to 17\.\d+: .*reg") as caught:
        node.ensure(old.nodes[0])
    assert "\n" not in str(caught.value)
    state = node.observe(on(old.nodes[0], 15))
    assert (state.status, state.version) == ("running", 15)
    with psycopg.connect(old.url()) as session:
        assert session.execute("select count(*) from t").fetchone() == (2,)
    assert [path.name for path in old.nodes[0].folder.glob("data*")] == ["data"]


def test_without_the_old_programs_the_ways_out_are_named(old: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binaries, "_installed", lambda: ())
    with pytest.raises(LocalError) as caught:
        node.ensure(old.nodes[0])
    sentence = str(caught.value)
    assert "holds data of PostgreSQL 15 and database.version is 17" in sentence
    assert "apt-get install postgresql-15" in sentence
    assert "set database.version to '15'" in sentence
    assert "dump the database with pg_dump, remove the stack and restore into a new one" in sentence
    monkeypatch.undo()
    assert node.observe(on(old.nodes[0], 15)).status == "running"


def test_going_back_is_refused(single: LocalPostgres) -> None:
    with pytest.raises(LocalError, match=r"holds data of PostgreSQL 17 and database\.version is 15: PostgreSQL cannot go back"):
        node.ensure(on(single.nodes[0], 15))
    assert node.observe(single.nodes[0]).status == "running"


def test_readers_go_first() -> None:
    with running_postgres(nodes=2, up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        for spec in postgres.nodes:
            node.ensure(on(spec, 15))
        for spec in postgres.nodes:
            with pytest.raises(LocalError, match=r"needs a single node: set database\.readers to 0"):
                node.ensure(spec)
        assert [node.observe(on(spec, 15)).status for spec in postgres.nodes] == ["running", "running"]


def test_a_failover_works_on_the_old_version_too() -> None:
    with running_postgres(nodes=2, up=False) as postgres:
        cluster.ensure(postgres.cluster_dir)
        specs = [on(spec, 15) for spec in postgres.nodes]
        for spec in specs:
            node.ensure(spec)
        assert node.promote(specs[1]).role == "primary"
        assert [node.observe(spec).role for spec in specs] == ["standby", "primary"]
