"""The condition of a real primary with a hot standby, well and ill."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from typer import Typer
from typer.testing import CliRunner

from operations.condition import cli
from operations.condition.condition import Condition, condition_of
from operations.condition.last import last_backup, last_drill
from operations.condition.text import lines
from operations.errors import Refused
from operations.place import Place
from tests.operations.condition.owner import owner, publish
from tests.operations.driver import wait_for
from tests.runtime.cluster import LocalCluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[LocalCluster]:
    with running_cluster(nodes=2) as made:
        yield made


def condition(environ: Mapping[str, str], root: Path | None = None) -> Condition:
    return condition_of(Place(name="test", environ=environ, handles=None, remote=False), root)


def test_a_healthy_cluster_is_told_with_roles_lag_sessions_and_sizes(cluster: LocalCluster) -> None:
    with psycopg.connect(cluster.postgres.url(admin=True)) as open_one:
        open_one.execute("CREATE TABLE things AS SELECT g FROM generate_series(1, 1000) AS g")
        wait_for(lambda: condition(owner(cluster.postgres)).nodes[1].lag_seconds == 0)
        found = condition(owner(cluster.postgres))
        assert found.healthy
        assert [(node.name, node.role, node.follows) for node in found.nodes] == [
            ("node-1", "primary", None),
            ("node-2", "standby", True),
        ]
        assert {node.version[:3] for node in found.nodes} == {"17."}
        assert found.database is not None
        assert found.database.max_connections == 100
        assert found.database.connections == sum(found.database.states.values()) >= 2
        assert found.database.states["idle in transaction"] == 1
        oldest = found.database.oldest_transaction
        assert oldest is not None
        assert (oldest.pid, oldest.user, oldest.state) == (open_one.info.backend_pid, "shop_admin", "idle in transaction")
        assert found.database.databases[0].name == "shop"
        assert found.database.databases[0].bytes > 1_000_000
        # the new table is locked by nobody but not yet there for others
        assert found.database.tables is not None
        open_one.rollback()
    told = "\n".join(lines(found))
    assert "Server node-1 (127.0.0.1): primary, PostgreSQL 17." in told
    assert "Server node-2 (127.0.0.2): standby, lag 0.0 s" in told
    assert " of 100 (" in told
    assert f"(process {oldest.pid}, shop_admin, idle in transaction)" in told
    assert "Last backup: no store of backups is known from here" in told


def test_a_table_that_somebody_locks_is_not_waited_for(cluster: LocalCluster) -> None:
    with psycopg.connect(cluster.postgres.url(admin=True)) as holder, psycopg.connect(cluster.postgres.url(admin=True)) as maker:
        maker.execute("CREATE TABLE held (id int)")
        maker.commit()
        holder.execute("LOCK TABLE held")
        found = condition(owner(cluster.postgres))
        assert found.database is not None
        assert found.database.tables is None
        assert "Largest tables: not known" in "\n".join(lines(found))
        holder.rollback()
        maker.execute("DROP TABLE held")


def test_the_newest_good_backup_and_what_is_spoilt(cluster: LocalCluster, tmp_path: Path) -> None:
    environ = owner(cluster.postgres, BACKUP_DIR=str(tmp_path))
    assert condition(environ).last_backup == last_backup({}, str(tmp_path), "shop")
    assert "Last backup: NONE in file://" in "\n".join(lines(condition(environ)))
    for day, size in ((20, 4), (21, 5)):
        publish(tmp_path, f"shop_202611{day}_030000.dump", datetime(2026, 11, day, 3, tzinfo=UTC), size)
    found = last_backup(environ, None, "shop")
    assert found is not None
    assert found.name == "daily/shop_20261120_030000.dump"
    assert (found.bytes, found.spoilt) == (4, 1)
    told = "\n".join(lines(Condition(last_backup=found), datetime(2026, 11, 20, 5, 30, tzinfo=UTC)))
    assert "daily/shop_20261120_030000.dump, 2026-11-20 03:00 UTC, 2 h 30 min ago, 4 B" in told
    assert "1 lost or corrupt" in told


def test_the_newest_drill_counts(tmp_path: Path) -> None:
    assert last_drill(tmp_path, "prod") is None
    drills = [
        {"backup": "old", "restored_at": "2026-10-01T05:00:00Z", "seconds": 7},
        {"backup": "new", "restored_at": "2026-11-01T14:00:00+09:00", "seconds": 90.5},
    ]
    (tmp_path / "evidence").mkdir()
    evidence = tmp_path / "evidence" / "prod.json"
    evidence.write_text(json.dumps(drills))
    found = last_drill(tmp_path, "prod")
    assert found is not None
    assert (found.backup, found.restored_at, found.seconds) == ("new", datetime(2026, 11, 1, 5, tzinfo=UTC), 90.5)
    for broken in ("{", "[1]", '{"backup": "x"}', '{"backup": "x", "restored_at": "2026-11-01T05:00:00"}'):
        evidence.write_text(broken)
        with pytest.raises(Refused, match="not the evidence of a drill"):
            last_drill(tmp_path, "prod")


def test_the_command_answers_for_the_environment(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in owner(cluster.postgres).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app(), ["--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["state"] == "running"
    assert [node["role"] for node in found["database"]["nodes"]] == ["primary", "standby"]
    shown = CliRunner().invoke(app(), [])
    assert ("Size: " in shown.stdout, "Last drill" in shown.stdout) == (True, False), "its evidence is in no container"
    monkeypatch.setenv("DB_PORT", "nonsense")
    refused = CliRunner().invoke(app(), [])
    assert refused.exit_code == 2
    assert "DB_PORT" in refused.stderr
    nowhere = CliRunner().invoke(app(), ["--stack", "nowhere", "--json"])
    assert (nowhere.exit_code, json.loads(nowhere.stdout)["error"][:28]) == (2, "There is no stack 'nowhere':")


def test_a_lost_standby_and_a_lost_primary_are_named(cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch) -> None:
    password = json.loads(cluster.postgres.admin_secret.read_text())["password"]
    cluster.kill(1)
    found = condition(owner(cluster.postgres))
    assert (found.healthy, found.down) == (False, ("127.0.0.2",))
    assert found.database is not None
    assert password not in "\n".join(lines(found))
    cluster.start(1)
    wait_for(lambda: condition(owner(cluster.postgres)).healthy, 60)
    cluster.kill(0)
    found = condition(owner(cluster.postgres))
    assert not found.healthy
    assert "127.0.0.1" in found.down
    assert found.database is None
    assert len(found.problems) == 1
    for name, value in owner(cluster.postgres).items():
        monkeypatch.setenv(name, value)
    done = CliRunner().invoke(app(), ["--json"])
    assert done.exit_code == 1
    assert json.loads(done.stdout)["state"] == "down"
    assert password not in done.output
    cluster.start(0)
    wait_for(lambda: condition(owner(cluster.postgres)).healthy, 60)


def app() -> Typer:
    made = Typer()
    made.command()(cli.status)
    return made
