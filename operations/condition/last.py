"""The last backup that is good, and the last drill that restored one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from operations.errors import OperationError, Refused

EVIDENCE = Path("evidence")
"""Where a drill writes, below the checkout: ``<stack>.json``, an object or a list of them (policies/stack/drill.py)."""


@dataclass(frozen=True, kw_only=True)
class LastBackup:
    """The newest good dump of the database's store. Times are UTC."""

    where: str
    """The store, as an address."""
    name: str | None = None
    """None: it has no good dump."""
    started: datetime | None = None
    bytes: int | None = None
    spoilt: int = 0
    """Published dumps that are lost or corrupt, or whose manifest cannot be read."""
    problem: str | None = None
    """Why the store cannot be asked, in one sentence."""


@dataclass(frozen=True, kw_only=True)
class LastDrill:
    """The newest evidence of a restore."""

    backup: str
    restored_at: datetime
    seconds: float | None


def last_backup(environ: Mapping[str, str], destination: str | None, database: str) -> LastBackup | None:
    """What the store at *destination* (default: that of *environ*) holds of *database*; None where no store is named."""
    if not destination and not any(environ.get(name) for name in ("BACKUP_DIR", "BACKUP_S3_BUCKET", "BACKUP_GCS_BUCKET")):
        return None
    # Imported here: a cloud's store loads the cloud's library.
    from operations.backup.manifest import newest_good
    from operations.backup.stores import store_of

    try:
        store = store_of(environ, destination)
        contents = store.contents()
    except OperationError as error:
        return LastBackup(where=destination or "", problem=str(error))
    newest = newest_good(contents.sets, database)
    spoilt = len(contents.unreadable) + sum(1 for backup in contents.sets if backup.problem)
    if newest is None:
        return LastBackup(where=store.where, spoilt=spoilt)
    made = newest.manifest
    return LastBackup(where=store.where, name=newest.key, started=made.started, bytes=made.bytes, spoilt=spoilt)


def last_drill(root: Path, stack: str) -> LastDrill | None:
    """The newest drill in the evidence of *stack* below the checkout *root*; None where there is none.

    Raises Refused where the evidence cannot be read.
    """
    path = root / EVIDENCE / f"{stack}.json"
    try:
        given = json.loads(path.read_text())
        drills = [_drill(entry) for entry in (given if isinstance(given, list) else [given])]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        raise Refused(f"{path} is not the evidence of a drill: run `python -m operations drill --stack {stack}` again.") from None
    return max(drills, key=lambda drill: drill.restored_at, default=None)


def _drill(entry: Mapping[str, object]) -> LastDrill:
    at = datetime.fromisoformat(str(entry["restored_at"]))
    if at.tzinfo is None:
        raise ValueError("a time without a zone")
    seconds = entry.get("seconds")
    return LastDrill(
        backup=str(entry["backup"]),
        restored_at=at.astimezone(UTC),
        seconds=float(seconds) if isinstance(seconds, int | float) else None,
    )
