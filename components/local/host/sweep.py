"""What still runs of a stack: found by four independent traces, so that `make down` never leaves a process."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from components.local.host.errors import LocalError
from components.local.host.jsonfile import read_json
from components.local.host.processes import environment
from components.local.host.processes.process import KILL_SECONDS, Identity, end, has_terminal, session
from components.local.host.processes.status import FILE

DAEMONS = ("components.local.host.processes.supervisor", "components.local.host.processes.scheduler")
GRACE = 15.0
"""Seconds between the request to stop and SIGKILL."""


@dataclass(frozen=True, kw_only=True)
class Leftover:
    """A process that belongs to a stack."""

    identity: Identity
    name: str
    why: str
    """The trace that led to it, for people."""
    daemon: bool = False
    """Whether it is one of our own daemons, which start others anew and must end first."""


def leftovers(stack_root: Path) -> list[Leftover]:
    """Every process that belongs to the stack whose folder is *stack_root*, our own daemons first. Changes nothing.

    A shell or an editor that the user opened there is none: what has a terminal is spared unless it was started by us.
    """
    root = stack_root.resolve()
    recorded = _recorded(root)
    spared = {os.getpid(), *(process.pid for process in psutil.Process().parents())}
    found = []
    for process in psutil.process_iter():
        if process.pid in spared:
            continue
        with suppress(psutil.Error, OSError):
            command = process.cmdline()
            daemon = any(name in command for name in DAEMONS) and _names_file_in(command, root)
            why = recorded.get(process.pid) or ("one of our daemons" if daemon else _trace(process, root))
            identity = Identity.of(process.pid)
            if why and identity:
                found.append(Leftover(identity=identity, name=process.name(), why=why, daemon=daemon))
    return sorted(found, key=lambda item: (not item.daemon, item.identity.pid))


def sweep(stack_root: Path, *, grace: float = GRACE) -> list[Leftover]:
    """End all :func:`leftovers` and say which they were. Supervisors first: they stop what they look after properly.

    :raises LocalError: a process survived even SIGKILL.
    """
    first = leftovers(stack_root)
    end([item.identity for item in first if item.daemon], grace=grace)
    rest = leftovers(stack_root)
    servers = [item.identity for item in rest if item.name.startswith("postgres")]
    # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for its clients.
    end(servers, grace=grace, first=signal.SIGINT)
    end([item.identity for item in rest], grace=min(grace, KILL_SECONDS))
    if left := leftovers(stack_root):
        names = ", ".join(f"{item.name} (pid {item.identity.pid})" for item in left)
        raise LocalError(f"processes of {stack_root} do not end even when killed: {names}; see what blocks them")
    return list({item.identity: item for item in [*first, *rest]}.values())


def _recorded(root: Path) -> dict[int, str]:
    """Processes that a status file names, and the sessions they lead or led."""
    found: dict[int, str] = {}
    for file in root.glob("run/**/" + FILE):
        record = read_json(file) or {}
        for role in ("supervisor", "child"):
            identity = Identity.load(record.get(role))
            if identity and (identity.alive or not psutil.pid_exists(identity.pid)):
                found |= {member.pid: f"recorded in {file}" for member in session(identity.pid)}
    return found


def _trace(process: psutil.Process, root: Path) -> str | None:
    with suppress(psutil.Error, OSError):  # another user's environment is closed to us; its folder may not be
        mark = process.environ().get(environment.MARK)
        if mark and Path(mark).is_relative_to(root):
            return f"started for {mark}"
    if has_terminal(process.pid):
        return None
    folder = process.cwd()
    return f"works in {folder}" if folder and Path(folder.removesuffix(" (deleted)")).is_relative_to(root) else None


def _names_file_in(command: list[str], root: Path) -> bool:
    return any(Path(argument).is_absolute() and Path(argument).is_relative_to(root) for argument in command)
