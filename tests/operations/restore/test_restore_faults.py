"""Killed, stopped by hand, twice at once, in the way of others: the old database stays, and the next run goes through."""

from __future__ import annotations

import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from operations.backup.manifest import BackupSet
from operations.backup.pg_client import find_client
from operations.backup.store import BackupStore
from operations.errors import OperationError, Refused
from operations.restore import load, logical, swap
from operations.restore.server import server_of
from tests.operations.restore.conftest import ROWS, beside, place, restore

SLOW = '"$REAL" "$@"; touch "$DONE"; exec sleep 60'
"""A pg_restore that has loaded all and does not end."""
END = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'managed-postgres restore'"
"""Ends the restore's own sessions."""


@pytest.fixture
def begin(
    filled: Any, store: BackupStore, backup: BackupSet, stand_in: Callable[[str], None], start: Any, tmp_path: Path
) -> Callable[..., subprocess.Popen[str]]:
    """Starts a restore, or what *words* say, and returns it in the middle of its load."""
    stand_in(SLOW)
    filled.rows("DELETE FROM u")
    done = tmp_path / "done"

    def start_one(*words: str) -> subprocess.Popen[str]:
        done.unlink(missing_ok=True)
        command = words or ("restore", f"--yes-restore={filled.name}")
        process: subprocess.Popen[str] = start(*command, BACKUP_DIR=place(store), DONE=str(done))
        deadline = time.monotonic() + 60
        while not done.exists():
            assert time.monotonic() < deadline, process.communicate()
            time.sleep(0.02)
        return process

    return start_one


@pytest.mark.parametrize("words", [(), ("drill",)], ids=["restore", "drill"])
def test_stopped_while_it_loads(filled: Any, begin: Callable[..., subprocess.Popen[str]], words: tuple[str, ...]) -> None:
    """By Ctrl-C, by whoever runs the container, by a terminal that is lost: nothing is left, and nobody goes on."""
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        process = begin(*words)
        children = psutil.Process(process.pid).children(recursive=True)
        seen = [" ".join(one.cmdline()) for one in [psutil.Process(process.pid), *children]]
        assert not [line for line in seen if "ownerpw-7x" in line]
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
        assert (process.returncode != 0, "ownerpw-7x" in out + err, "Traceback" in err) == (True, False, False)
        assert psutil.wait_procs(children, timeout=30)[1] == []
        assert (beside(filled), filled.one("SELECT count(*) FROM u")) == ([], 0)


def test_killed_while_it_loads(
    filled: Any,
    store: BackupStore,
    backup: BackupSet,
    begin: Callable[..., subprocess.Popen[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setenv("TMPDIR", str(scratch))
    process = begin()
    children = psutil.Process(process.pid).children(recursive=True)
    process.kill()
    process.communicate(timeout=60)
    for child in children:
        child.kill()
    (left,) = beside(filled)
    assert [one.name for one in scratch.rglob("dump")] == ["dump"]
    assert filled.one("SELECT count(*) FROM u") == 0, "the old one is in use"
    monkeypatch.delenv("PG_BINDIR")
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    _, said = restore(filled, store, backup)
    assert said[0] == f"Dropping {left}, which a run left that did not end."
    assert (filled.one("SELECT count(*) FROM u"), len(beside(filled))) == (10, 1)
    assert list(scratch.iterdir()) == [], "its copy of the dump too"


def test_a_database_that_cannot_be_renamed_and_then_can(
    filled: Any, store: BackupStore, backup: BackupSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was loaded and checked is not loaded again, however the first run ended."""
    monkeypatch.setattr(swap, "TRIES", 1)
    filled.rows("DELETE FROM u")
    with psycopg.connect(filled.superuser), pytest.raises(OperationError) as caught:
        restore(filled, store, backup)
    new = beside(filled)
    assert len(new) == 1
    assert f"{filled.name} cannot be renamed: There is 1 other session using the database. (postgres); end that" in str(
        caught.value
    )
    assert f"{new[0]} is whole and checked, and the next run goes on with it" in str(caught.value)
    assert filled.one("SELECT count(*) FROM u") == 0

    monkeypatch.setattr(logical, "fill", None)
    done, said = restore(filled, store, backup)
    assert said[0] == f"{new[0]} is of a run that did not end, whole and checked: going on with it."
    assert (filled.one("SELECT count(*) FROM u"), beside(filled)) == (10, [done.kept])
    assert filled.one("SELECT count(*) FROM pg_shdescription WHERE description LIKE 'restored from%'") == 0


def test_a_connection_lost_while_the_names_change(
    filled: Any, store: BackupStore, backup: BackupSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the commit arrived is not known then, and not claimed."""
    rename = swap._rename

    def lost(*given: Any) -> None:
        rename(*given)
        filled.rows(END, conninfo=make_conninfo(filled.superuser, dbname="postgres"))  # its own is locked

    with monkeypatch.context() as patch:
        patch.setattr(swap, "_rename", lost)
        with pytest.raises(OperationError, match=rf"was to take the name {filled.name}\. It has it if `psql -l` shows"):
            restore(filled, store, backup)
    assert restore(filled, store, backup)[0].checked.rows == ROWS + 11


def test_a_second_one_at_the_same_time_is_refused(filled: Any, store: BackupStore, backup: BackupSet) -> None:
    with server_of(filled.owner) as server, server.alone("restored"):
        with pytest.raises(Refused, match=f"^Another restore of {filled.name} is at work on 127"):
            restore(filled, store, backup)
        with server_of(filled.owner) as other, other.alone("drill"):
            assert other.beside("drill") == [], "a drill is not in its way"
    assert restore(filled, store, backup)[0].checked.rows == ROWS + 11


def test_a_server_that_dies_meanwhile(
    filled: Any, store: BackupStore, backup: BackupSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Our own session to it is ended: one sentence, no traceback, and the old database as it was."""

    def lose(*_: object, **__: object) -> None:
        filled.rows(END, conninfo=filled.superuser)

    monkeypatch.setattr(logical, "load", lose)
    with pytest.raises(OperationError) as caught:
        restore(filled, store, backup)
    assert "ownerpw" not in str(caught.value)
    assert filled.one("SELECT count(*) FROM u") == 10
    monkeypatch.undo()
    restore(filled, store, backup)


@pytest.mark.parametrize(
    ("code", "text", "sentence"),
    [
        (-9, "", "pg_restore was killed (signal 9)."),
        (1, "", "pg_restore failed: exit code 1."),
        (1, "pg_restore: error: could not execute query: ERROR:  no\nCommand was: X", "pg_restore failed: ERROR:  no."),
        (2, "pg_restore: fatal\n", "pg_restore failed: pg_restore: fatal."),
    ],
)
def test_how_pg_restore_ended(code: int, text: str, sentence: str) -> None:
    with pytest.raises(OperationError) as caught:
        load.judge(code, text)
    assert str(caught.value) == sentence


def test_an_older_server_does_not_know_every_timeout_of_a_newer_client() -> None:
    text = 'pg_restore: error: could not execute query: ERROR:  unrecognized configuration parameter "transaction_timeout"\n'
    text += "Command was: SET transaction_timeout = 0;\npg_restore: warning: errors ignored on restore: 1\n"
    load.judge(1, text)
    with pytest.raises(OperationError, match="ERROR:  other"):
        load.judge(1, text + "pg_restore: error: could not execute query: ERROR:  other\n")
    assert find_client(170000).major >= 17
