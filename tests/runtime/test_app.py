"""``python -m runtime``: a process of its own, asked over HTTP."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.runtime.cluster import ROOT, LocalCluster

PASSWORD = "never-shown-7f3a"


@dataclass(frozen=True)
class Application:
    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def status(self, path: str, seconds: float = 10.0) -> int:
        return self.client.get(path, timeout=seconds).status_code

    def await_status(self, path: str, wanted: int, seconds: float) -> float:
        started = time.monotonic()
        while self.status(path) != wanted:
            assert time.monotonic() - started < seconds, self.log.read_text()
            time.sleep(0.02)
        return time.monotonic() - started


Start = Callable[..., Application]


@pytest.fixture
def start(cluster: LocalCluster, tmp_path: Path) -> Iterator[Start]:
    """``start(DB_HOST=...)`` runs the application with these variables changed, until it is alive."""
    running: list[Application] = []

    def run(**changes: str | None) -> Application:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = str(free.getsockname()[1])
        environ = cluster.environ(HOST="127.0.0.1", PORT=port, **changes) | {"PATH": os.environ["PATH"]}
        log = tmp_path / f"app-{len(running)}.log"
        with log.open("wb") as output:
            process = subprocess.Popen([sys.executable, "-m", "runtime"], cwd=ROOT, env=environ, stdout=output, stderr=output)
        app = Application(process, httpx.Client(base_url=f"http://127.0.0.1:{port}"), log)
        running.append(app)
        deadline = time.monotonic() + 20
        while process.poll() is None:
            try:
                assert app.status("/healthz") == 200
                break
            except httpx.ConnectError:
                assert time.monotonic() < deadline
                time.sleep(0.02)
        return app

    yield run
    for app in running:
        app.client.close()
        app.process.kill()
        app.process.wait()
    cluster.execute("DELETE FROM users")


def sign_up(name: str, **fields: Any) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "username": name, **fields}


def listed(app: Application, **query: Any) -> list[str]:
    answer = app.client.get("/users", params=query)
    assert answer.status_code == 200, answer.text
    return [user["username"] for user in answer.json()]


def test_a_users_life(start: Start, cluster: LocalCluster) -> None:
    app = start()
    index = app.client.get("/").json()
    assert index["environment"] == "production"
    assert "/users" in index["links"]
    assert app.client.get("/docs").status_code == 200

    made = app.client.post("/users", json=sign_up("ann", password=PASSWORD, first_name="Ann"))
    assert made.status_code == 201
    path = made.headers["Location"]
    assert path == f"/users/{made.json()['user_id']}"
    stored = cluster.execute("SELECT password_hash FROM users")[0][0]  # committed, for all to see
    assert stored.startswith("scrypt$16384$8$1$")
    assert "password" not in made.text

    assert app.client.get(path).json()["first_name"] == "Ann"
    changed = app.client.patch(path, json={"last_name": "Lee", "first_name": None})
    assert (changed.status_code, changed.json()["first_name"], changed.json()["last_name"]) == (200, None, "Lee")
    deadline = time.monotonic() + 5
    while listed(app, search="lee") != ["ann"]:  # the list comes from the standby
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert listed(app, verified_only=True) == []

    assert app.client.delete(path).status_code == 204
    for gone in (app.client.get(path), app.client.delete(path), app.client.patch(path, json={"last_name": "x"})):
        assert gone.status_code == 404
        assert gone.json() == {"status": 404, "detail": "there is no such user"}
    assert PASSWORD not in app.log.read_text()


def test_bad_requests_are_refused_in_one_line(start: Start) -> None:
    app = start()
    assert app.client.post("/users", json=sign_up("ann")).status_code == 201
    app.client.headers["Content-Type"] = "application/json"
    for answer, status, detail in (
        (app.client.post("/users", json=sign_up("ann")), 409, "a user with this email exists already"),
        (app.client.post("/users", json=sign_up("bob", password="short")), 422, "password: "),
        (app.client.post("/users", json=sign_up("bob", is_admin=True)), 422, "is_admin: Extra inputs are not permitted"),
        (app.client.post("/users", json={"email": "no", "username": ""}), 422, "email: "),
        (app.client.post("/users", json=sign_up("nul\0", first_name="\0")), 422, "NUL"),
        (app.client.post("/users", content=b'{"email": "a@b.c", "username": "\\ud800"}'), 422, "username: "),
        (app.client.post("/users", content=b"{"), 422, "JSON decode error"),
        (app.client.post("/users", content=b"[1]"), 422, "body: "),
        (app.client.get("/users", params={"limit": 101}), 422, "limit: "),
        (app.client.get("/users", params={"offset": -1}), 422, "offset: "),
        (app.client.get("/users", params={"search": "\0"}), 422, "NUL"),
        (app.client.get("/users/7"), 422, "user_id: "),
        (app.client.patch(f"/users/{uuid4()}", json={}), 422, "nothing to change"),
        (app.client.patch(f"/users/{uuid4()}", json={"email": "x@x.x"}), 422, "email: Extra inputs are not permitted"),
        (app.client.patch(f"/users/{uuid4()}", json={"is_verified": None}), 422, "is_verified: "),
        (app.client.put("/users"), 405, "Method Not Allowed"),
        (app.client.get("/nowhere"), 404, "Not Found"),
    ):
        assert answer.status_code == status, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert detail in answer.json()["detail"]
        assert "\n" not in answer.text
        assert "short" not in answer.text  # the input is not repeated
    assert "Traceback" not in app.log.read_text()


def test_readiness_tells_role_and_lag(start: Start) -> None:
    app = start()
    app.await_status("/readyz", 200, 5)
    ready = app.client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert (ready["writer"]["role"], ready["writer"]["lag_seconds"]) == ("primary", 0)
    assert ready["reader"]["role"] == "standby"


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
    assert app.await_status("/readyz", 200, 5) < 1.5
    assert app.client.post("/users", json=sign_up("ann")).status_code == 201
    log = app.log.read_text()
    assert "cannot connect to 127.0.0.1" in log
    assert "again after" in log
    assert "Traceback" not in log


def test_an_outage_under_load(start: Start, cluster: LocalCluster) -> None:
    """Twenty clients, reads and writes: only 200, 201 and 503; alive throughout; nothing acknowledged is lost."""
    app = start(DB_READER_HOST=None)
    app.await_status("/readyz", 200, 5)
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
            assert app.status("/healthz", seconds=2) == 200
    finally:
        cluster.start()
    returned = time.monotonic()
    time.sleep(2.5)
    stop.set()
    for thread in threads:
        thread.join()
    assert codes == {200, 201, 503}
    assert min(at for at in answered_at if at > returned) - returned < 2
    stored = {row[0] for row in cluster.execute("SELECT username FROM users")}
    assert acknowledged
    assert set(acknowledged) <= stored
    assert "Traceback" not in app.log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_lets_requests_finish_and_ends_with_0(start: Start, cluster: LocalCluster, number: signal.Signals) -> None:
    app = start()
    app.await_status("/readyz", 200, 5)
    blocker = cluster.servers[0].connect("shop")
    blocker.autocommit = False
    blocker.execute("LOCK TABLE users")
    answers: list[int] = []
    waiting = threading.Thread(
        target=lambda: answers.append(httpx.post(app.client.base_url.join("/users"), json=sign_up("ann"), timeout=20).status_code)
    )
    waiting.start()
    time.sleep(0.5)
    app.process.send_signal(number)
    time.sleep(0.5)
    assert app.process.poll() is None
    blocker.rollback()
    blocker.close()
    waiting.join()
    assert answers == [201]
    assert app.process.wait(10) == 0
    assert cluster.execute("SELECT count(*) FROM pg_stat_activity WHERE usename = 'shop_app'") == [(0,)]
    assert "Traceback" not in app.log.read_text()


def test_it_does_not_start_on_a_bad_contract(start: Start) -> None:
    app = start(DB_NAME=None, DB_SSL_MODE="prefer")
    assert app.process.wait(10) == 2
    text = app.log.read_text()
    assert text.startswith(
        "cannot start: the environment does not meet the contract: DB_NAME is missing; DB_SSL_MODE must be one of"
    )
    assert text.count("\n") == 1


def test_it_does_not_start_on_a_taken_port(cluster: LocalCluster) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        environ = cluster.environ(HOST="127.0.0.1", PORT=port)
        second = subprocess.run([sys.executable, "-m", "runtime"], cwd=ROOT, env=environ, capture_output=True, check=False)
    assert second.returncode == 2
    assert second.stderr.decode() == (
        f"cannot start: cannot listen on HOST=127.0.0.1 PORT={port}: Address already in use; set PORT to a free one\n"
    )
