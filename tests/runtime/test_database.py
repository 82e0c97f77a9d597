"""DatabaseManager on a real primary and standby: where work goes, what is committed, what is refused."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from psycopg.errors import ReadOnlySqlTransaction

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable, PoolExhausted
from tests.runtime.cluster import APP, LocalCluster

Connect = Callable[..., DatabaseManager]

SESSION = (
    "SELECT current_user AS who, current_setting('TimeZone') AS zone, current_setting('application_name') AS name,"
    " pg_is_in_recovery() AS standby, ssl, version AS tls FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
)


@pytest.fixture
def table(cluster: LocalCluster) -> Iterator[str]:
    cluster.execute("CREATE TABLE notes (id serial PRIMARY KEY, text text)")
    cluster.execute("GRANT ALL ON notes, notes_id_seq TO shop_app")
    yield "notes"
    cluster.execute("DROP TABLE notes")


def notes(cluster: LocalCluster) -> list[str]:
    return [row[0] for row in cluster.execute("SELECT text FROM notes ORDER BY id")]


def test_the_writer_is_the_primary_and_the_reader_a_standby(db: DatabaseManager) -> None:
    with db.writer() as connection:
        row = connection.execute(SESSION).fetchone()
    assert row == {"who": APP, "zone": "UTC", "name": "web-application", "standby": False, "ssl": True, "tls": "TLSv1.3"}
    with db.reader() as connection:
        row = connection.execute(SESSION).fetchone()
    assert row is not None
    assert (row["standby"], row["ssl"], row["zone"]) == (True, True, "UTC")


def test_poolers_take_its_connections(connect: Connect, cluster: LocalCluster) -> None:
    """PgBouncer and RDS Proxy refuse a client with "options"; what a session sets is seen by others in transaction mode."""
    db = connect(DB_READER_HOST="localhost", DB_HOST="127.0.0.1")
    cluster.execute("ALTER ROLE shop_app SET timezone TO 'Asia/Tokyo'")
    try:
        for use in (db.writer, db.reader):
            with use() as connection:
                row = connection.execute(
                    "SELECT current_setting('TimeZone') AS zone, current_setting('default_transaction_read_only') AS read_only"
                ).fetchone()
                assert row == {"zone": "UTC", "read_only": "off"}
                assert "options" not in connection.info.get_parameters()
    finally:
        cluster.execute("ALTER ROLE shop_app RESET timezone")


def test_keepalives_and_the_limit_on_sending_are_on_the_socket(db: DatabaseManager) -> None:
    with db.writer() as connection, socket.socket(fileno=os.dup(connection.fileno())) as handle:
        names = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        assert handle.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert [handle.getsockopt(socket.IPPROTO_TCP, name) for name in names] == [2, 1, 3, 5000]


@pytest.mark.usefixtures("table")
def test_a_block_commits_and_an_exception_rolls_back(db: DatabaseManager, cluster: LocalCluster) -> None:
    with db.writer() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('kept')")
    with pytest.raises(ZeroDivisionError), db.writer() as connection:  # noqa: PT012
        connection.execute("INSERT INTO notes (text) VALUES ('lost')")
        raise ZeroDivisionError
    assert notes(cluster) == ["kept"]


@pytest.mark.usefixtures("table")
def test_the_guides_cursor_commits_only_when_asked(db: DatabaseManager, cluster: LocalCluster) -> None:
    with db.get_cursor(commit=True) as cursor:
        cursor.execute("INSERT INTO notes (text) VALUES (%s) RETURNING id, text", ("kept",))
        assert cursor.fetchone() == {"id": 1, "text": "kept"}
    with db.get_cursor() as cursor:
        cursor.execute("INSERT INTO notes (text) VALUES ('lost')")
    with db.get_connection() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('lost too')")
    with db.get_connection() as connection:
        connection.execute("INSERT INTO notes (text) VALUES ('kept by hand')")
        connection.commit()
    with pytest.raises(psycopg.errors.DivisionByZero), db.get_cursor(commit=True) as cursor:  # noqa: PT012
        cursor.execute("INSERT INTO notes (text) VALUES ('lost as well')")
        cursor.execute("SELECT 1/0")
    assert notes(cluster) == ["kept", "kept by hand"]


def test_the_reader_takes_no_writes_even_where_it_is_the_primary(connect: Connect) -> None:
    # Another address for the same node: a reader pool of its own, which ends up on the primary.
    only_primary = connect(DB_HOST="127.0.0.1", DB_READER_HOST="localhost")
    with only_primary.reader() as connection:
        row = connection.execute("SELECT pg_is_in_recovery() AS standby").fetchone()
    assert row == {"standby": False}
    with pytest.raises(ReadOnlySqlTransaction), only_primary.reader() as connection:
        connection.execute("UPDATE users SET username = username")


def test_without_an_address_of_its_own_the_reader_is_the_writer(connect: Connect) -> None:
    db = connect(DB_READER_HOST=None)
    with db.writer() as writer, db.reader() as reader:
        assert {row["standby"] for c in (writer, reader) for row in c.execute("SELECT pg_is_in_recovery() AS standby")} == {False}
    assert db.health().reader is None


def test_reading_goes_on_without_a_standby_and_returns_to_it(connect: Connect, cluster: LocalCluster) -> None:
    db = connect()
    with db.reader() as connection:
        connection.execute("SELECT 1")
    cluster.servers[1].stop()
    try:
        with db.reader() as connection:
            row = connection.execute("SELECT pg_is_in_recovery() AS standby").fetchone()
        assert row == {"standby": False}
    finally:
        cluster.start(1)
    fresh = connect()
    with fresh.reader() as connection:
        row = connection.execute("SELECT pg_is_in_recovery() AS standby").fetchone()
    assert row == {"standby": True}


def test_nothing_connects_before_the_first_use(cluster: LocalCluster) -> None:
    before = threading.active_count()
    environment = cluster.environ(DB_HOST="127.0.0.9", DB_READER_HOST="127.0.0.8")
    DatabaseManager(DatabaseEnvironment.from_environ(environment))
    assert threading.active_count() == before


def test_health_tells_role_and_lag(db: DatabaseManager, cluster: LocalCluster) -> None:
    health = db.health()
    assert health.ok
    assert db.health_check() is True
    assert (health.writer.role, health.writer.lag_seconds) == ("primary", 0)
    assert health.reader is not None
    assert health.reader.role == "standby"
    assert health.reader.pool["pool_max"] == 20
    cluster.execute("SELECT pg_wal_replay_pause()", node=1)
    try:
        cluster.execute("CREATE TABLE late ()")
        cluster.execute("DROP TABLE late")
        time.sleep(1)
        assert lag(db) >= 1
    finally:
        cluster.execute("SELECT pg_wal_replay_resume()", node=1)
    deadline = time.monotonic() + 60
    while lag(db) > 0:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def lag(db: DatabaseManager) -> float:
    reader = db.health().reader
    assert reader is not None
    assert reader.lag_seconds is not None
    return reader.lag_seconds


def test_health_without_a_server(connect: Connect) -> None:
    db = connect(DB_HOST="127.0.0.9", DB_READER_HOST=None)
    started = time.monotonic()
    health = db.health()
    assert time.monotonic() - started < 10
    assert not health.ok
    assert health.writer.problem is not None
    assert "Connection refused" in health.writer.problem
    assert "\n" not in health.writer.problem


def test_no_server_is_said_with_its_reason_and_soon(connect: Connect, cluster: LocalCluster) -> None:
    db = connect(DB_HOST="127.0.0.8,127.0.0.9", DB_READER_HOST=None)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable) as caught, db.writer():
        pass
    assert time.monotonic() - started < 10
    text = str(caught.value)
    assert f"no connection to the writer 127.0.0.8,127.0.0.9:{cluster.postgres.port}/shop: " in text
    assert text.count("Connection refused") == 2  # one for each host
    assert "\n" not in text
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable), db.writer():
        pass
    assert time.monotonic() - started < 4.5
    time.sleep(2.1)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable), db.writer():  # an outage that goes on: nobody waits any more
        pass
    assert time.monotonic() - started < 1.5  # less than the grace that a caller would sit out


def test_open_waits_for_a_server_as_long_as_told(connect: Connect) -> None:
    db = connect(DB_HOST="127.0.0.9", DB_READER_HOST=None)
    started = time.monotonic()
    with pytest.raises(DatabaseUnavailable):
        db.open(wait=4)
    assert 3.9 < time.monotonic() - started < 15
    connect().open(wait=4)


def test_an_exhausted_pool_says_so(connect: Connect) -> None:
    db = connect(min_size=1, max_size=2)
    with db.get_cursor(), db.writer():
        started = time.monotonic()
        with pytest.raises(PoolExhausted) as caught, db.get_connection():
            pass
        assert 4.9 < time.monotonic() - started < 15
    assert str(caught.value) == (
        "all 2 connections of the writer pool are in use and none came free within 5 s "
        "(pool: 2 of 2 connections, 0 free): keep transactions short, or raise max_size"
    )
    with db.get_cursor() as cursor:
        cursor.execute("SELECT 1")  # nothing leaked


def test_a_closed_manager_stays_closed(db: DatabaseManager) -> None:
    with db.writer() as connection:
        connection.execute("SELECT 1")
    db.close_all_connections()
    with pytest.raises(psycopg.OperationalError, match="closed"), db.writer():
        pass
    assert db.health_check() is False
