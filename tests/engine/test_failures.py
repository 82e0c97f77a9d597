"""The primary dies, the standby is promoted, processes are killed: under load, on the real engine."""

from __future__ import annotations

import threading
import time

import psycopg

from tests.engine.deployment import Deployment
from tests.engine.load import Load


def until_it_takes_connections(deployment: Deployment, address: str, found: list[float]) -> None:
    """Append the moment at which *address* answers a query."""
    secret = deployment.secret()
    while True:
        try:
            with psycopg.connect(secret["url"], host=address, connect_timeout=1, target_session_attrs="any") as connection:
                connection.execute("SELECT 1")
        except psycopg.Error:
            time.sleep(0.02)
        else:
            found.append(time.monotonic())
            return


def saved(deployment: Deployment) -> set[str]:
    return {name for (name,) in deployment.query("SELECT username FROM users")}


def test_killed_primary_under_load(live: Deployment) -> None:
    with Load(live.service_port) as load:
        time.sleep(3)
        begin = time.monotonic()
        live.postmaster(1).kill()
        time.sleep(1)
        returned: list[float] = []
        watch = threading.Thread(target=until_it_takes_connections, args=(live, "127.0.0.1", returned))
        watch.start()
        result = live.run("up")
        watch.join()
        load.until_good(returned[0])
    assert result.code == 0, result.text
    assert "node-1" in result.text, "the mend is shown"
    assert load.per_second(begin - 2, begin) > 50, "the load is real"
    assert len(load.acknowledged()) > 200
    assert load.acknowledged() <= saved(live), "an acknowledged write is missing"


def test_refresh_sees_what_was_killed_and_up_mends_it(live: Deployment) -> None:
    supervisors = [process for process in live.processes() if any("supervisor" in word for word in process.cmdline())]
    assert len(supervisors) == 2, "service and backup schedule"
    for process in [live.postmaster(2), *supervisors]:
        process.kill()
    status = live.run("status")
    assert status.code == 1, status.text
    refreshed = live.run("refresh")
    assert refreshed.code == 0, refreshed.text
    for name in ("node-2", "process", "schedule"):
        assert name in refreshed.text
    live.up()
    assert live.run("status").code == 0
    assert live.ask("/readyz")[0] == 200
    assert "no changes" in live.up().text


def test_planned_switchover_under_load_loses_nothing(live: Deployment) -> None:
    with Load(live.service_port) as load:
        time.sleep(2)
        live.pg_ctl(1, "stop", "-m", "fast")
        live.pg_ctl(2, "promote")
        load.until_good(time.monotonic())
    assert load.acknowledged() <= saved(live), "an acknowledged write is missing"


def test_up_after_a_promotion_makes_the_former_primary_a_standby(live: Deployment) -> None:
    before = saved(live)
    live.up()
    roles = {node: live.node(node).data.joinpath("standby.signal").exists() for node in (1, 2)}
    assert roles == {1: True, 2: False}
    assert live.run("status").code == 0
    assert live.secret()["host"] == "127.0.0.2,127.0.0.1", "the primary comes first, for clients that ask for no role"
    assert before <= saved(live)
    assert live.ask("/users", {"username": "after", "email": "after@example.com"})[0] == 201
    deadline = time.monotonic() + 60
    secret = live.secret()
    with psycopg.connect(secret["url"], host="127.0.0.1", target_session_attrs="standby") as standby:
        while not standby.execute("SELECT 1 FROM users WHERE username = 'after'").fetchone():
            assert time.monotonic() < deadline, "the new standby does not follow"
            time.sleep(0.05)


def test_promotion_after_a_crash_under_load(live: Deployment) -> None:
    with Load(live.service_port) as load:
        time.sleep(2)
        live.postmaster(2).kill()
        live.pg_ctl(1, "promote")
        load.until_good(time.monotonic())
    live.up()
    assert live.run("status").code == 0
    kept = list(live.node(2).folder.glob("data.diverged-*"))
    assert kept, "what the dead primary alone had is kept aside"
