"""The runner: what it applies, what it refuses, and what it leaves behind when a file fails."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.connection import ConnectionFailed
from operations.migrate.apply import Limits
from operations.migrate.files import MigrationError
from operations.migrate.lock import RUN, WORK
from operations.migrate.runner import migrate, status

Write = Callable[..., Path]


def refused(database: Any, directory: Path, **options: Any) -> str:
    with pytest.raises(MigrationError) as caught:
        migrate(database.owner, directory, **options)
    return str(caught.value)


def versions(database: Any) -> list[int]:
    return [version for (version,) in database.rows("SELECT version FROM schema_migrations ORDER BY version")]


def test_applies_in_order_once_and_records_each(database: Any, folder: Write) -> None:
    directory = folder(**{"002_b": "INSERT INTO t VALUES (2)", "001_a": "CREATE TABLE t (n int)"})
    lines: list[str] = []
    report = migrate(database.owner, directory, progress=lines.append)
    assert [applied.name for applied in report.applied] == ["001_a.sql", "002_b.sql"]
    assert [line.rpartition(" in ")[0] for line in lines] == ["001_a.sql applied", "002_b.sql applied"]
    assert migrate(database.owner, directory).applied == ()
    assert database.one("SELECT count(*) FROM t") == 1

    folder(**{"003_c": "INSERT INTO t VALUES (3)"})
    assert [applied.version for applied in migrate(database.owner, directory).applied] == [3]
    [row] = database.rows("SELECT name, sha256, applied_by, seconds > 0 FROM schema_migrations WHERE version = 3")
    digest = hashlib.sha256(b"INSERT INTO t VALUES (3)").hexdigest()
    assert row == ("003_c.sql", digest, conninfo_to_dict(database.owner)["user"], True)


def test_status_changes_nothing(database: Any, folder: Write) -> None:
    directory = folder(**{"001_a": "SELECT 1", "002_b": "SELECT 2"})
    assert [entry.name for entry in status(database.owner, directory).pending] == ["001_a.sql", "002_b.sql"]
    assert database.one("SELECT to_regclass('schema_migrations')") is None
    migrate(database.owner, directory)
    after = status(database.owner, directory)
    assert (after.pending, after.problem, len(after.entries)) == ((), None, 2)
    (directory / "001_a.sql").write_text("SELECT 100")
    assert "001_a.sql was edited" in (status(database.owner, directory).problem or "")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("CREATE TABLE a (n int);\n\n-- why; not\nSELECT 1/0;\nCREATE TABLE b (n int);", "line 4: division by zero"),
        ("CREATE TABLE a (n int);\nSELECT n,\n       wrong\nFROM a", 'line 3: column "wrong" does not exist'),
        ("SELECT 'ä😀 % ;';\nSELECT $q$ ; $q$, 5 % 2;\nSELEC 1", 'line 3: syntax error at or near "SELEC"'),
        ("SELECT 1;\nDO $$\nBEGIN\n  PERFORM 1;\n  RAISE 'out of luck';\nEND\n$$;", "line 5: out of luck"),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$\nBEGIN\n  RETRUN 1;\nEND $$;", "line 3: syntax error"),
        (
            "CREATE TABLE a (n int UNIQUE DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO a VALUES (1), (1);\n",
            "line 2 (its end, at COMMIT): duplicate key value",
        ),
        ("INSERT INTO public.schema_migrations VALUES (2, 'x', 'x', now(), 0, 'x')", "line 1 (its end, at COMMIT): duplicate"),
    ],
)
def test_a_failing_file_is_rolled_back_and_its_line_named(database: Any, folder: Write, text: str, place: str) -> None:
    directory = folder(**{"001_ok": "CREATE TABLE kept (n int)", "002_bad": text, "003_later": "CREATE TABLE later (n int)"})
    sentence = refused(database, directory)
    assert sentence.startswith(f"002_bad.sql {place}")
    assert sentence.endswith("the file was rolled back, what was applied before stays; mend the file and run migrate again")
    assert versions(database) == [1]
    tables = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY 1"
    assert [name for (name,) in database.rows(tables)] == ["kept", "schema_migrations"]

    folder(**{"002_bad": "CREATE TABLE a (n int)"})
    assert [applied.version for applied in migrate(database.owner, directory).applied] == [2, 3]


def test_percent_signs_dollar_quotes_and_function_bodies_run_as_they_are(database: Any, folder: Write) -> None:
    text = """
        CREATE TABLE t (v text CHECK (v NOT LIKE '%s%%;'));
        CREATE FUNCTION f(a int) RETURNS text LANGUAGE plpgsql AS $body$
        BEGIN RETURN format('%s;%%', a % 3) || $in$ ; $in$; END; $body$;
        CREATE FUNCTION g() RETURNS int BEGIN ATOMIC SELECT 1; SELECT 2; END;
        INSERT INTO t VALUES (f(5));
    """
    migrate(database.owner, folder(**{"001_a": text}))
    assert database.rows("SELECT v, g() FROM t") == [("2;% ; ", 2)]


def test_what_a_file_sets_does_not_reach_the_next(database: Any, folder: Write) -> None:
    directory = folder(**{"001_a": "SET search_path = pg_catalog; SET lock_timeout = 1", "002_b": "CREATE TABLE t (n int)"})
    migrate(database.owner, directory)
    assert database.one("SELECT to_regclass('public.t')::text") == "t"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda path: (path / "001_a.sql").write_text("SELECT 10"), "001_a.sql was edited after it was applied: sha256 "),
        (lambda path: (path / "001_a.sql").unlink(), "001_a.sql (sha256 "),
        (lambda path: (path / "000_x.sql").write_text("SELECT 0"), "000_x.sql (sha256 "),
    ],
)
def test_history_that_changed_is_refused_before_anything_runs(
    database: Any, folder: Write, change: Callable[[Path], object], sentence: str
) -> None:
    directory = folder(**{"001_a": "SELECT 1", "002_b": "SELECT 2"})
    migrate(database.owner, directory)
    folder(**{"003_new": "CREATE TABLE t (n int)"})
    change(directory)
    said = refused(database, directory)
    assert said.startswith(sentence)
    assert said.endswith("; nothing was applied")
    assert versions(database) == [1, 2]


def test_a_file_refused_by_its_text_stops_even_those_before_it(database: Any, folder: Write) -> None:
    said = refused(database, folder(**{"001_a": "CREATE TABLE t (n int)", "002_b": "COMMIT"}))
    assert said.startswith("002_b.sql line 1: COMMIT is not allowed")
    assert database.one("SELECT to_regclass('t')") is None


def test_a_lock_held_by_an_idle_transaction_ends_in_a_sentence(database: Any, folder: Write) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)", "002_b": "CREATE TABLE u (n int);\nALTER TABLE t ADD m int"})
    (directory / "002_b.sql").rename(directory / "later")
    migrate(database.owner, directory)
    (directory / "later").rename(directory / "002_b.sql")
    lines: list[str] = []
    with psycopg.connect(make_conninfo(database.owner, application_name="report")) as holder:
        holder.execute("SELECT * FROM t")
        limits = Limits(lock_timeout=0.8, attempts=2, pause=0.05)
        said = refused(database, directory, limits=limits, progress=lines.append)
        assert said.startswith(f"002_b.sql line 2: no lock within 0.8 s in 2 tries, blocked by pid {holder.info.backend_pid} (")
        assert re.search(r"report, idle in transaction for \d+ s\); nothing of the file was applied; end that session", said)
        assert [line.partition(": ")[0] for line in lines] == ["002_b.sql"]
        assert database.one("SELECT to_regclass('u')") is None
        # Between and after the tries nobody queues behind the migration.
        database.rows("SET lock_timeout = '1s'; INSERT INTO t VALUES (1)")
    assert migrate(database.owner, directory).applied[0].version == 2


def test_a_lock_that_comes_free_is_got_by_a_later_try(database: Any, folder: Write) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    migrate(database.owner, directory)
    folder(**{"002_b": "ALTER TABLE t ADD m int"})
    with psycopg.connect(database.owner) as holder:
        holder.execute("SELECT * FROM t")
        threading.Timer(0.5, holder.rollback).start()
        limits = Limits(lock_timeout=0.2, attempts=5, pause=0.1)
        assert migrate(database.owner, directory, limits=limits).applied[0].version == 2


def test_a_concurrent_index_does_not_wait_for_ever(database: Any, folder: Write) -> None:
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    migrate(database.owner, directory)
    folder(**{"002_i": "-- transactional: false\nCREATE INDEX CONCURRENTLY IF NOT EXISTS t_n ON t (n)"})
    with psycopg.connect(database.owner) as holder:
        holder.execute("INSERT INTO t VALUES (1)")
        said = refused(database, directory, limits=Limits(lock_timeout=0.4, concurrent_wait=0.6))
        assert said.startswith(f"002_i.sql line 2: no lock within 0.6 s, blocked by pid {holder.info.backend_pid} (")
    migrate(database.owner, directory)
    assert database.one("SELECT indisvalid FROM pg_index WHERE indexrelid = 't_n'::regclass") is True


@pytest.mark.parametrize("key", [RUN, WORK])
def test_another_migrator_that_does_not_end_is_named(database: Any, folder: Write, key: int) -> None:
    with psycopg.connect(make_conninfo(database.owner, application_name="managed-postgres migrate")) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", (key,))
        said = refused(database, folder(**{"001_a": "CREATE TABLE t (n int)"}), limits=Limits(lock_wait=0.3))
        assert said.startswith(f"another migration (pid {holder.info.backend_pid} (user ")
        assert "is still running after 0.3 s; nothing more was done" in said
    assert database.one("SELECT to_regclass('t')") is None


def test_a_lost_lock_stops_the_run(database: Any, folder: Write) -> None:
    kill = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND pid <> pg_backend_pid()"
    directory = folder(**{"001_a": kill, "002_b": "CREATE TABLE t (n int)"})
    assert refused(database, directory).startswith("the lock on this database was lost, nothing more was applied")
    assert versions(database) == [1]


def test_a_lost_connection_is_told_as_such(database: Any, folder: Write) -> None:
    said = refused(database, folder(**{"001_a": "SELECT pg_terminate_backend(pg_backend_pid())"}))
    assert said.startswith("001_a.sql line 1: terminating connection due to administrator command; the connection was lost")


def test_the_application_reads_the_history_but_cannot_write_it(database: Any, folder: Write) -> None:
    migrate(database.owner, folder(**{"001_a": "CREATE TABLE t (n int)"}))
    assert database.rows("SELECT version FROM schema_migrations", conninfo=database.app) == [(1,)]
    database.rows("INSERT INTO t VALUES (1)", conninfo=database.app)
    for statement in ("DELETE FROM schema_migrations", "UPDATE schema_migrations SET sha256 = ''"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            database.rows(statement, conninfo=database.app)


def test_another_tools_table_is_left_alone(database: Any, folder: Write) -> None:
    database.rows("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)")
    assert "belongs to another migration tool; rename that table first" in refused(database, folder(**{"001_a": "SELECT 1"}))


def test_a_role_that_may_not_create_is_told_who_may(database: Any, folder: Write) -> None:
    with pytest.raises(MigrationError, match="permission denied for schema public; run migrate as the owner of the database"):
        migrate(database.app, folder(**{"001_a": "SELECT 1"}))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "wrong-7x"}, "password authentication failed for user .*; check DB_USER and DB_PASSWORD, or the secret"),
        ({"dbname": "nowhere"}, 'database "nowhere" does not exist; check DB_NAME'),
        ({"port": "1"}, "Connection refused.*; check DB_HOST and DB_PORT, and that the server runs"),
    ],
)
def test_a_connection_that_fails_is_one_sentence_without_the_password(
    database: Any, folder: Write, change: dict[str, str], sentence: str
) -> None:
    conninfo = make_conninfo(database.owner, **change)
    with pytest.raises(ConnectionFailed, match=sentence) as caught:
        migrate(conninfo, folder(**{"001_a": "SELECT 1"}))
    assert "\n" not in str(caught.value)
    assert str(conninfo_to_dict(conninfo)["password"]) not in str(caught.value)
    assert caught.value.__cause__ is None
