"""A rotation in files that is ended from outside while it waits for the database; the same command again finishes it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import psycopg
import pytest
from psycopg import sql

from tests.operations.conftest import ROOT
from tests.operations.rotate.logins import Logins, works

COMMAND = [sys.executable, "-m", "operations", "rotate"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("who", ["application", "admin"])
def test_ended_while_it_changes_the_password(in_files: Logins, how: signal.Signals, who: str) -> None:
    name = "db" if who == "application" else "db-admin"
    before, database = in_files.value(name), in_files.database
    role = f"{in_files.user}_clone" if who == "application" else before["username"]
    environ = {**os.environ, **in_files.environ, "PYTHONPATH": str(ROOT)}
    with psycopg.connect(database.superuser) as holder:
        holder.execute(sql.SQL("ALTER ROLE {} CONNECTION LIMIT -1").format(sql.Identifier(role)))  # the rotation waits here
        process = subprocess.Popen([*COMMAND, who], env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        with process:
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query ILIKE '%alter role%'"
            deadline = time.monotonic() + 60
            while not database.rows(waiting, conninfo=database.superuser)[0][0]:
                assert process.poll() is None, process.communicate()
                assert time.monotonic() < deadline
                time.sleep(0.02)
            process.send_signal(how)
            said = "".join(process.communicate(timeout=60))
    assert (process.returncode != 0, "Traceback" in said) == (True, False), said
    assert in_files.value(name) == before
    command = [*COMMAND, who, "--older-than", "30", "--json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert [one["rotated"] for one in json.loads(done.stdout)] == [True]
    assert works(in_files.value(name))
    assert who == "admin" or works(before), "its rest only, no second rotation"
    assert before["password"] not in said + done.stdout
    assert in_files.value(name)["password"] not in said + done.stdout
