"""Migrators as processes: two at once, one killed in the middle, and indexes built concurrently."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

Write = Callable[..., Path]
Start = Callable[..., subprocess.Popen[str]]

UNIQUE = "-- transactional: false\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS t_n ON public.t (n);\n"
VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('t_n')"


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "did not come true in time"
        time.sleep(0.02)


def running(database: Any, query: str) -> Callable[[], object]:
    text = f"""
        SELECT count(*) FROM pg_stat_activity
        WHERE datname = '{database.name}' AND state = 'active' AND query LIKE '{query}' AND pid <> pg_backend_pid()
    """
    return lambda: database.rows(text, conninfo=database.superuser)[0][0]


def test_up_then_up_again_then_status(folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    code, out, err = ended(start("migrate", "status", "--directory", directory))
    assert (code, out, err) == (1, "001_a.sql  pending\n", "")
    code, out, err = ended(start("migrate", "up", "--directory", directory))
    assert (code, err) == (0, "")
    assert re.fullmatch(r"001_a\.sql applied in \d\.\d\d s\n", out)
    assert ended(start("migrate", "up", "--directory", directory)) == (0, "nothing to do: 1 of 1 applied\n", "")
    code, out, err = ended(start("migrate", "status", "--directory", directory))
    assert (code, err) == (0, "")
    assert out.startswith("001_a.sql  applied 20")


def test_the_bare_command_applies_the_migrations_of_the_repository(start: Start) -> None:
    code, out, _ = ended(start("migrate"))
    assert (code, out[:31]) == (0, "001_initial_schema.sql applied ")


def test_json(folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    code, out, _ = ended(start("migrate", "up", "--json", "--directory", directory))
    report = json.loads(out)
    assert (code, report["total"], report["applied"][0]["name"]) == (0, 1, "001_a.sql")
    folder(**{"002_b": "SELECT 1/0"})
    code, out, _ = ended(start("migrate", "up", "--json", "--directory", directory))
    assert (code, json.loads(out)["error"][:34]) == (1, "002_b.sql line 1: division by zero")
    code, out, _ = ended(start("migrate", "status", "--json", "--directory", directory))
    assert (code, [entry["applied_at"] is None for entry in json.loads(out)["entries"]]) == (1, [False, True])


@pytest.mark.parametrize(
    ("changes", "code", "sentence"),
    [
        ({"DB_PASSWORD": "wrong-7x"}, 1, "password authentication failed"),
        ({"DB_NAME": ""}, 2, "DB_NAME is missing"),
        ({"DB_SECRET_ID": "file:///nowhere/db.json"}, 1, "/nowhere/db.json"),
    ],
)
def test_a_bad_environment(start: Start, changes: dict[str, str], code: int, sentence: str) -> None:
    status, out, err = ended(start("migrate", **changes))
    assert (status, out) == (code, "")
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert sentence in err
    assert "wrong-7x" not in err


def test_credentials_may_come_from_the_secret_file(database: Any, start: Start, tmp_path: Path) -> None:
    secret = tmp_path / "db-admin.json"
    given = database.environ()
    keys = {"username": given["DB_USER"], "password": given["DB_PASSWORD"], "host": given["DB_HOST"]}
    secret.write_text(json.dumps({**keys, "port": int(given["DB_PORT"]), "dbname": database.name}))
    code, out, err = ended(start("migrate", DB_SECRET_ID=f"file://{secret}", DB_USER="", DB_PASSWORD=""))
    assert (code, err) == (0, "")
    assert "001_initial_schema.sql applied" in out


def test_two_at_once_apply_each_file_once(database: Any, folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int); SELECT pg_sleep(5)", "002_b": "INSERT INTO t VALUES (1)"})
    both = [ended(process) for process in [start("migrate", "up", "--directory", directory) for _ in range(2)]]
    assert [(code, err) for code, _, err in both] == [(0, "")] * 2
    winner, waiter = sorted((out for _, out, _ in both), key=lambda out: "waiting" in out)
    assert [line.partition(" applied")[0] for line in winner.splitlines()] == ["001_a.sql", "002_b.sql"]
    assert re.fullmatch(r"waiting for another migration \(pid \d+ \(.*\)\)\nnothing to do: 2 of 2 applied\n", waiter)
    assert database.one("SELECT count(*) FROM t") == 1


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_ended_in_the_middle_then_run_again(database: Any, folder: Write, start: Start, how: signal.Signals) -> None:
    directory = folder(
        **{"001_a": "CREATE TABLE t (n int)", "002_b": "CREATE TABLE u (n int); SELECT pg_sleep(60); INSERT INTO u VALUES (1)"}
    )
    victim = start("migrate", "up", "--directory", directory)
    until(running(database, "%pg_sleep(60)%"))
    victim.send_signal(how)
    _, said = victim.communicate(timeout=60)
    assert (victim.returncode != 0, "Traceback" in said) == (True, False), said
    (directory / "002_b.sql").write_text("CREATE TABLE u (n int); INSERT INTO u VALUES (1)")
    began = time.monotonic()
    code, out, err = ended(start("migrate", "up", "--directory", directory))
    assert (code, err) == (0, "")
    assert out.splitlines()[-1].startswith("002_b.sql applied")
    assert time.monotonic() - began < 20, "the server went on with the dead one's statement"
    assert database.one("SELECT count(*) FROM u") == 1
    assert database.rows("SELECT version FROM schema_migrations ORDER BY 1") == [(1,), (2,)]


def test_a_failed_concurrent_index_is_dropped_and_built_by_the_next_run(database: Any, folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int); INSERT INTO t VALUES (1), (1)", "002_i": UNIQUE})
    code, _, err = ended(start("migrate", "up", "--directory", directory))
    assert code == 1
    assert err.startswith('Error: 002_i.sql line 2: could not create unique index "t_n" (Key (n)=(1) is duplicated.); it is not')
    assert database.one(VALID) is False

    database.rows("DELETE FROM t WHERE ctid <> (SELECT min(ctid) FROM t)")
    code, out, err = ended(start("migrate", "up", "--directory", directory))
    assert (code, err) == (0, "")
    dropped, applied = out.splitlines()
    assert dropped == "002_i.sql: dropped the invalid index public.t_n that a failed run had left"
    assert applied.startswith("002_i.sql applied")
    assert database.one(VALID) is True


def test_a_crash_between_a_concurrent_index_and_its_record_heals(database: Any, folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)", "002_i": UNIQUE})
    assert ended(start("migrate", "up", "--directory", directory))[0] == 0
    database.rows("DELETE FROM schema_migrations WHERE version = 2")
    assert ended(start("migrate", "up", "--directory", directory))[0] == 0
    assert database.one(VALID) is True


def test_a_concurrent_index_and_a_waiting_migrator_do_not_deadlock(database: Any, folder: Write, start: Start) -> None:
    """The index waits for the open transaction, the second migrator for the first: neither may wait for the other."""
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    assert ended(start("migrate", "up", "--directory", directory))[0] == 0
    folder(**{"002_i": UNIQUE})
    with psycopg.connect(make_conninfo(database.owner)) as other:
        other.execute("INSERT INTO t VALUES (1)")
        first = start("migrate", "up", "--directory", directory)
        until(running(database, "CREATE UNIQUE INDEX CONCURRENTLY%"))
        second = start("migrate", "up", "--directory", directory)
        time.sleep(2)
        assert (first.poll(), second.poll()) == (None, None)
    assert [ended(process)[0] for process in (first, second)] == [0, 0]
    assert database.one(VALID) is True


def test_concurrently_in_a_transaction_is_told_the_header(folder: Write, start: Start) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)", "002_i": "CREATE INDEX CONCURRENTLY t_n ON t (n)"})
    code, _, err = ended(start("migrate", "up", "--directory", directory))
    assert code == 1
    assert err == (
        "Error: 002_i.sql line 1: CREATE INDEX CONCURRENTLY cannot run inside a transaction block; "
        "put '-- transactional: false' above that statement, in a file of its own\n"
    )


def test_the_password_is_in_no_process_list_and_no_output(database: Any, folder: Write, start: Start) -> None:
    process = start("migrate", "up", "--directory", folder(**{"001_a": "SELECT pg_sleep(3)", "002_b": "SELECT 1/0"}))
    until(running(database, "%pg_sleep(3)%"))
    assert b"ownerpw-7x" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    _, out, err = ended(process)
    assert "ownerpw-7x" not in out + err
