"""``python -m runtime``: a process of its own, asked over HTTP."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any
from uuid import uuid4

import httpx

from tests.runtime.application import Application, Start, sign_up
from tests.runtime.cluster import ROOT, LocalCluster

PASSWORD = "never-shown-7f3a"


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
    assert listed(app, search="lee") == ["ann"]
    assert listed(app, verified_only=True) == []

    assert app.client.delete(path).status_code == 204
    for gone in (app.client.get(path), app.client.delete(path), app.client.patch(path, json={"last_name": "x"})):
        assert gone.status_code == 404
        assert gone.json() == {"status": 404, "detail": "there is no such user"}
    assert PASSWORD not in app.log.read_text()


def test_who_has_just_written_sees_it_in_the_list(start: Start, cluster: LocalCluster) -> None:
    app = start()
    cluster.execute("SELECT pg_wal_replay_pause()", node=1)
    try:
        made = app.client.post("/users", json=sign_up("ann"))
        assert "HttpOnly; Max-Age=15" in made.headers["Set-Cookie"]
        assert listed(app) == ["ann"]  # from the writer: the client brings the cookie
        with httpx.Client(base_url=app.client.base_url) as other:
            assert other.get("/users").json() == []  # the standby has not heard of it
            for cookie in ("nonsense", "nan", "-1", "9e999", "x" * 1000):
                assert other.get("/users", headers={"Cookie": f"wrote_at={cookie}"}).json() == []
    finally:
        cluster.execute("SELECT pg_wal_replay_resume()", node=1)


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
    app.await_status("/readyz", 200)
    ready = app.client.get("/readyz").json()
    assert ready["status"] == "ready"
    assert (ready["writer"]["role"], ready["writer"]["lag_seconds"]) == ("primary", 0)
    assert ready["reader"]["role"] == "standby"


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
