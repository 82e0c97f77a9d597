"""What one supervised process shall be. Holds references to secrets, never their values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from components.local.host.processes import logfile
from components.local.host.processes.health import Health


@dataclass(frozen=True, kw_only=True)
class ServiceSpec:
    """A command that is kept running. Seconds may be fractions."""

    name: str
    """Name for sentences, for example ``api``."""
    command: tuple[str, ...]
    """Program and arguments. The program is looked up on the PATH of :func:`environment.base`, or below *cwd*."""
    cwd: Path
    """Working directory, an absolute path."""
    run_dir: Path
    """Folder of its own for ``spec.json`` and ``status.json``, made with mode 0700."""
    log: Path
    """File its output goes to; see *log_max_bytes*."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Plain variables over the clean environment."""
    secrets: Mapping[str, str] = field(default_factory=dict)
    """Variables to references like ``file:///abs/db.json#password``, resolved at every start of the command."""
    host: str = "127.0.0.1"
    """Address that the service listens on."""
    port: int | None = None
    """Port that the service listens on; None for one that listens nowhere."""
    health: Health | None = None
    """None: healthy once it has run for *settle* seconds."""
    settle: float = 1.0
    """Only without *health*."""
    stop_timeout: float = 30.0
    """Seconds between SIGTERM and SIGKILL (the default of ECS)."""
    backoff: float = 1.0
    """Seconds before the first restart; doubled for each following one."""
    backoff_max: float = 30.0
    """Upper bound of the wait before a restart."""
    backoff_reset: float = 60.0
    """A process that was healthy for so long starts the counting anew when it ends."""
    revision: str = ""
    """Any text; a change of it restarts the service (a new migration, a rotated secret)."""
    setting: str = ""
    """The settings key of this service, for sentences. Default ``services.<name>``."""
    log_max_bytes: int = logfile.MAX_BYTES
    log_files: int = logfile.FILES

    @property
    def key(self) -> str:
        return self.setting or f"services.{self.name}"

    @property
    def window(self) -> float:
        """Seconds that a start may take until it counts as failed."""
        if self.health is None:
            return self.settle
        return self.health.start_period + self.health.interval * self.health.retries + self.health.timeout

    @property
    def digest(self) -> str:
        """Changes with every field."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()

    def to_json(self) -> dict[str, Any]:
        value = asdict(self)
        return value | {key: str(value[key]) for key in ("cwd", "run_dir", "log")} | {"command": list(self.command)}

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> ServiceSpec:
        """From :meth:`to_json`, or from the plain properties of a resource: what is absent or None takes its default."""
        known = {item.name for item in fields(cls)}
        given = {key: item for key, item in value.items() if key in known and item is not None}
        given |= {key: Path(given[key]) for key in ("cwd", "run_dir", "log")}
        given["command"] = tuple(given["command"])
        if "health" in given:
            given["health"] = Health(**given["health"])
        return cls(**given)
