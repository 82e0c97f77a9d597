"""Where the local provider keeps what it makes: pure path arithmetic, nothing is created here."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

ROOT_HOME = Path("/var/lib/managed-postgres")
"""Home when running as root: PostgreSQL then runs as another user, who may not enter a checkout below ``/root``."""


def home_of(checkout: Path) -> Path:
    """The folder that holds the data of all local stacks of *checkout*.

    ``<checkout>/.local`` for an ordinary user. For root a folder of its own per checkout under :data:`ROOT_HOME`, named by
    the first 12 hex digits of the SHA-256 of the checkout's resolved path, so that two checkouts never share data.
    """
    resolved = checkout.resolve()
    if os.geteuid() != 0:
        return resolved / ".local"
    return ROOT_HOME / hashlib.sha256(str(resolved).encode()).hexdigest()[:12]


@dataclass(frozen=True, kw_only=True)
class StackPaths:
    """The folders of one local stack. All logs lie in one place; all secrets in another, mode 0700."""

    home: Path
    stack: str

    @property
    def root(self) -> Path:
        return self.home / self.stack

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def secrets(self) -> Path:
        return self.root / "secrets"

    @property
    def run(self) -> Path:
        return self.root / "run"

    @property
    def buckets(self) -> Path:
        return self.root / "buckets"

    @property
    def backups(self) -> Path:
        return self.root / "backups"

    @property
    def postgres(self) -> Path:
        return self.root / "postgres"

    def log(self, name: str) -> Path:
        """The log file of one thing, for example ``service-api`` or ``postgres-node-1``."""
        return self.logs / f"{name}.log"
