"""Puts in order what a run that was killed has left: Pulumi's lock, its provider processes, its pending operations."""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from pathlib import Path

import psutil
from pulumi.automation import Deployment, Stack

from operations.engine.resources import name_of
from operations.errors import Refused

_LOCK = re.compile(r"created by (?P<user>\S+)@(?P<host>\S+) \(pid (?P<pid>\d+)\) at (?P<since>\S+)")
_PATIENCE = 5.0
"""Seconds that an engine whose driver was killed is given to notice and end."""


def free_stale_lock(stack: Stack, error: str, say: Callable[[str], object]) -> None:
    """Cancel Pulumi's lock when every holder named in *error* is a dead process of this machine.

    Raises Refused, naming the holder, when one is alive or on another machine.
    """
    holders = list(_LOCK.finditer(error))
    if not holders:
        raise Refused(f"Stack '{stack.name}' is locked in its backend by another update. Wait for it to end and try again.")
    for holder in holders:
        pid, host, since = int(holder["pid"]), holder["host"], holder["since"]
        if host != socket.gethostname():
            raise Refused(
                f"Stack '{stack.name}' has been locked by {holder['user']}@{host} (pid {pid}) since {since}. "
                f"Wait for that update; if it is known to be dead: `pulumi cancel --stack {stack.name}`."
            )
        deadline = time.monotonic() + _PATIENCE
        while _is_pulumi(pid):
            if time.monotonic() > deadline:
                raise Refused(
                    f"Stack '{stack.name}' is busy: a Pulumi run (pid {pid}) has been at work on it since {since}. "
                    "Wait for it to end, or stop it with Ctrl-C where it runs, and try again."
                )
            time.sleep(0.1)
    say(f"  note: freed the lock of a run that was killed (pid {', '.join(holder['pid'] for holder in holders)})")
    stack.cancel()


def clear_pending(stack: Stack, say: Callable[[str], object], *, adopts: bool) -> None:
    """Forget the operations of *stack* that were cut off half-way.

    Only where making a thing again *adopts* what is there, as on this machine. In a cloud the user is told instead.
    """
    exported = stack.export_stack()
    deployment = exported.deployment or {}
    pending = deployment.get("pending_operations") or []
    if pending and adopts:
        stack.import_stack(Deployment(version=exported.version, deployment={**deployment, "pending_operations": []}))
    elif pending:
        names = ", ".join(f"{operation['type']} {name_of(operation['resource']['urn'])}" for operation in pending)
        say(f"  warning: cut off half-way by an interrupted run: {names}. See in the cloud's console whether they exist;")
        say(f"  `pulumi refresh --stack {stack.name}` in a terminal asks for each what to record.")


def end_orphans(work_dir: str, say: Callable[[str], object]) -> None:
    """End dynamic provider processes of this stack whose engine was killed; they would wait for it for ever."""
    folder = Path(work_dir).resolve()
    orphans = []
    for process in psutil.process_iter(["cmdline"]):
        try:
            if "pulumi.dynamic" in (process.info["cmdline"] or []) and Path(process.cwd()) == folder:
                parent = process.parent()
                if parent is None or not _named_pulumi(parent):
                    orphans.append(process)
                    process.terminate()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    if orphans:
        deadline = time.monotonic() + _PATIENCE
        while any(map(_runs, orphans)) and time.monotonic() < deadline:
            time.sleep(0.05)
        for process in filter(_runs, orphans):
            process.kill()
        say(f"  note: ended what a killed run had left behind (pid {', '.join(str(p.pid) for p in orphans)})")


def _is_pulumi(pid: int) -> bool:
    try:
        return _named_pulumi(psutil.Process(pid))
    except psutil.NoSuchProcess:
        return False


def _named_pulumi(process: psutil.Process) -> bool:
    try:
        return process.name().startswith("pulumi") and _runs(process)
    except psutil.NoSuchProcess:
        return False


def _runs(process: psutil.Process) -> bool:
    """False for a process that is gone, and for one that has ended and was not yet waited for."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
