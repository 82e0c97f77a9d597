"""A stack's life as its user sees it: up, again, change, down; on the real engine."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.engine.deployment import Deployment


def changes(text: str) -> set[str]:
    """The resources that a run touched, as it prints them."""
    return {match[1] for match in re.finditer(r"^  (?:created|updated|replaced|deleted) +(.+?) \(", text, re.MULTILINE)}


def test_up_prints_what_a_user_needs(live: Deployment) -> None:
    text = live.up().text
    assert "no changes" in text
    assert live.url in text
    assert str(live.paths.logs) in text
    assert "make down" in text
    command = next(line for line in text.splitlines() if "psql" in line and "PGPASSFILE=" in line)
    pasted = subprocess.run(f"{command} -Atc 'SELECT current_user'", shell=True, capture_output=True, text=True, check=False)
    assert pasted.stdout.strip() == "reference_admin", pasted.stderr


def test_the_application_answers_and_keeps_what_it_is_told(live: Deployment) -> None:
    assert live.ask("/healthz")[0] == 200
    status, ready = live.ask("/readyz")
    assert (status, ready["writer"]["role"], ready["reader"]["role"]) == (200, "primary", "standby")
    status, user = live.ask("/users", {"username": "ann", "email": "ann@example.com"})
    assert status == 201
    assert live.ask(f"/users/{user['user_id']}")[1]["email"] == "ann@example.com"


def test_the_schema_is_there_and_recorded(live: Deployment) -> None:
    tables = {name for (name,) in live.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")}
    assert {"users", "user_profiles", "posts", "comments", "schema_migrations"} <= tables
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        live.query("CREATE TABLE mine (id int)")


def test_an_operation_finds_the_stack_by_its_name(live: Deployment) -> None:
    """``connect`` stands for all of them: it reads the stack's outputs, takes the owner's login, and reaches the database."""
    run = "import typer; from operations.connect.cli import connect; typer.run(connect)"
    ask = "select current_user, pg_is_in_recovery()"

    def connected(*options: str) -> str:
        command = [sys.executable, "-c", run, "--stack", "local", *options, "--", "-AtF", " ", "-c", ask]
        answer = subprocess.run(command, cwd=live.root, capture_output=True, text=True, check=False)
        assert answer.returncode == 0, answer.stderr
        return answer.stdout.strip()

    assert connected() == "reference_admin f"
    assert connected("--reader", "--application") == "reference_app t"


def test_no_password_in_state_processes_or_logs(live: Deployment) -> None:
    passwords = {live.secret(name)["password"] for name in ("db", "db-admin")}
    passwords |= {path.read_text().strip() for path in live.paths.postgres.glob("*/*.password")}
    places = {"state": live.state(), "output": live.up().text}
    places |= {path.name: path.read_text(errors="replace") for path in live.paths.logs.rglob("*") if path.is_file()}
    for process in psutil.process_iter(["pid", "cmdline"]):  # what ends meanwhile has no command line
        places[f"argv of {process.info['pid']}"] = " ".join(process.info["cmdline"] or ())
    assert len(places["state"]) > 1000
    assert not [place for place, text in places.items() if any(password in text for password in passwords)]
    for path in (*live.paths.secrets.rglob("*.json"), live.root / ".state" / "passphrase"):
        assert path.stat().st_mode & 0o777 == 0o600, path


def test_the_checkout_stays_as_it_was_cloned(live: Deployment) -> None:
    new = {path.name for path in live.root.iterdir()} - {path.name for path in Path(__file__).resolve().parents[2].iterdir()}
    assert new <= {".state", ".local"}
    assert "encryptionsalt" not in (live.root / "Pulumi.local.yaml").read_text()


def test_a_reloadable_parameter_restarts_nothing(live: Deployment) -> None:
    before = live.postmaster(1).pid
    live.configure(database={"parameters": {"log_min_duration_statement": "500"}})
    assert changes(live.up().text) == {"database / node-1", "database / node-2"}
    assert live.postmaster(1).pid == before
    assert live.query("SHOW log_min_duration_statement") == [("500ms",)]


def test_a_larger_size_restarts_and_loses_nothing(live: Deployment) -> None:
    users = live.query("SELECT count(*) FROM users")
    live.configure(database={"size": "medium"})
    assert changes(live.up().text) == {"database / node-1", "database / node-2"}
    assert live.query("SHOW max_connections") == [("200",)]
    assert live.query("SELECT count(*) FROM users") == users
    live.configure()
    live.up()
    assert live.query("SHOW max_connections") == [("100",)]


def test_a_wrong_parameter_is_refused_and_the_server_stays(live: Deployment) -> None:
    before = live.postmaster(1).pid
    live.configure(database={"parameters": {"work_mem": "plenty"}})
    result = live.run("up")
    assert result.code == 1
    assert "work_mem" in result.text
    assert "Traceback" not in result.text
    assert live.postmaster(1).pid == before
    live.configure()
    assert live.up().code == 0


def test_a_reader_more_and_less_touches_no_other_node(live: Deployment) -> None:
    before = {number: live.postmaster(number).pid for number in (1, 2)}
    live.configure(database={"readers": 2})
    touched = changes(live.up().text)
    assert "database / node-3" in touched
    assert not {"database / node-1", "database / node-2", "database / cluster"} & touched
    assert live.query("SELECT count(*) FROM pg_stat_replication", name="db-admin") == [(2,)]
    live.configure()
    touched = changes(live.up().text)
    assert "database / node-3" in touched
    assert {number: live.postmaster(number).pid for number in (1, 2)} == before
    assert not [process for process in live.processes() if "node-3" in process.cwd()]


def test_a_new_password_reaches_the_running_application(live: Deployment) -> None:
    old = live.secret()["password"]
    live.configure(database={"password_version": 2})
    assert changes(live.up().text) == {"database / database"}
    assert live.secret()["password"] != old
    assert live.ask("/users", {"username": "rotated", "email": "rotated@example.com"})[0] == 201
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(live.secret()["url"].replace(live.secret()["password"], old), connect_timeout=3)


def test_a_new_migration_runs_before_the_service_and_once(live: Deployment) -> None:
    (live.root / "migrations" / "002_nickname.sql").write_text("ALTER TABLE users ADD COLUMN nickname text;\n")
    assert "job-migrate / run" in changes(live.up().text)
    assert live.query("SELECT count(*) FROM information_schema.columns WHERE column_name = 'nickname'") == [(1,)]
    assert "no changes" in live.up().text


def test_a_broken_migration_leaves_everything_and_names_file_and_line(live: Deployment) -> None:
    broken = live.root / "migrations" / "003_broken.sql"
    broken.write_text("CREATE TABLE half (id int);\n\nALTER TABLE nowhere ADD COLUMN x int;\n")
    result = live.run("up")
    assert result.code == 1
    assert re.search(r"003_broken\.sql.*line 3|003_broken\.sql:3", result.text), result.text
    assert "nowhere" in result.text
    assert "Traceback" not in result.text
    assert live.query("SELECT to_regclass('public.half')") == [(None,)]
    assert live.ask("/readyz")[0] == 200, "the service goes on with the schema it has"
    broken.unlink()
    live.up()


def test_an_application_that_never_gets_healthy_is_rolled_back(live: Deployment) -> None:
    app = live.root / "runtime" / "app.py"
    good = app.read_text()
    app.write_text(good + "\nraise SystemExit('the colour is missing')\n")
    result = live.run("up")
    assert result.code == 1
    assert "the colour is missing" in result.text, "its last log lines are shown"
    assert "Traceback" not in result.text
    app.write_text(good)
    live.up()
    assert live.ask("/readyz")[0] == 200


def test_status_as_json(live: Deployment) -> None:
    found = json.loads(live.run("status", "--json").out)
    assert "database-node-1" in json.dumps(found)
    assert [node["role"] for node in found["database"]["nodes"]] == ["primary", "standby"]
    assert found["database"]["database"]["databases"][0]["name"] == "app"
    assert found["database"]["last_backup"]["name"] is None
    assert found["database"]["healthy"]
    shown = live.run("status").out
    for line in (
        "Connections: ",
        "Oldest transaction: ",
        "Size: ",
        "Last backup: NONE in file://",
        "Last drill: none is recorded",
    ):
        assert line in shown


def test_down_asks_and_then_leaves_nothing(live: Deployment) -> None:
    refused = live.run("down")
    assert refused.code == 2
    assert "YES=1" in refused.text or "--yes" in refused.text
    assert live.ask("/readyz")[0] == 200
    done = live.run("down", "--yes")
    assert done.code == 0, done.text
    assert not live.paths.root.exists()
    assert live.processes() == []
    again = live.run("down", "--yes")
    assert again.code == 0
    assert "nothing" in again.text.lower()
