"""The operating system's view of a PostgreSQL server: which process serves a data directory, stopping it, its orphans."""

from __future__ import annotations

import contextlib
import signal
import time
from pathlib import Path

import psutil

from components.local.host.errors import LocalError

STOP_SECONDS = 60
"""How long a fast shutdown may take before the server is told to stop at once."""


def find(data: Path) -> psutil.Process | None:
    """The living postmaster of *data*, or None. A stale pid file, a reused pid and a zombie do not count."""
    pid = _pid(data)
    return _serving(pid, data) if pid else None


def place(data: Path) -> tuple[str, int] | None:
    """Address and port that the living server of *data* listens on, which is not what is wanted while either is changed."""
    if find(data) is None:
        return None
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        return lines[5].split(",")[0], int(lines[3])
    except (OSError, IndexError, ValueError):
        return None


def orphans(folder: Path) -> list[psutil.Process]:
    """Every PostgreSQL process that works in *folder* or below it, also when the folder was deleted under it."""
    return [process for process in psutil.process_iter(["name"]) if _is_postgres(process) and _works_below(process, folder)]


def stop(data: Path) -> None:
    """Shut the server of *data* down fast (sessions end, standbys get all WAL), and kill what does not follow."""
    process = find(data)
    if process is not None:
        for number, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGQUIT, 10)):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.send_signal(number)
            if _gone(process, seconds):
                break
    kill_orphans(data)


def fence(data: Path, seconds: float) -> None:
    """Shut the server of *data* down within *seconds*, and kill it if it does not follow. It writes no more afterwards."""
    process = find(data)
    if process is not None:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGINT)
        _gone(process, seconds)
    kill_orphans(data)


def kill_orphans(folder: Path) -> None:
    """Kill PostgreSQL processes left below *folder*, and drop the pid file that a killed postmaster leaves.

    :raises LocalError: a process survives, for example in uninterruptible disk wait.
    """
    left = orphans(folder)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    _, alive = psutil.wait_procs(left, timeout=10)
    alive = [process for process in alive if _status(process) != psutil.STATUS_ZOMBIE]
    if alive:
        raise LocalError(f"PostgreSQL process {alive[0].pid} in {folder} cannot be killed; restart the machine.")
    # A zombie (nobody reaps it in many containers) would make the next server believe the old one lives.
    for file in (folder / "postmaster.pid", *folder.glob("data*/postmaster.pid")):
        file.unlink(missing_ok=True)


def receives(data: Path, patience: float = 1.0) -> bool:
    """Whether the standby of *data* is connected to a primary, read from the titles of its processes: no login needed.

    :param patience: seconds to wait for a connection; after a primary's restart it takes up to half a second.
    """
    deadline = time.monotonic() + patience
    while True:
        process = find(data)
        if process is None:
            return False
        if any(_is_connected(child) for child in _children(process)):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)


def _is_connected(child: psutil.Process) -> bool:
    """Whether *child* is a WAL receiver that streams. One that gets no connection lives for a moment, again and again."""
    try:
        title = " ".join(child.cmdline())
        return "walreceiver" in title and ("streaming" in title or time.time() - child.create_time() > 0.7)
    except psutil.Error:
        return False


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def _pid(data: Path) -> int | None:
    try:
        return abs(int((data / "postmaster.pid").read_text().split("\n", 1)[0]))
    except (FileNotFoundError, ValueError):
        return None


def _serving(pid: int, data: Path) -> psutil.Process | None:
    try:
        process = psutil.Process(pid)
        if process.status() != psutil.STATUS_ZOMBIE and Path(process.cwd()).resolve() == data.resolve():
            return process
    except psutil.Error:
        pass
    return None


def _is_postgres(process: psutil.Process) -> bool:
    return (process.info["name"] or "").startswith("postgres")


def _works_below(process: psutil.Process, folder: Path) -> bool:
    try:
        where = Path(process.cwd().removesuffix(" (deleted)"))
    except psutil.Error:
        return False
    return where.is_relative_to(folder.resolve())


def _status(process: psutil.Process) -> str:
    try:
        return str(process.status())
    except psutil.NoSuchProcess:
        return str(psutil.STATUS_ZOMBIE)


def _gone(process: psutil.Process, seconds: float) -> bool:
    """Wait for the end of *process*. A zombie has ended: in many containers nobody reaps it."""
    deadline = time.monotonic() + seconds
    while process.is_running() and _status(process) != psutil.STATUS_ZOMBIE:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True
