"""Statements and sessions of a real PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from psycopg import sql
from typer import Typer
from typer.testing import CliRunner

from operations.condition.session import asking
from operations.errors import OperationError
from operations.top import cli
from operations.top.activity import running, slow
from operations.top.statements import Top, top
from tests.operations.conftest import Database
from tests.operations.driver import wait_for


@pytest.fixture(autouse=True)
def monitor(database: Database) -> Iterator[None]:
    """The owner sees all statistics, as ``operations.roles`` makes it."""
    with psycopg.connect(database.superuser, autocommit=True) as root:
        owner = psycopg.conninfo.conninfo_to_dict(database.owner)["user"]
        root.execute(sql.SQL("GRANT pg_monitor TO {}").format(sql.Identifier(str(owner))))
        yield


def measured(database: Database, work: str = "SELECT 1", *, seconds: float = 1, limit: int = 5, user: str = "") -> Top:
    """A measurement during which *work* is run three times."""

    def meanwhile(_: float) -> None:
        with psycopg.connect(database.owner, autocommit=True) as session:
            for _round in range(3):
                session.execute(work.encode())

    with asking(user or database.owner, "top") as session:
        return top(session, seconds=seconds, limit=limit, sleep=meanwhile)


def test_the_difference_of_two_looks_by_total_time(database: Database) -> None:
    for _ in range(50):
        database.rows("SELECT count(*) FROM generate_series(1, 77)")
    found = measured(database, "SELECT pg_sleep(0.02), 'hush-7x' AS value")
    first = found.statements[0]
    assert first.text == "SELECT pg_sleep($1), $2 AS value"
    assert first.figures.calls == 3, "what was before does not count"
    assert 60 <= first.figures.total_ms < 5000
    assert first.mean_ms == pytest.approx(first.figures.total_ms / 3)
    assert first.percent > 50
    assert first.user == psycopg.conninfo.conninfo_to_dict(database.owner)["user"]
    assert found.seconds is not None
    assert [one.text for one in found.statements] == [first.text], "nothing of what was before, and nothing of ours"
    assert found.notes == ()


def test_everything_since_the_reset(database: Database) -> None:
    for _ in range(4):
        database.rows("SELECT count(*) FROM generate_series(1, 200000)")
    with asking(database.owner, "top") as session:
        found = top(session, seconds=0, limit=3)
    assert found.seconds is None
    assert found.since is not None
    assert len(found.statements) == 3
    longest = found.statements[0]
    assert (longest.text, longest.figures.calls) == ("SELECT count(*) FROM generate_series($1, $2)", 4)
    assert [one.figures.total_ms for one in found.statements] == sorted(
        (one.figures.total_ms for one in found.statements), reverse=True
    )
    assert sum(one.percent for one in found.statements) <= 100.001


def test_a_password_in_a_utility_statement_is_not_shown(database: Database) -> None:
    owner = str(psycopg.conninfo.conninfo_to_dict(database.owner)["user"])
    found = measured(database, f"ALTER ROLE {owner} PASSWORD 'ownerpw-7x'", limit=50)
    assert database.rows("SELECT 1 FROM pg_stat_statements WHERE query LIKE '%ownerpw-7x%'"), "the server itself keeps it"
    assert f"ALTER ROLE {owner} PASSWORD ?" in [one.text for one in found.statements]
    assert "ownerpw-7x" not in repr(found)


def test_a_reset_and_dropped_statements_are_noticed(database: Database) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as root:
        dropped = root.execute("SELECT dealloc FROM pg_stat_statements_info").fetchone()
        assert dropped == (0,), "nothing was dropped on a test server of 5000 statements"

        def reset(_: float) -> None:
            root.execute("SELECT pg_stat_statements_reset()")
            database.rows("SELECT pg_sleep(0.01)")

        with asking(database.owner, "top") as session:
            found = top(session, seconds=1, limit=5, sleep=reset)
    assert len(found.notes) == 1
    assert "were reset at" in found.notes[0]
    assert "SELECT pg_sleep($1)" in [statement.text for statement in found.statements]


def test_times_are_utc_whatever_the_time_zone_of_the_session(database: Database) -> None:
    owner = str(psycopg.conninfo.conninfo_to_dict(database.owner)["user"])
    with psycopg.connect(database.superuser, autocommit=True) as root:
        root.execute(sql.SQL("ALTER ROLE {} SET TimeZone = 'Asia/Tokyo'").format(sql.Identifier(owner)))
        root.execute("SELECT pg_stat_statements_reset()")
    assert database.one("SHOW TimeZone") == "Asia/Tokyo"
    with asking(database.owner, "top") as session:
        found = top(session, seconds=0, limit=1)
    assert found.since is not None
    assert found.since.utcoffset() == timedelta(0)
    assert abs(datetime.now(UTC) - found.since) < timedelta(minutes=5)


def test_other_users_statements_are_said_to_be_hidden(database: Database) -> None:
    found = measured(database, user=database.app)
    assert "grant it pg_monitor" in found.notes[0]


def test_what_is_missing_is_one_sentence(database: Database) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as root:
        root.execute("DROP EXTENSION pg_stat_statements")
        with asking(database.owner, "top") as session, pytest.raises(OperationError, match="CREATE EXTENSION pg_stat_statements"):
            top(session, seconds=0, limit=1)
        root.execute("CREATE EXTENSION pg_stat_statements VERSION '1.8'")
        with asking(database.owner, "top") as session, pytest.raises(OperationError, match="UPDATE"):
            top(session, seconds=0, limit=1)
        root.execute("ALTER EXTENSION pg_stat_statements UPDATE")


def test_who_waits_for_whom(database: Database) -> None:
    database.rows("CREATE TABLE held (id int)")
    with psycopg.connect(database.owner) as holder, psycopg.connect(database.owner) as waiter:
        holder.execute("LOCK TABLE held")
        thread = threading.Thread(target=lambda: waiter.execute("SELECT * FROM held WHERE id = 4711"))
        thread.start()
        try:
            with asking(database.owner, "top") as session:
                wait_for(lambda: any(one.blocked_by for one in running(session)), 60)
                found = {one.pid: one for one in running(session)}
        finally:
            holder.rollback()
            thread.join()
        waits, holds = found[waiter.info.backend_pid], found[holder.info.backend_pid]
        assert waits.blocked_by == (holder.info.backend_pid,)
        assert waits.wait == "Lock: relation"
        assert waits.text == "SELECT * FROM held WHERE id = ?"
        assert waits.transaction_seconds is not None
        assert (holds.state, holds.blocked_by, holds.wait) == ("idle in transaction", (), "")


def test_the_slow_log_and_the_values_in_it(database: Database) -> None:
    with asking(database.owner, "top") as session:
        found = slow(session)
    assert (found.from_ms, found.plans_from_ms, found.lock_waits, found.every) == (1000, None, True, "none")
    owner, name = str(psycopg.conninfo.conninfo_to_dict(database.owner)["user"]), database.name
    with psycopg.connect(database.superuser, autocommit=True) as root:
        for setting, value in (("log_parameter_max_length", "0"), ("log_min_duration_statement", "-1")):
            statement = "ALTER ROLE {} IN DATABASE {} SET {} = {}"
            root.execute(sql.SQL(statement).format(sql.Identifier(owner), sql.Identifier(name), sql.Identifier(setting), value))
            with asking(database.owner, "top") as session:
                found = slow(session)
            assert not [note for note in found.notes if "personal data" in note]
    assert found.from_ms is None
    assert "not logged" in found.notes[0]


def test_the_command_in_both_forms(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in database.environ().items():
        monkeypatch.setenv(name, value)
    app = Typer()
    app.command()(cli.top)
    database.rows("SELECT 'hush-7x' AS secret_of_a_test")
    shown = CliRunner().invoke(app, ["--seconds", "0", "--limit", "200"])
    assert shown.exit_code == 0, shown.output
    assert f"Database {database.name}: " in shown.stdout
    assert "SELECT $1 AS secret_of_a_test" in shown.stdout
    assert "The server logs statements from 1000 ms on, waits for locks." in shown.stdout
    told = CliRunner().invoke(app, ["--seconds", "0", "--json"])
    found = json.loads(told.stdout)
    assert found["statements"][0]["figures"]["calls"] >= 1
    assert found["slow_log"]["from_ms"] == 1000
    activity = CliRunner().invoke(app, ["--activity"])
    assert activity.exit_code == 0, activity.output
    assert isinstance(json.loads(CliRunner().invoke(app, ["--activity", "--json"]).stdout)["activity"], list)
    for output in (shown.output, told.output, activity.output):
        assert "hush-7x" not in output
        assert "ownerpw-7x" not in output
    monkeypatch.setenv("DB_PASSWORD", "wrong-7x")
    failed = CliRunner().invoke(app, ["--json"])
    assert failed.exit_code == 1
    assert "password authentication failed" in json.loads(failed.stdout)["error"]
    assert "wrong-7x" not in failed.output
