"""The status file of a supervised process: written by its supervisor only, read by everyone."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.local.host.jsonfile import read_json, write_json
from components.local.host.processes.logfile import now
from components.local.host.processes.process import Identity

FILE = "status.json"
RUNNING = ("starting", "healthy", "unhealthy", "backoff")
"""States in which a supervisor looks after the service."""


@dataclass(frozen=True, kw_only=True)
class ServiceState:
    """What a supervised process is now. Nothing in here is secret."""

    name: str
    state: str
    """starting, healthy, unhealthy, backoff (waits to start again), stopping, stopped (nobody looks after it), absent."""
    supervisor: Identity | None = None
    child: Identity | None = None
    """Leader of the group the command runs in. None while none runs."""
    digest: str = ""
    """Of the spec that the supervisor works by."""
    restarts: int = 0
    """How often the command was started again by this supervisor."""
    failures: int = 0
    """How many starts in a row ended before the service was healthy."""
    last_exit: int | None = None
    """Exit code of the command's last end; 128 + n when signal n ended it. None when its supervisor ended it."""
    last_health: str | None = None
    """What the last health check saw."""
    given_up: str | None = None
    """What the last health check saw of a start that took longer than its health check allows. None once it was healthy."""
    problem: str | None = None
    """Why the command could not even be started."""
    since: str = ""
    """When this state began, UTC, ISO 8601."""

    @property
    def running(self) -> bool:
        """Whether a living supervisor looks after the service, be it well at the moment or not."""
        return self.state in RUNNING

    @property
    def healthy(self) -> bool:
        return self.state == "healthy"


def read(name: str, run_dir: Path) -> ServiceState:
    """The state recorded below *run_dir*, checked against the processes there are. Changes nothing."""
    record = read_json(run_dir / FILE)
    if record is None:
        return ServiceState(name=name, state="stopped" if run_dir.exists() else "absent")
    supervisor = Identity.load(record.get("supervisor"))
    alive = supervisor is not None and supervisor.alive
    child = Identity.load(record.get("child"))
    plain = ("digest", "restarts", "failures", "last_exit", "last_health", "given_up", "problem", "since")
    return ServiceState(
        name=name,
        state=str(record.get("state")) if alive else "stopped",
        supervisor=supervisor,
        child=child,
        **{key: record[key] for key in plain if key in record},
    )


class StatusFile:
    """The supervisor's side: every change is written at once, unless the disk is full."""

    def __init__(self, run_dir: Path, *, digest: str) -> None:
        self._path = run_dir / FILE
        me = Identity.of(os.getpid())
        assert me is not None  # we run
        self.values: dict[str, Any] = {
            **{"state": "starting", "digest": digest, "supervisor": me.record, "child": None, "restarts": 0},
            **{"failures": 0, "last_exit": None, "last_health": None, "given_up": None, "problem": None, "since": now()},
        }

    def set(self, **changes: Any) -> None:
        if changes.items() <= self.values.items():
            return
        if changes.get("state", self.values["state"]) != self.values["state"]:
            self.values["since"] = now()
        self.values.update(changes)
        with suppress(OSError):
            write_json(self._path, self.values)
