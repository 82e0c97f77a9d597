"""What is known of a backup. A set is a dump and its manifest; a dump without one does not exist."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Literal

Kind = Literal["daily", "monthly"]
KINDS: tuple[Kind, ...] = ("daily", "monthly")


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What is known of a verified dump. Times are UTC; *row_estimates* are the planner's, by ``schema.table``."""

    name: str
    database: str
    started: datetime
    ended: datetime
    bytes: int
    sha256: str
    server_version: str
    client_version: str
    toc_entries: int
    migration_version: int | None
    row_estimates: dict[str, int]

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=2, sort_keys=True, default=datetime.isoformat) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Manifest:
        """Raises ValueError for a text that is not a manifest."""
        data: Any = json.loads(text)
        names = {field.name for field in fields(cls)}
        if not isinstance(data, dict) or not names <= data.keys():
            raise ValueError("not a manifest of a backup")
        times = {name: datetime.fromisoformat(str(data[name])) for name in ("started", "ended")}
        return cls(**{name: data[name] for name in names} | times)


@dataclass(frozen=True, kw_only=True)
class BackupSet:
    """A published backup. *problem* is None while the dump is there in its full size (the store's cheap check) and was not found
    spoilt. *cold*: it must be brought back before it can be read."""

    kind: Kind
    manifest: Manifest
    problem: str | None
    cold: bool = False

    @property
    def key(self) -> str:
        return f"{self.kind}/{self.manifest.name}"

    def line(self, *, good: str) -> str:
        """For people; *good* is said of one that is well."""
        made, state = self.manifest, self.problem or ("in cold storage" if self.cold else good)
        return f"{self.key}  {made.started:%Y-%m-%d %H:%M:%S} UTC  {made.bytes} bytes  {made.database}  {state}"

    def to_json(self) -> dict[str, Any]:
        return {"key": self.key, "problem": self.problem, "cold": self.cold, **asdict(self.manifest)}


def newest_good(sets: Iterable[BackupSet], database: str | None = None) -> BackupSet | None:
    """The newest set without a problem, of *database* only where one is named; None where there is none. The daily one where
    it is the first of its month too: the other may lie in cold storage."""
    good = [found for found in sets if found.problem is None and database in (None, found.manifest.database)]
    return max(good, key=lambda found: (found.manifest.started, found.kind == "daily"), default=None)
