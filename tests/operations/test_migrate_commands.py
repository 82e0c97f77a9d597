"""``migrate new``, ``verify`` and ``init`` as a user runs them, on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import Result
from typer.testing import CliRunner

from operations import place, roles
from operations.migrate import cli
from operations.migrate.files import MigrationError, read_files
from operations.migrate.runner import migrate
from operations.migrate.verify import verify
from operations.place import Place
from operations.restore.server import server_of

FIRST = "CREATE TABLE t (n int)"
SECOND = "ALTER TABLE t ADD COLUMN m int"


@pytest.fixture
def here(database: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    with psycopg.connect(database.superuser, autocommit=True) as root:
        roles.ensure_restore_rights(root, role=f"{database.name}_admin", maintenance="postgres")
    for name, value in database.environ().items():
        monkeypatch.setenv(name, value)
    return database


def run(*words: str | Path) -> Result:
    done = CliRunner().invoke(cli.app, [str(word) for word in words])
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def scratch(database: Any) -> list[Any]:
    found: list[Any] = database.rows(f"SELECT datname FROM pg_database WHERE datname LIKE '{database.name}_verify%'")
    return found


def test_new(tmp_path: Path) -> None:
    assert run("new", "initial", "--directory", tmp_path).stdout == f"{tmp_path / '001_initial.sql'}\n"
    (tmp_path / "001_initial.sql").write_text(FIRST)
    (tmp_path / "0041_more.sql").write_text(SECOND)
    made = run("new", "add the orders", "--directory", tmp_path, "--json")
    path = Path(json.loads(made.stdout)["file"])
    assert path.name == "0042_add_the_orders.sql"
    with pytest.raises(MigrationError, match=r"0042_add_the_orders\.sql holds no SQL statement"):
        read_files(tmp_path)[-1].check()
    path.write_text(path.read_text() + SECOND)
    assert read_files(tmp_path)[-1].transactional
    assert run("new", "a/b", "--directory", tmp_path).exit_code == 2
    assert run("new", "x", "--directory", tmp_path / "none").exit_code == 1


def test_verify(here: Any, folder: Callable[..., Path]) -> None:
    files = folder(**{"001_a": FIRST})
    migrate(here.owner, files)
    folder(**{"002_b": SECOND})
    done = run("verify", "--directory", files)
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("2 files can be applied, in ")
    assert "the database lacks 002_b.sql" in done.stdout
    folder(**{"002_b": "ALTER TABLE t ADD COLUMN m int;\nSELECT 1/0"})
    failed = run("verify", "--directory", files, "--json")
    assert (failed.exit_code, "002_b.sql line 2: division by zero" in json.loads(failed.stdout)["error"]) == (1, True)
    folder(**{"001_a": f"{FIRST};"})
    assert "was edited after it was applied" in run("verify", "--directory", files).stderr
    assert not scratch(here)
    assert here.rows("SELECT name FROM schema_migrations") == [("001_a.sql",)], "the database itself is only read"


def test_verify_sweeps_what_a_killed_run_left(here: Any, folder: Callable[..., Path]) -> None:
    here.rows(f"CREATE DATABASE {here.name}_verify_20260101_000000")
    done = run("verify", "--directory", folder(**{"001_a": FIRST}))
    assert done.exit_code == 0, done.output
    assert f"Dropping {here.name}_verify_20260101_000000" in done.stderr
    assert not scratch(here)


def test_a_second_verify_at_the_same_time_is_refused(here: Any, folder: Callable[..., Path]) -> None:
    files = folder(**{"001_a": FIRST})
    with server_of(here.owner) as server, server.alone("verify"):
        refused = run("verify", "--directory", files)
    assert (refused.exit_code, f"Another check of the migrations of {here.name} is at work" in refused.stderr) == (2, True), (
        refused.stderr
    )
    assert not scratch(here)


def test_verify_with_extensions_that_only_a_superuser_makes(here: Any, folder: Callable[..., Path]) -> None:
    @contextmanager
    def superuser(name: str) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
        with psycopg.connect(here.superuser, dbname=name, autocommit=True) as root:
            yield root

    files = folder(**{"001_a": "CREATE EXTENSION IF NOT EXISTS pg_stat_statements"})
    assert verify(here.owner, files, lambda _: None, superuser).files == 1
    assert run("verify", "--directory", files).exit_code == 1
    assert not scratch(here)


def test_verify_without_the_right_to_make_databases(database: Any, folder: Callable[..., Path]) -> None:
    refused = CliRunner().invoke(cli.app, ["verify", "--directory", str(folder(**{"001_a": FIRST}))], env=database.environ())
    assert refused.exit_code == 2
    assert "CREATEDB" in refused.stderr or "GRANT CONNECT" in refused.stderr


def test_init_is_taken_up_by_up(here: Any, folder: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = folder(**{"001_a": FIRST, "002_b": SECOND})
    monkeypatch.setenv("DB_HOST", "192.0.2.1")
    monkeypatch.setenv("DB_NAME", "other")
    environ = here.environ()
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"username": environ["DB_USER"], "password": environ["DB_PASSWORD"]}))
    secret.chmod(0o600)
    options = ["--endpoint", environ["DB_HOST"], "--secret", secret.as_uri(), "--database", here.name]
    done = run("init", "--file", files / "001_a.sql", *options)
    assert done.exit_code == 0, done.output
    assert here.rows("SELECT name FROM schema_migrations") == [("001_a.sql",)]
    assert "nothing to do" in run("init", "--file", files / "001_a.sql", *options).stdout
    monkeypatch.setenv("DB_HOST", environ["DB_HOST"])
    monkeypatch.setenv("DB_NAME", here.name)
    assert json.loads(run("up", "--directory", files, "--json").stdout)["applied"][0]["name"] == "002_b.sql"
    assert run("init", "--file", tmp_path / "none.sql").exit_code == 2
    (tmp_path / "users.sql").write_text(FIRST)
    assert "is not named like a migration" in run("init", "--file", tmp_path / "users.sql").stderr


def test_a_stack_in_a_cloud_migrates_itself(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    far = Place(name="prod", environ={}, handles={}, remote=True)
    asked: list[list[str]] = []
    monkeypatch.setattr(place, "place_of", lambda stack: far)
    monkeypatch.setattr(place, "run_there", lambda _, words: asked.append(list(words)) or 3)
    assert run("up", "--stack", "prod", "--allow-newer").exit_code == 3
    assert run("verify", "--stack", "prod", "--json").exit_code == 3
    assert run("init", "--stack", "prod", "--file", cli.MIGRATIONS / "001_initial_schema.sql").exit_code == 3
    elsewhere = ("--database", "reporting", "--endpoint", "other.example", "--secret", "shop/other")
    assert run("init", "--stack", "prod", "--file", cli.MIGRATIONS / "001_initial_schema.sql", *elsewhere).exit_code == 3
    first = ["migrate", "init", "--file", "migrations/001_initial_schema.sql"]
    assert asked[:3] == [["migrate", "up", "--allow-newer"], ["migrate", "verify", "--json"], first]
    assert (asked[3][:4], sorted(asked[3][4:])) == (first, sorted(elsewhere))
    refused = run("up", "--stack", "prod", "--directory", tmp_path)
    assert (refused.exit_code, "its operations image has the files" in refused.stderr) == (2, True)
