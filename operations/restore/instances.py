"""The provider's own restore, of a snapshot or a moment, into a new instance; nothing of the stack changes.

The instance's name follows from what was asked for, so that the same command after a kill takes up what it had begun.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from operations.cloud.contract import Copy, DatabaseControl
from operations.errors import Refused

Say = Callable[[str], None]


def moment_of(text: str) -> datetime:
    """A moment such as ``2026-01-15T10:30:00Z``, in UTC. Raises Refused."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refused(f"{text!r} is no moment: write it like 2026-01-15T10:30:00Z, with its zone.")
    return found.astimezone(UTC)


def from_snapshot(control: DatabaseControl, prefix: str, snapshot: str, say: Say) -> Copy:
    """A new instance of *snapshot*. Raises Refused where there is no such snapshot or it is not ready."""
    found = next((one for one in control.snapshots() if one.id == snapshot), None)
    if found is None:
        raise Refused(f"There is no snapshot {snapshot} of this database: `restore list` shows what there is.")
    if not found.ready:
        raise Refused(f"The snapshot {snapshot} is not ready yet; try again later.")
    name = f"{prefix}-restore-{hashlib.sha256(snapshot.encode()).hexdigest()[:8]}"
    say(f"Restoring the snapshot {snapshot} to the new instance {name} ...")
    return control.restore_snapshot(snapshot, name, "restore", say)


def from_moment(control: DatabaseControl, prefix: str, moment: datetime, say: Say) -> Copy:
    """A new instance as the database was at *moment* (UTC). Raises Refused outside the window."""
    window = control.window()
    if window is not None and not window.earliest <= moment <= window.latest:
        raise Refused(
            f"{moment:%Y-%m-%dT%H:%M:%SZ} cannot be restored: the database can go back to any moment from "
            f"{window.earliest:%Y-%m-%dT%H:%M:%SZ} to {window.latest:%Y-%m-%dT%H:%M:%SZ}."
        )
    name = f"{prefix}-restore-{moment:%Y%m%d-%H%M%S}"
    say(f"Restoring the moment {moment:%Y-%m-%dT%H:%M:%SZ} to the new instance {name} ...")
    return control.restore_moment(moment, name, "restore", say)


def adoption(copy: Copy, handles: Mapping[str, Any], *, snapshot: str | None, moment: datetime | None) -> list[str]:
    """How to look at *copy*, how a stack comes to run on such a database, and how to be rid of it."""
    lines = [f"{copy.name} is ready" + (f" at {copy.host}:{copy.port}" if copy.host else "") + ", in the network of the stack."]
    lines.append("Its users and their passwords are those of that moment. The stack does not know it, and nothing uses it yet.")
    if handles["provider"] != "local":
        if snapshot is not None:
            origin = [f"      snapshot: {snapshot}"]
        else:
            assert moment is not None
            origin = [f"      source: {handles['database']['id']}", f"      time: {moment:%Y-%m-%dT%H:%M:%SZ}"]
        lines += [
            "To run on this state, a stack makes its own database of it: a new stack file (another `environment`, the same",
            f"`app` and `database.name`; components/{handles['provider']}/README.md, Restore) with",
            "  database:",
            "    restore:",
            *origin,
            "and leave these lines in that file. In the file of a database that is there they have no effect.",
        ]
    return [*lines, f"Delete it when you have seen enough, it costs money: `python -m operations restore drop-old {copy.name}`."]
