"""Telling processes apart, and the log files of what they write."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

from components.local.host.processes.logfile import LogFile, tail
from components.local.host.processes.process import Identity, end, end_session, has_terminal, session
from tests.processes import PYTHON, until

SLEEP = [PYTHON, "-c", "import time; time.sleep(600)"]


def test_an_identity_is_more_than_a_pid() -> None:
    me = Identity.of(os.getpid())
    assert me is not None
    assert me.alive
    assert Identity.load(me.record) == me
    assert not Identity(me.pid, "another time").alive
    assert Identity.load(None) is None
    assert Identity.load({"pid": "text"}) is None


def test_a_zombie_is_not_alive() -> None:
    with subprocess.Popen(["true"]) as child:
        until(lambda: Identity.of(child.pid) is None)  # nobody has waited for it: the pid is still taken
        assert child.poll() == 0


def test_a_reused_pid_is_never_killed() -> None:
    with subprocess.Popen(SLEEP) as child:
        assert end([Identity(child.pid, "another time")], grace=0) == []
        assert child.poll() is None
        real = Identity.of(child.pid)
        assert real is not None
        assert end([real], grace=0) == []


def test_a_session_is_ended_whole() -> None:
    text = "import subprocess, sys, time; subprocess.Popen(sys.argv[1:], process_group=0); time.sleep(600)"
    with subprocess.Popen([PYTHON, "-c", text, *SLEEP], start_new_session=True) as leader:
        until(lambda: len(session(leader.pid)) == 2)
        assert not has_terminal(leader.pid)
        assert end_session(leader.pid, grace=0) == []
        assert session(leader.pid) == []


def test_a_log_keeps_its_files_and_its_size(tmp_path: Path) -> None:
    log = LogFile(tmp_path / "logs" / "x.log", max_bytes=100, files=3)
    for number in range(50):
        log.write(f"line {number:03}\n".encode())
    log.close()
    names = sorted(path.name for path in (tmp_path / "logs").iterdir())
    assert names == ["x.log", "x.log.1", "x.log.2"]
    text = "".join((tmp_path / "logs" / name).read_text() for name in reversed(names))
    assert text.splitlines() == [f"line {number:03}" for number in range(50)][-len(text.splitlines()) :]
    assert stat.S_IMODE((tmp_path / "logs" / "x.log").stat().st_mode) == 0o600


def test_a_full_disk_does_not_stop_the_writer(tmp_path: Path) -> None:
    (tmp_path / "x.log").symlink_to("/dev/full")
    log = LogFile(tmp_path / "x.log")
    log.write(b"lost\n")
    log.note("lost, too")
    log.close()


def test_the_tail_of_a_log(tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    assert tail(path) == "  (no log was written)"
    path.write_bytes(b"")
    assert tail(path) == "  (it wrote nothing)"
    path.write_bytes(b"a\nb\nc \xff\n")
    assert tail(path, 2) == "  b\n  c \N{REPLACEMENT CHARACTER}"
    assert tail(path, since=4) == "  c \N{REPLACEMENT CHARACTER}"
    assert tail(path, 1, since=4000) == "  c \N{REPLACEMENT CHARACTER}"  # set aside meanwhile: what is there
