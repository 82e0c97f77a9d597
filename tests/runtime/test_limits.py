"""What bounds and what counts: statement timeouts, reading what one has just written, the metrics hook, a drain on demand."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.errors import QueryCanceled, ReadOnlySqlTransaction

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.errors import PoolExhausted, StatementTimeout
from runtime.metrics import Event
from tests.runtime.cluster import LocalCluster

LONG = "SELECT pg_sleep(100)"


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def db(cluster: LocalCluster, events: list[Event]) -> Iterator[DatabaseManager]:
    """Statements of half a second, at most two connections, measured."""
    environment = DatabaseEnvironment.from_environ(cluster.environ())
    with DatabaseManager(environment, min_size=1, max_size=2, statement_timeout=0.5, hook=events.append) as manager:
        yield manager


def kinds(events: list[Event], pool: str = "writer") -> list[str]:
    return [event.kind for event in events if event.pool == pool and not event.kind.startswith("connect")]


def test_a_statement_that_takes_too_long_is_cancelled_on_the_server(
    db: DatabaseManager, cluster: LocalCluster, events: list[Event]
) -> None:
    with db.writer() as connection:
        with pytest.raises(StatementTimeout, match=r"the statement took longer than 0\.5 s and was cancelled"):
            connection.execute(LONG)
        connection.rollback()
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}  # the session is as good as before
    assert issubclass(StatementTimeout, QueryCanceled)  # and so an OperationalError: the application answers 503
    assert cluster.execute("SELECT count(*) FROM pg_stat_activity WHERE query = %s AND state = 'active'", LONG) == [(0,)]
    assert kinds(events) == ["checkout", "cancel", "return"]
    assert next(event.seconds for event in events if event.kind == "cancel") == 0.5


def test_a_cancelled_statement_rolls_back_its_transaction(db: DatabaseManager, cluster: LocalCluster) -> None:
    with pytest.raises(StatementTimeout), db.get_cursor(commit=True) as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO users (email, username, password_hash) VALUES ('g@x.x', 'gone', '!')")
        cursor.execute(LONG)
    assert cluster.execute("SELECT count(*) FROM users WHERE username = 'gone'") == [(0,)]


def test_a_server_that_does_not_even_cancel_loses_the_connection(
    db: DatabaseManager, cluster: LocalCluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("runtime.connection.CANCELLING", 0.3)
    with pytest.raises(StatementTimeout, match="cannot be cancelled: the connection was closed"), db.writer() as connection:  # noqa: PT012
        monkeypatch.setattr(type(connection), "cancel_safe", lambda *_, **__: None)
        connection.execute(LONG)
    with db.writer() as connection:
        assert connection.execute("SELECT 1 AS one").fetchone() == {"one": 1}
    cluster.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = %s", LONG)


def test_a_limit_is_no_setting_of_the_session(db: DatabaseManager) -> None:
    """Behind a pooler another client would get it, and RDS Proxy would pool the session no more."""
    with db.writer() as connection:
        assert connection.execute("SHOW statement_timeout").fetchone() == {"statement_timeout": "0"}


def test_a_session_that_the_server_ends_in_its_transaction_leaks_nothing(db: DatabaseManager) -> None:
    with pytest.raises(psycopg.errors.IdleInTransactionSessionTimeout), db.writer() as connection:  # noqa: PT012
        connection.execute("SET idle_in_transaction_session_timeout = 100")  # the server's own is ten minutes
        time.sleep(0.5)
        connection.execute("SELECT 1")
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(db.writer()).execute("SELECT 1")


def test_who_has_just_written_reads_it(db: DatabaseManager, cluster: LocalCluster) -> None:
    where = "SELECT pg_is_in_recovery() AS standby, current_setting('transaction_read_only') AS read_only"
    now = time.time()
    for wrote_at, standby in (
        (None, True),
        (now, False),
        (now - 14, False),
        (now - 16, True),
        (now + 3600, True),
        (float("nan"), True),
    ):
        with db.reader(wrote_at=wrote_at) as connection:
            assert connection.execute(where).fetchone() == {"standby": standby, "read_only": "on"}, wrote_at
    cluster.execute("SELECT pg_wal_replay_pause()", node=1)
    try:
        cluster.execute("INSERT INTO users (email, username, password_hash) VALUES ('p@x.x', 'pinned', '!')")
        counts = []
        for pin in (None, time.time()):
            with db.reader(wrote_at=pin) as connection:
                counts.append(connection.execute("SELECT count(*) AS n FROM users WHERE username = 'pinned'").fetchone())
        assert counts == [{"n": 0}, {"n": 1}]
    finally:
        cluster.execute("SELECT pg_wal_replay_resume()", node=1)
        cluster.execute("DELETE FROM users")


def test_a_pinned_read_takes_no_writes_and_leaves_the_writer_as_it_was(
    db: DatabaseManager, cluster: LocalCluster, events: list[Event]
) -> None:
    with pytest.raises(ReadOnlySqlTransaction), db.reader(wrote_at=time.time()) as connection:  # noqa: PT012
        pid = connection.info.backend_pid
        connection.execute("UPDATE users SET username = username")
    assert cluster.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s", pid) == [(1,)]
    assert "drain" not in kinds(events)  # it was the caller's mistake, not a demoted primary
    for _ in range(2):
        with db.writer() as connection:
            connection.execute("UPDATE users SET username = username")


def test_a_drain_replaces_every_connection(db: DatabaseManager, events: list[Event]) -> None:
    with db.writer() as connection, db.reader() as reading:
        before = {connection.info.backend_pid, reading.info.backend_pid}
        db.drain()
        connection.execute("SELECT 1")  # one in use is replaced when it comes back
    with db.writer() as connection, db.reader() as reading:
        assert before.isdisjoint({connection.info.backend_pid, reading.info.backend_pid})
    assert [event.pool for event in events if event.kind == "drain"].count("writer") == 1
    assert [event.pool for event in events if event.kind == "drain"].count("reader") == 1


def test_a_connection_that_was_being_made_during_a_drain_is_replaced_too(cluster: LocalCluster) -> None:
    environment = DatabaseEnvironment.from_environ(cluster.environ(DB_READER_HOST=None))
    made: list[tuple[int]] = []

    def drain_once(event: Event) -> None:
        if event.kind == "connect" and not made:
            made.extend(cluster.execute("SELECT pid FROM pg_stat_activity WHERE application_name = 'drained'"))
            db.drain()

    db = DatabaseManager(environment, min_size=1, max_size=1, hook=drain_once, application_name="drained")
    with db, db.writer() as connection:
        assert made != [(connection.info.backend_pid,)]
    assert len(made) == 1


def test_the_hook_hears_of_every_block(db: DatabaseManager, events: list[Event], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("runtime.pool.WAIT", 0.3)
    with db.reader() as connection:
        connection.execute("SELECT 1")
    with db.writer(), db.writer(), pytest.raises(PoolExhausted), db.writer():
        pass
    assert kinds(events, "reader") == ["checkout", "return"]
    assert kinds(events) == ["checkout", "checkout", "refused", "return", "return"]
    refused = next(event for event in events if event.kind == "refused")
    held = [event.seconds for event in events if event.kind == "return" and event.pool == "writer"]
    assert 0.3 <= refused.seconds <= min(held)
    assert min(event.seconds for event in events if event.kind == "connect") > 0


def test_a_hook_that_fails_harms_nobody(cluster: LocalCluster, caplog: pytest.LogCaptureFixture) -> None:
    def hook(event: Event) -> None:
        raise RuntimeError("no room for " + event.kind)

    with (
        caplog.at_level(logging.ERROR, "runtime.metrics"),
        DatabaseManager(DatabaseEnvironment.from_environ(cluster.environ()), hook=hook) as db,
        db.writer() as connection,
    ):
        connection.execute("SELECT 1")
    assert "no room for checkout" in caplog.text
