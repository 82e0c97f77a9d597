"""A failover and a promotion of Cloud SQL, ended by Ctrl-C: the same command takes it up, and begins no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.operations.cloud.commands import Commands, ctrl_c
from tests.operations.cloud.gcp.conftest import ID
from tests.operations.cloud.gcp.sql_server import CloudSql

REPLICA = f"{ID}-replica-1"


@pytest.fixture
def run(handles: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Commands:
    return Commands(handles, tmp_path, monkeypatch)


def test_a_promotion_is_taken_up(sql: CloudSql, run: Commands) -> None:
    assert run("promote", REPLICA, at_pause=ctrl_c).exit_code == 130
    sql.instances[REPLICA]["state"] = "MAINTENANCE"
    again = run("promote", REPLICA, at_pause=lambda: sql.instances[REPLICA].update(state="RUNNABLE"))
    assert again.exit_code == 0, again.output
    assert f"{REPLICA}: is leaving, or has left already" in again.stderr
    sql.instances[ID]["replicaNames"] = []
    once_more = run("promote", REPLICA)
    assert once_more.exit_code == 0, once_more.output
    assert sql.asked == [f"POST instances/{REPLICA}/promoteReplica"]
    assert run.kept == [REPLICA] * 3
    assert run("promote", f"{ID}-replica-2").exit_code == 2


def test_a_switchover_is_taken_up(sql: CloudSql, run: Commands) -> None:
    sql.looks = 12
    assert run("switchover", at_pause=ctrl_c).exit_code == 130
    sql.instances[ID]["state"] = "MAINTENANCE"
    waiting = run("switchover", at_pause=ctrl_c)
    assert (waiting.exit_code, "goes on by itself" in waiting.stderr) == (130, True)
    again = run("switchover", at_pause=lambda: sql.instances[ID].update(state="RUNNABLE"))
    assert again.exit_code == 0, again.output
    assert f"{ID} is the writer already" in again.stdout
    assert sql.asked == [f"POST instances/{ID}/failover"]
