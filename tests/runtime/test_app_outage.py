"""``python -m runtime`` while its database is away, and when it is told to stop."""

from __future__ import annotations

import signal
import threading
import time

import httpx
import pytest

from tests.runtime.application import Start, sign_up
from tests.runtime.cluster import LocalCluster


def test_it_starts_without_a_database_and_finds_it_later(start: Start, cluster: LocalCluster) -> None:
    cluster.servers[0].stop()
    try:
        app = start(DB_READER_HOST=None, DB_HOST="127.0.0.1")
        assert app.status("/healthz") == 200
        not_ready = app.client.get("/readyz")
        assert not_ready.status_code == 503
        assert not_ready.json()["status"] == "not ready"
        assert "Connection refused" in not_ready.json()["writer"]["problem"]
        refused = app.client.get("/users")
        assert refused.status_code == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.json() == {"status": 503, "detail": "the database is not available at the moment; try again"}
        assert app.client.post("/users", json=sign_up("ann")).status_code == 503
    finally:
        cluster.start()
    app.await_status("/readyz", 200)
    assert app.client.post("/users", json=sign_up("ann")).status_code == 201
    log = app.log.read_text()
    assert "cannot connect to 127.0.0.1" in log
    assert "again after" in log
    assert "Traceback" not in log


def until_locked_out(cluster: LocalCluster) -> None:
    """Wait until a statement waits for a lock."""
    deadline = time.monotonic() + 30
    while not cluster.execute("SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_an_outage_under_load(start: Start, cluster: LocalCluster) -> None:
    """Twenty clients, reads and writes: only 200, 201 and 503; alive throughout; nothing acknowledged is lost."""
    app = start(DB_READER_HOST=None)
    app.await_status("/readyz", 200)
    stop = threading.Event()
    codes: set[int] = set()
    acknowledged: list[str] = []
    answered_at: list[float] = []

    def client(number: int) -> None:
        with httpx.Client(base_url=app.client.base_url, timeout=20) as http:
            turn = 0
            while not stop.is_set():
                turn += 1
                name = f"u{number}-{turn}"
                made = http.post("/users", json=sign_up(name)) if turn % 4 == 0 else http.get("/users?limit=5")
                codes.add(made.status_code)
                if made.status_code == 201:
                    acknowledged.append(name)
                if made.status_code < 300:
                    answered_at.append(time.monotonic())
                time.sleep(0.1)

    threads = [threading.Thread(target=client, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    cluster.kill()
    try:
        for _ in range(6):
            time.sleep(0.5)
            assert app.status("/healthz", seconds=10) == 200
    finally:
        cluster.start()
    returned = time.monotonic()
    while not any(at > returned for at in list(answered_at)) and time.monotonic() < returned + 30:
        time.sleep(0.1)
    time.sleep(1)
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == {200, 201, 503}
    assert max(answered_at) > returned
    stored = {row[0] for row in cluster.execute("SELECT username FROM users")}
    assert acknowledged
    assert set(acknowledged) <= stored
    assert "Traceback" not in app.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_requests_finish_and_ends_with_0(start: Start, cluster: LocalCluster, number: signal.Signals) -> None:
    app = start()
    app.await_status("/readyz", 200)
    blocker = cluster.servers[0].connect("shop")
    blocker.autocommit = False
    blocker.execute("LOCK TABLE users")
    answers: list[int] = []
    waiting = threading.Thread(
        target=lambda: answers.append(httpx.post(app.client.base_url.join("/users"), json=sign_up("ann"), timeout=20).status_code)
    )
    waiting.start()
    until_locked_out(cluster)
    app.process.send_signal(number)
    time.sleep(0.5)  # long enough to end, if it did not wait
    assert app.process.poll() is None
    blocker.rollback()
    blocker.close()
    waiting.join()
    assert answers == [201]
    assert app.process.wait(10) == 0
    assert cluster.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'") == [(0,)]
    assert "Traceback" not in app.log.read_text()


def test_a_stop_ends_before_cloud_run_kills(start: Start, cluster: LocalCluster) -> None:
    """10 s after SIGTERM, whatever requests still wait for."""
    app = start()
    app.await_status("/readyz", 200)
    answers: list[str] = []

    def ask() -> None:
        try:
            answers.append(str(httpx.post(app.client.base_url.join("/users"), json=sign_up("ann"), timeout=20).status_code))
        except httpx.HTTPError as error:
            answers.append(type(error).__name__)

    waiting = threading.Thread(target=ask)
    with cluster.servers[0].connect("shop") as blocker:
        blocker.autocommit = False
        blocker.execute("LOCK TABLE users")
        waiting.start()
        until_locked_out(cluster)
        stopped = time.monotonic()
        app.process.send_signal(signal.SIGTERM)
        try:
            assert app.process.wait(20) == 0
            took = time.monotonic() - stopped
        finally:
            blocker.rollback()
            waiting.join()
    assert took < 10
    assert answers != ["201"]
