"""What a drill shows of a restore: a line in its log, and a file in the checkout that the policy pack reads.

The file is ``evidence/<stack>.json``, a list with the last good drill of each database and source (``policies/stack/drill.py``).
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from operations.errors import OperationError

Source = Literal["dump", "snapshot"]
PREFIX = "evidence: "
"""What the line in the log begins with; JSON follows."""


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """One restore that went well."""

    database: str
    source: Source
    backup: str
    """Key of the dump, or id of the snapshot."""
    taken_at: datetime
    """When that backup was made, UTC: what was written later would have been lost."""
    restored_at: datetime
    """UTC."""
    migration: str
    """The last migration that the copy had."""
    tables: int
    rows_checked: int
    indexes_checked: int | None
    """By amcheck; None where it is not allowed."""
    seconds: float
    """From the order to a database that answers queries: what a real restore would take."""

    def to_json(self) -> dict[str, Any]:
        times = {name: f"{getattr(self, name):%Y-%m-%dT%H:%M:%SZ}" for name in ("taken_at", "restored_at")}
        return {**asdict(self), **times, "seconds": round(self.seconds, 3)}


def line(evidence: Evidence) -> str:
    """For the log of a drill that runs in a cloud."""
    return PREFIX + json.dumps(evidence.to_json(), sort_keys=True)


def of_line(text: str) -> dict[str, Any] | None:
    """What :func:`line` wrote; None for any other line."""
    if not text.startswith(PREFIX):
        return None
    try:
        found = json.loads(text.removeprefix(PREFIX))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def keep(path: Path, entries: Sequence[dict[str, Any]]) -> None:
    """Writes *entries* to *path*; of other databases and sources what is there stays. Raises OperationError."""
    new = {_key(entry): entry for entry in entries}
    try:
        kept = [entry for entry in _read(path) if _key(entry) not in new]
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        draft.write_text(json.dumps(sorted([*kept, *entries], key=_key), indent=2, sort_keys=True) + "\n")
        draft.replace(path)
    except OSError as error:
        raise OperationError(f"The drill went well, but {path} cannot be written: {error.strerror or error}.") from None


def _read(path: Path) -> list[dict[str, Any]]:
    """What cannot be read shows nothing and is written anew."""
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return []
    return [entry for entry in (found if isinstance(found, list) else [found]) if isinstance(entry, dict)]


def _key(entry: dict[str, Any]) -> tuple[str, str]:
    return str(entry.get("database")), str(entry.get("source", "dump"))
