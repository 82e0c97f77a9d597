"""Switchover, failover and promote of a local stack on a real cluster: what they refuse, lose, and finish after a kill."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator

import psycopg
import pytest

from components.local.host.errors import LocalError
from components.local.host.postgres import copies, node, takeover
from operations.cloud.local import members
from operations.errors import OperationError, Refused
from tests.operations.cloud.local_stack import Pair, running_pair
from tests.processes import until

PROGRAM = """
import json, sys
from operations.cloud import database_control
control = database_control(json.loads(sys.argv[1]))
getattr(control, sys.argv[2])(sys.argv[3], lambda line: print(line, flush=True))
"""


@pytest.fixture(scope="module")
def _pair() -> Iterator[Pair]:
    with running_pair() as pair:
        yield pair


@pytest.fixture
def pair(_pair: Pair) -> Pair:
    _pair.mend()
    return _pair


def test_members_say_who_writes_who_is_well_and_how_far_behind(pair: Pair) -> None:
    first, second = pair.names
    writer, reader = pair.control.members()
    assert (writer.name, writer.role, writer.healthy, writer.lag_seconds) == (first, "writer", True, None)
    assert writer.state == "running"
    assert (reader.name, reader.role, reader.healthy, reader.lag_seconds) == (second, "reader", True, 0)
    assert writer.version == reader.version
    assert writer.version.startswith("17.")
    assert pair.control.alarms() == []
    with pair.second.connect() as session:
        session.execute("SELECT pg_wal_replay_pause()")
    pair.insert(1)
    until(lambda: (pair.control.members()[1].lag_seconds or 0) > 0)
    with pair.second.connect() as session:
        session.execute("SELECT pg_wal_replay_resume()")
    until(lambda: pair.control.members()[1].lag_seconds == 0)
    with pair.first.connect() as session:  # cut off from its writer a reader cannot know how far behind it is
        row = session.execute("SELECT usename FROM pg_stat_replication").fetchone()
        assert row is not None
        session.execute(f'ALTER ROLE "{row[0]}" NOLOGIN'.encode())
        try:
            session.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
            until(lambda: pair.control.members()[1].lag_seconds != 0)
        finally:
            session.execute(f'ALTER ROLE "{row[0]}" LOGIN'.encode())
    until(lambda: pair.control.members()[1].lag_seconds == 0)
    pair.second.stop()
    assert [(member.state, member.healthy) for member in pair.control.members()] == [("running", True), ("stopped", False)]
    assert pair.control.alarms() == [f"{second} (reader) is stopped"]


def test_a_switchover_under_load_loses_no_acknowledged_write(pair: Pair) -> None:
    first, second = pair.names
    acknowledged, end = [], threading.Event()

    def write() -> None:
        number = 0
        while not end.is_set():
            number += 1
            try:
                pair.insert(number)
                acknowledged.append(number)
            except psycopg.Error:
                continue

    thread = threading.Thread(target=write)
    thread.start()
    try:
        until(lambda: len(acknowledged) > 3)
        pair.control.switchover(second, pair.say)
        before = len(acknowledged)
        until(lambda: len(acknowledged) > before + 3)
    finally:
        end.set()
        thread.join()
    assert pair.roles() == pair.switched
    assert set(acknowledged) <= set(pair.rows(pair.second))
    assert pair.asides() == []
    assert pair.lines == [f"{first} stops, {second} takes over", f"{first} follows {second}"]
    pair.control.switchover(second, pair.say)  # again: it is done
    assert pair.roles() == pair.switched


def test_a_switchover_is_refused_where_it_would_lose_writes(pair: Pair) -> None:
    first, second = pair.names
    pair.insert(1)
    pair.kill(pair.first)
    with pytest.raises(Refused, match=rf"{first}, the primary, does not run and may hold writes that {second} lacks.*make up"):
        pair.control.switchover(second, pair.say)
    assert pair.roles() == {first: ("writer", False), second: ("reader", True)}
    with pytest.raises(Refused, match=r"no server 'node-7': it has node-1, node-2"):
        pair.control.switchover("node-7", pair.say)
    pair.second.stop()
    with pytest.raises(Refused, match=r"No healthy reader is there to take over"):
        pair.control.failover(None, pair.say)
    with pytest.raises(Refused, match=rf"{second} is not a running standby"):
        pair.control.failover(second, pair.say)


def test_a_switchover_cut_off_after_the_stop_is_finished(pair: Pair) -> None:
    pair.insert(1)
    pair.first.stop()
    pair.control.switchover(None, pair.say)
    assert pair.roles() == pair.switched
    assert pair.rows(pair.second) == [1]
    assert pair.asides() == [], "it had all, so nothing was copied anew"


def test_a_failover_from_a_healthy_writer_loses_nothing(pair: Pair) -> None:
    _, second = pair.names
    pair.insert(1)
    pair.control.failover(second, pair.say)
    assert pair.roles() == pair.switched
    assert pair.rows(pair.second) == [1]
    assert pair.asides() == []


def test_a_hung_writer_is_fenced(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeover, "FENCE_SECONDS", 0.2)
    monkeypatch.setattr(members, "ANSWER_SECONDS", 2)
    process = pair.first.process()
    assert process is not None
    process.suspend()
    assert pair.control.members()[0].state == "running but does not answer"
    pair.control.failover(None, pair.say)
    assert pair.roles() == pair.switched
    assert not process.is_running()


def test_a_former_writer_that_cannot_follow_fails_nothing(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pair.names

    def refuse(*_: object) -> None:
        raise LocalError("the disk is full")

    monkeypatch.setattr(takeover.failover, "follow", refuse)
    pair.control.switchover(None, pair.say)
    assert pair.lines[-1] == f"{first} does not follow yet, `make up` mends that: the disk is full"
    assert pair.roles()[second] == ("writer", True)
    pair.insert(1)


@pytest.mark.parametrize(("action", "line"), [("switchover", 0), ("failover", 1)])
def test_killed_at_any_point_the_same_call_finishes(pair: Pair, action: str, line: int) -> None:
    _, second = pair.names
    pair.insert(1)
    until(lambda: pair.rows(pair.second) == [1])
    words = [sys.executable, "-c", PROGRAM, json.dumps(pair.handles), action, second]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(line + 1):
            assert process.stdout.readline()
        process.kill()
    getattr(pair.control, action)(second, pair.say)
    assert pair.roles() == pair.switched
    assert pair.rows(pair.second) == [1]


def test_promote_makes_a_database_of_its_own(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pair.names
    pair.insert(1)
    with monkeypatch.context() as patch:
        patch.setattr(copies.node, "ensure", lambda spec: (_ for _ in ()).throw(LocalError("cut off")))
        with pytest.raises(OperationError, match="cut off"):
            pair.control.promote(second, pair.say)
    [left] = pair.control.copies("restore")
    assert (left.state, left.ready) == ("unfinished", False)
    pair.control.promote(second, pair.say)  # the same again
    [copy] = pair.control.copies("restore")
    assert (copy.name, copy.ready, copy.host) == (left.name, True, "127.0.0.1")
    assert copy.name.startswith(f"shop-test-restore-{second}-2")
    ca = pair.postgres.cluster_dir / "copies" / copy.name / "tls" / "ca.crt"
    where = f"127.0.0.1:{copy.port}, with the same logins; its CA is {ca}"
    assert pair.lines[-1] == f"{copy.name} takes writes at {where}"
    pair.insert(2)
    with psycopg.connect(pair.control.login(copy), autocommit=True) as session:
        session.execute("INSERT INTO t VALUES (10)")
        assert session.execute("SELECT n FROM t ORDER BY n").fetchall() == [(1,), (10,)]
    assert pair.rows(pair.first) == [1, 2]
    with pytest.raises(Refused, match=f"{first} is not a running standby, so it cannot become a database of its own"):
        pair.control.promote(first, pair.say)
    assert node.ensure(pair.second.spec).role == "standby", "up makes the reader anew"
    until(lambda: pair.rows(pair.second) == [1, 2])
    pair.control.delete_copy(copy.name, pair.say)
    assert pair.control.copies("restore") == []
