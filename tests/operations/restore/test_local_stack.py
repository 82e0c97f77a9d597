"""On a stack of this machine everything is there: a superuser for extensions and amcheck, and snapshots of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from typer.testing import CliRunner

from operations import place as places
from operations.backup.create import create_backup
from operations.backup.stores import store_of
from operations.cloud import database_control
from operations.drill import cli as drill_cli
from operations.place import Place
from operations.restore import cli
from tests.runtime.cluster import LocalCluster
from tests.support import LocalPostgres


@pytest.fixture(scope="module")
def local(local_postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One row in the newest dump, none in the newest snapshot, two in the database."""
    owner = local_postgres.url(admin=True)
    database = {"backend": "local", "cluster": str(local_postgres.cluster_dir)}
    handles = {"provider": "local", "stack": "local", "app": "shop", "prefix": "shop-test", "database": database}
    login = json.loads(local_postgres.admin_secret.read_text())
    environ = {
        **LocalCluster(local_postgres).environ(DB_SECRET_ID=None, DB_USER=login["username"], DB_PASSWORD=login["password"]),
        "BACKUP_DIR": str(tmp_path_factory.mktemp("backups")),
    }
    control = database_control(handles)
    with psycopg.connect(owner, autocommit=True) as session:
        session.execute("CREATE TABLE restored (n int PRIMARY KEY)")
        control.create_snapshot("before", lambda _: None)
        session.execute("INSERT INTO restored VALUES (1)")
        create_backup(owner, store_of(environ))
        session.execute("INSERT INTO restored VALUES (2)")
    yield Place(name="local", environ=environ, handles=handles, remote=False)
    control.delete_snapshot("before")
    with psycopg.connect(owner, autocommit=True) as session:
        session.execute("DROP TABLE restored")


@pytest.fixture
def run(local: Place, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    (tmp_path / "Pulumi.yaml").write_text("name: managed-postgres\nruntime: python\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(places, "place_of", lambda _: local)

    def invoke(*words: str) -> str:
        result = CliRunner().invoke(cli.app, words)
        assert result.exit_code == 0, (result.output, result.exception)
        return result.stdout

    return invoke


def test_drills_of_both_kinds(local: Place, run: Any, tmp_path: Path) -> None:
    """Each leaves its evidence, and the cluster as it was."""
    for source in ("dump", "snapshot"):
        drill_cli.drill(source=source, stack="local", as_json=True)
    dump, snapshot = json.loads((tmp_path / "evidence/local.json").read_text())
    assert (dump["source"], dump["rows_checked"], dump["migration"]) == ("dump", 1, "none")
    assert dump["indexes_checked"] >= 1, "the server is shared with other tests, which may have left tables without rows"
    assert (snapshot["backup"], snapshot["rows_checked"], snapshot["indexes_checked"]) == ("before", 0, None)
    assert local.handles is not None
    assert database_control(local.handles).copies("drill") == []


def test_a_restore_and_its_way_back(local: Place, run: Any) -> None:
    """As the owner, but with the extension that only a superuser may make."""
    listed = json.loads(run("list", "--json"))
    assert ([one["id"] for one in listed["snapshots"]], listed["window"], listed["kept"]) == (["before"], None, [])
    answer = json.loads(run("--yes-restore=shop", "--json"))
    assert (answer["rows"], answer["warnings"]) == (1, [])
    with psycopg.connect(dbname="shop", user=local.environ["DB_USER"], **at(local)) as session:
        session.execute("SELECT count(*) FROM pg_stat_statements")
    assert json.loads(run("drop-old", answer["kept"], f"--yes-drop-old={answer['kept']}", "--json")) == {
        "dropped": answer["kept"]
    }
    said = re.search(
        r"`python -m operations restore (drop-old (\S+) --stack local)`", run("--stack", "local", "--yes-restore=shop")
    )
    assert said, "the command that is named can be pasted"
    run(*said[1].split(), f"--yes-drop-old={said[2]}")


def test_a_snapshot_beside_the_database(local: Place, run: Any) -> None:
    copy = json.loads(run("--snapshot", "before", "--json"))["copy"]
    assert copy["name"].startswith("shop-test-restore-")
    assert copy["name"] in run("list")
    run("drop-old", copy["name"], f"--yes-drop-old={copy['name']}")
    assert json.loads(run("list", "--json"))["copies"] == []


def at(local: Place) -> dict[str, Any]:
    environ = local.environ
    names = {"host": "DB_HOST", "port": "DB_PORT", "password": "DB_PASSWORD"}
    tls = {"sslmode": "verify-full", "sslrootcert": environ["DB_SSL_ROOT_CERT"]}
    return {keyword: environ[name] for keyword, name in names.items()} | tls
