"""Processes that outlive us: telling one from another that got the same pid later, and ending whole sessions of them."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from components.local.host.processes import environment

KILL_SECONDS = 5.0
"""How long a process may take to vanish after SIGKILL: longer only in an uninterruptible system call."""


@dataclass(frozen=True)
class Identity:
    """One process, for ever: a pid together with the moment it started."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> Identity | None:
        """The identity of the process that has *pid* now; None when there is none (a zombie is none)."""
        started = _started(pid)
        return cls(pid, started) if started else None

    @classmethod
    def load(cls, record: Mapping[str, Any] | None) -> Identity | None:
        """From the ``{"pid", "started"}`` of a status file; None when nothing is recorded."""
        if not record or not isinstance(record.get("pid"), int):
            return None
        return cls(record["pid"], str(record.get("started")))

    @property
    def record(self) -> dict[str, Any]:
        return {"pid": self.pid, "started": self.started}

    @property
    def alive(self) -> bool:
        return _started(self.pid) == self.started

    def signal(self, number: int) -> None:
        """Send a signal if the process still is the one meant."""
        if self.alive:
            with suppress(ProcessLookupError):
                os.kill(self.pid, number)


def _started(pid: int) -> str | None:
    """When *pid* started, as text that only that start has. None for no process or a zombie.

    On Linux the boot's id and the kernel's clock ticks since then: psutil's create_time is wall clock time, which moves
    for running processes when the clock is set (a resumed laptop, WSL 2), and would make a living supervisor look dead.
    """
    if sys.platform != "linux":
        try:
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else f"{process.create_time():.2f}"
        except psutil.Error:
            return None
    try:
        fields = _stat(pid)
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return None
    return None if fields[0] in "ZX" else f"{boot}/{fields[19]}"


def _stat(pid: int) -> list[str]:
    """Linux: the fields of /proc/<pid>/stat from the state (the third, see proc(5)) on. The name before may hold spaces."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def has_terminal(pid: int) -> bool:
    """Whether a person's terminal controls the process. False when it is gone."""
    try:
        if sys.platform == "linux":  # psutil remembers which terminals there were when it was first asked
            return _stat(pid)[4] != "0"
        return psutil.Process(pid).terminal() is not None
    except (OSError, psutil.Error):
        return False


def session(leader: int) -> list[Identity]:
    """The living processes of the session that *leader* leads, or led before it died.

    The kernel gives no new process the number of a session that still has members, so they are the leader's own.
    """
    found = []
    for pid in psutil.pids():
        with suppress(ProcessLookupError, PermissionError):
            if os.getsid(pid) == leader and (identity := Identity.of(pid)):
                found.append(identity)
    return found


def marked(folder: Path) -> list[Identity]:
    """Processes started for *folder* or one below it, by the mark in their environment: also those that left the group."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            mark = process.environ().get(environment.MARK)
            if mark and Path(mark).is_relative_to(folder) and (identity := Identity.of(process.pid)):
                found.append(identity)
    return found


def wait_gone(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Wait up to *seconds* for all of them to be gone; returns those that are not."""
    deadline = time.monotonic() + seconds
    left = [process for process in processes if process.alive]
    while left and time.monotonic() < deadline:
        time.sleep(0.02)
        left = [process for process in left if process.alive]
    return left


def end(processes: Iterable[Identity], *, grace: float, first: int = signal.SIGTERM) -> list[Identity]:
    """Signal *first* to each, *grace* seconds to end, then SIGKILL. Returns those that survived even that."""
    left = [process for process in processes if process.alive and process.pid != os.getpid()]
    if grace > 0:
        for process in left:
            process.signal(first)
        left = wait_gone(left, grace)
    for process in left:
        process.signal(signal.SIGKILL)
    return wait_gone(left, KILL_SECONDS)


def end_session(leader: int, *, grace: float) -> list[Identity]:
    """:func:`end` for all members of a session, those included that are born meanwhile."""
    if grace > 0:
        end(session(leader), grace=grace)
    deadline = time.monotonic() + KILL_SECONDS
    while (left := session(leader)) and time.monotonic() < deadline:
        end(left, grace=0)
    return left


def end_remains(run_dir: Path, recorded: Identity | None, *, grace: float) -> list[Identity]:
    """End whatever an earlier, perhaps killed, owner of *run_dir* left running; returns what survived even SIGKILL.

    *recorded* is the session leader from its status file. Found are its session, also when only the leader is dead, and
    everything that carries the mark of the folder. Our own process is spared.
    """
    found = list(marked(run_dir))
    if recorded and (recorded.alive or not psutil.pid_exists(recorded.pid)):
        found += session(recorded.pid)
    return end(dict.fromkeys(found), grace=grace)
