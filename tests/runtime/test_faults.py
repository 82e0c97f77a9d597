"""DatabaseManager while things go wrong: restarts, outages, failover, rotation. Each on real servers."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack

import psycopg
import pytest
from psycopg.errors import ReadOnlySqlTransaction

from components.local.host.postgres import node
from runtime.connection import PooledConnection
from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable
from runtime.pool import Pool
from tests.runtime.cluster import LocalCluster, running_cluster
from tests.runtime.work import answer, fill

Connect = Callable[..., DatabaseManager]


def seconds_until_answered(db: DatabaseManager) -> tuple[float, list[str]]:
    """Asks until there is an answer; how long that took and what went wrong on the way."""
    started = time.monotonic()
    errors: list[str] = []
    while True:
        try:
            answer(db)
            return time.monotonic() - started, errors
        except psycopg.Error as error:
            errors.append(str(error))
            time.sleep(0.01)


@pytest.mark.parametrize("idle", [0.0, 1.5], ids=["used just now", "idle for longer"])
def test_a_restart_with_twenty_idle_connections(db: DatabaseManager, cluster: LocalCluster, idle: float) -> None:
    fill(db, 20)
    time.sleep(idle)
    cluster.kill()
    cluster.start()
    started = time.monotonic()
    assert [answer(db) for _ in range(40)] == [1] * 40
    assert time.monotonic() - started < 5  # psycopg_pool alone takes a minute; bench measures


def test_a_restart_under_several_clients(db: DatabaseManager, cluster: LocalCluster) -> None:
    fill(db, 20)
    cluster.servers[0].restart()
    slowest: list[float] = []

    def client() -> None:
        seconds, errors = seconds_until_answered(db)
        assert errors == []
        slowest.append(seconds)

    threads = [threading.Thread(target=client) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(slowest) == 8
    assert max(slowest) < 5


def test_an_outage_ends_soon_after_the_servers_return(db: DatabaseManager, cluster: LocalCluster) -> None:
    fill(db, 5)
    cluster.kill()
    deadline = time.monotonic() + 8.5  # a backoff that doubles from 1 s would now sleep until 15 s; bench measures
    reasons: set[str] = set()
    while time.monotonic() < deadline:
        try:
            answer(db)
        except DatabaseUnavailable as error:
            reasons.add(str(error))
            time.sleep(0.05)
    assert reasons
    assert all("Connection refused" in reason for reason in reasons)
    cluster.start()
    seconds, _ = seconds_until_answered(db)
    assert seconds < 5


def test_an_outage_is_logged_at_its_begin_and_its_end(
    db: DatabaseManager, cluster: LocalCluster, caplog: pytest.LogCaptureFixture
) -> None:
    answer(db)
    cluster.kill()
    with caplog.at_level(logging.INFO, "runtime"):
        for _ in range(3):
            with pytest.raises(psycopg.OperationalError):
                answer(db)
        cluster.start()
        seconds_until_answered(db)
    lines = [record.getMessage() for record in caplog.records if record.name == "runtime.connector"]
    assert lines[0].startswith(f"cannot connect to {db._writer.connector.address}: ")
    assert lines[-1].startswith(f"connected to {db._writer.connector.address} again after ")
    assert len(lines) < 6


def test_a_fresh_connection_is_not_asked_and_a_suspect_one_is(db: DatabaseManager, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[PooledConnection] = []
    monkeypatch.setattr(Pool, "check_connection", staticmethod(asked.append))
    db.open(wait=5)
    for _ in range(50):
        answer(db)
    assert asked == []
    time.sleep(1.1)
    answer(db)
    assert len(asked) == 1


def test_nothing_is_committed_twice_and_no_write_is_repeated(db: DatabaseManager, cluster: LocalCluster) -> None:
    cluster.execute("CREATE TABLE counted (n int)")
    cluster.execute("GRANT ALL ON counted TO shop_app")
    try:
        with pytest.raises(psycopg.OperationalError), db.writer() as connection:  # noqa: PT012
            connection.execute("INSERT INTO counted VALUES (1)")
            cluster.execute("SELECT pg_terminate_backend(%s)", connection.info.backend_pid)
            time.sleep(0.1)
            connection.execute("INSERT INTO counted VALUES (2)")
        assert answer(db) == 1
        assert cluster.execute("SELECT count(*) FROM counted") == [(0,)]
    finally:
        cluster.execute("DROP TABLE counted")


def test_the_writer_follows_a_promotion() -> None:
    with running_cluster(nodes=2) as cluster:
        cluster.execute("CREATE TABLE written (n int)")
        cluster.execute("GRANT ALL ON written TO shop_app")
        with DatabaseManager(DatabaseEnvironment.from_environ(cluster.environ())) as db:
            fill(db, 5)
            with db.reader() as connection:
                connection.execute("SELECT 1")
            node.promote(cluster.servers[1].spec)
            seconds, errors = seconds_until_answered(db)
            with db.writer() as connection:
                connection.execute("INSERT INTO written VALUES (1)")
                row = connection.execute("SELECT host(inet_server_addr()) AS address").fetchone()
            assert row == {"address": "127.0.0.2"}
            assert seconds < 10
            assert len(errors) <= 1
            with db.reader() as connection:
                assert connection.execute("SELECT count(*) AS n FROM written").fetchone() == {"n": 1}


def test_one_burst_of_failing_writes_drains_once(connect: Connect) -> None:
    """What fails later, on a connection of before, discards none of those that were made to the successor."""
    db = connect(max_size=3, DB_READER_HOST=None)
    with pytest.raises(ReadOnlySqlTransaction), db.writer() as late:  # noqa: PT012
        late.execute("SET TRANSACTION READ ONLY")
        with pytest.raises(ReadOnlySqlTransaction), db.writer() as early:  # noqa: PT012
            early.execute("SET TRANSACTION READ ONLY")
            early.execute("UPDATE users SET username = username")
        with db.writer() as connection:
            new = connection.info.backend_pid
        late.execute("UPDATE users SET username = username")
    with ExitStack() as stack:
        assert new in {stack.enter_context(db.writer()).info.backend_pid for _ in range(3)}


def test_an_idle_connection_whose_server_is_silent_is_left(connect: Connect) -> None:
    """Its network is well, so nothing else ends the wait but the statement's limit, which is 30 s."""
    db = connect(min_size=1, DB_READER_HOST=None)
    with db.writer() as connection:
        frozen = connection.info.backend_pid
    os.kill(frozen, signal.SIGSTOP)
    try:
        time.sleep(1.1)  # longer than an idle connection is trusted
        began = time.monotonic()
        with db.writer() as connection:
            assert connection.info.backend_pid != frozen
        assert time.monotonic() - began < 15
    finally:
        os.kill(frozen, signal.SIGCONT)


def test_a_connection_to_a_demoted_primary_is_left(connect: Connect) -> None:
    """Some failovers demote a server without ending its sessions; what they see then is 25006."""
    db = connect(max_size=3)
    fill(db, 3)
    with pytest.raises(ReadOnlySqlTransaction), db.writer() as connection:  # noqa: PT012
        old = connection.info.backend_pid
        connection.execute("SET TRANSACTION READ ONLY")
        connection.execute("UPDATE users SET username = username")
    with ExitStack() as stack:
        pids = {stack.enter_context(db.writer()).info.backend_pid for _ in range(3)}
    assert old not in pids
    assert answer(db) == 1
