"""``data move`` and ``data load`` on a real PostgreSQL: what arrives, and that nothing does where something does not fit."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest

from operations import place
from operations.place import Place
from tests.operations.conftest import ROOT, made_database
from tests.operations.data_move.moves import SCHEMA, change, counts, run
from tests.processes import until
from tests.support import LocalPostgres


def test_sqlite(target: Any, file: Path) -> None:
    look = run("move", "--from", f"sqlite:///{file}", "--dry-run", "--json")
    assert look.exit_code == 0, look.output
    assert [(table["table"], table["rows"]) for table in json.loads(look.stdout)["tables"]] == [
        ("public.users", 2),
        ("public.posts", 2),
    ]
    assert counts(target) == (0, 0)
    done = run("move", "--from", f"sqlite:///{file}")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].startswith("4 rows in 2 tables: moved and compared in ")
    [first, second] = target.rows(
        "SELECT id, boss, active, created = '2026-01-02 03:04:05.678+00', born::text, wage::text, score, token::text,"
        " settings::text, photo, seen::text, note FROM users ORDER BY id"
    )
    assert first[:8] == (7, 9, True, True, "1990-05-06", "1234.50", pytest.approx(0.1), "6ba7b810-9dad-11d1-80b4-00c04fd430c8")
    assert (json.loads(first[8]), first[9], first[10]) == ({"b": 1.0, "a": [100, "ü"]}, b"\0\xff", "2026-01-02 03:00:00")
    assert first[11] == "tab\tand\nline"
    assert second[2:4] == (False, False)
    assert (second[10], second[11]) == ("2026-01-02 03:00:00.123", ""), "an empty text is no NULL"
    assert target.one("INSERT INTO users (email, created) VALUES ('c@x', now()) RETURNING id") == 10, "the sequence goes on"
    again = run("move", "--from", f"sqlite:///{file}")
    assert again.exit_code == 2
    assert "These tables have rows already: public.users, public.posts." in again.stderr
    assert "--exclude" in again.stderr


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("UPDATE users SET active = 'perhaps-secret' WHERE id = 9", 1, "public.users, row 2: active is boolean"),
        ("UPDATE users SET note = 'a' || char(0) || 'b'", 1, "row 1: note is text"),
        ("UPDATE users SET wage = 1.005 WHERE id = 7", 1, "public.users: 2 rows were sent, and other values arrived"),
        ("UPDATE users SET email = hex(zeroblob(40)) WHERE id = 9", 1, "value too long for type character varying(60)"),
        ("UPDATE posts SET user_id = 8", 1, "violates foreign key constraint"),
        ("UPDATE users SET email = 'a@x'", 1, "duplicate key value violates unique constraint"),
        ("CREATE TABLE other (a); INSERT INTO other VALUES (1)", 2, "there is no table other (--exclude other leaves its 1 rows"),
        ("ALTER TABLE posts ADD COLUMN extra", 2, "public.posts has no column extra"),
        ("ALTER TABLE posts DROP COLUMN title", 2, "public.posts needs a value for title"),
    ],
)
def test_what_does_not_fit_moves_nothing(target: Any, file: Path, script: str, code: int, said: str) -> None:
    change(file, script)
    failed = run("move", "--from", f"sqlite:///{file}")
    assert (failed.exit_code, said in failed.stderr) == (code, True), failed.output
    assert "secret" not in failed.output
    assert counts(target) == (0, 0)
    assert not target.rows("SELECT 1 FROM pg_stat_activity WHERE application_name = 'managed-postgres data'")


def test_postgres_in_one_snapshot(target: Any, local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    with made_database(local_postgres) as source:
        source.rows(SCHEMA)
        source.rows(
            "INSERT INTO users (email, created, settings, photo)"
            " SELECT g || '@x', now(), '{}', '\\x00' FROM generate_series(1, 500) g"
        )
        source.rows("UPDATE users SET boss = 501 - id; INSERT INTO posts (user_id, title) SELECT id, E'a\\\\b\\n' FROM users")
        given = psycopg.conninfo.conninfo_to_dict(source.app)
        where = f"{given['host'].partition(',')[0]}:{given['port']}/{source.name}?sslrootcert={given['sslrootcert']}"
        refused = run("move", "--from", f"postgresql://{given['user']}:{given['password']}@{where}")
        assert (refused.exit_code, given["password"] in refused.output) == (2, False)
        assert "PGPASSWORD, in ~/.pgpass, or as a secret with --from-secret ID" in refused.stderr
        address = f"postgresql://{given['user']}@{where}"
        monkeypatch.setenv("PGPASSWORD", "wrong-9z")
        assert run("move", "--from", address).exit_code == 1
        monkeypatch.setenv("PGPASSWORD", str(given["password"]))
        done = run("move", "--from", address, "--json")
        assert done.exit_code == 0, done.output
        assert (json.loads(done.stdout)["rows"], json.loads(done.stdout)["compared_by_presence"]) == (1000, [])
        query = "SELECT md5(string_agg(u::text || p::text, ',' ORDER BY u.id)) FROM users u JOIN posts p ON user_id = u.id"
        assert target.one(query) == source.one(query)


def test_a_secret_of_the_source(
    target: Any, local_postgres: LocalPostgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGPASSWORD", raising=False)
    with made_database(local_postgres) as source:
        source.rows(SCHEMA)
        source.rows("INSERT INTO users (email, created) VALUES ('a@x', now())")
        given = psycopg.conninfo.conninfo_to_dict(source.owner)
        secret = tmp_path / "old.json"
        secret.write_text(json.dumps({"username": given["user"], "password": given["password"]}))
        secret.chmod(0o600)
        host = given["host"].partition(",")[0]
        address = f"postgresql://{host}:{given['port']}/{source.name}?sslrootcert={given['sslrootcert']}"
        done = run("move", "--from", address, "--from-secret", secret.as_uri())
    assert done.exit_code == 0, done.output
    assert counts(target) == (1, 0)
    assert run("move", "--from", "sqlite:///x.db", "--from-secret", "y").exit_code == 2


def test_killed_and_run_again(target: Any, file: Path) -> None:
    target.rows(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(600); RETURN NEW; END $$;"
        "CREATE TRIGGER slow BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION slow()"
    )
    program = f"from operations.data_move.cli import app; app(['move', '--from', 'sqlite:///{file}'])"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            until(lambda: target.rows("SELECT 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'"), seconds=60)
        finally:
            process.kill()
    until(lambda: not target.rows("SELECT 1 FROM pg_stat_activity WHERE application_name = 'managed-postgres data'"), seconds=60)
    assert counts(target) == (0, 0)
    target.rows("DROP TRIGGER slow ON posts")
    assert run("move", "--from", f"sqlite:///{file}").exit_code == 0
    assert counts(target) == (2, 2)


def test_a_stack_in_a_cloud(monkeypatch: pytest.MonkeyPatch, file: Path) -> None:
    far = Place(name="prod", environ={}, handles={"backups": {"job": "backups"}}, remote=True)
    monkeypatch.setattr(place, "place_of", lambda stack: far)
    for words in (["move", "--from", f"sqlite:///{file}"], ["load", str(file), "--table", "t"]):
        refused = run(*words, "--stack", "prod")
        assert (refused.exit_code, "into the image of a job of the stack" in refused.stderr) == (2, True)


def test_another_server_is_reached_by_a_job_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """The backups job may call nothing but 443 and the stack's own, and read no password but its own."""
    far = Place(name="prod", environ={}, handles={"backups": {"job": "backups"}}, remote=True)
    monkeypatch.setattr(place, "place_of", lambda stack: far)
    address = "postgresql://reader@old.example.com:5433/shop?sslmode=verify-full"
    refused = run("move", "--from", address, "--exclude", "a b", "--exclude", "c", "--dry-run", "--stack", "prod", "--json")
    assert refused.exit_code == 2
    text = json.loads(refused.stdout)["error"]
    assert "`egress_ports: [443, 5433]` and PGPASSWORD among its `secrets`" in text
    words = shlex.split(text.partition("start it with `")[2].rpartition("`")[0])
    assert words[:8] == ["python", "-m", "operations", "run", "move", "--stack", "prod", "--"]
    assert words[8:14] == ["python", "-m", "operations", "data", "move", "--from"]
    assert words[14:] == [address, "--exclude", "a b", "--exclude", "c", "--dry-run", "--json"]
    assert "`egress_ports: [443, 5432]`" in run("move", "--from", "postgresql://reader@old/shop", "--stack", "prod").stderr
    hidden = run("move", "--from", "postgresql://reader:secret-9z@old/shop", "--stack", "prod")
    assert (hidden.exit_code, "secret-9z" in hidden.output) == (2, False)


def test_a_circle_of_foreign_keys(target: Any, file: Path) -> None:
    target.rows("ALTER TABLE users ADD COLUMN first_post bigint, ADD CONSTRAINT first FOREIGN KEY (first_post) REFERENCES posts")
    refused = run("move", "--from", f"sqlite:///{file}")
    assert refused.exit_code == 2
    assert "go in a circle" in refused.stderr
    target.rows("ALTER TABLE users ALTER CONSTRAINT first DEFERRABLE")
    assert run("move", "--from", f"sqlite:///{file}").exit_code == 0


def test_two_at_once(target: Any, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from operations.data_move import move

    monkeypatch.setattr(move, "LOCK_SECONDS", 1)
    with psycopg.connect(target.owner) as other:
        other.execute("LOCK TABLE posts IN ROW EXCLUSIVE MODE")
        busy = run("move", "--from", f"sqlite:///{file}")
    assert busy.exit_code == 1
    assert "Another session has been writing these tables for 1 s" in busy.stderr


@pytest.mark.parametrize("address", ["mysql://u:hidden-pw@h/d", "sqlite:///nowhere.db", "nowhere.json"])
def test_bad_addresses(target: Any, address: str) -> None:
    refused = run("move", "--from", address)
    assert refused.exit_code == 2
    assert "hidden-pw" not in refused.output


def test_no_sqlite_file(target: Any, tmp_path: Path) -> None:
    (tmp_path / "x.db").write_text("no database, but a long enough text to be read as the header of one" * 20)
    assert "cannot be read as a SQLite file" in run("move", "--from", f"sqlite:///{tmp_path / 'x.db'}").stderr
