"""What a database can be restored from: dumps of its store, snapshots of its provider, and any moment of a window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from operations.backup.manifest import BackupSet
from operations.backup.store import BackupStore
from operations.cloud.contract import Copy, DatabaseControl, Snapshot, Window
from operations.restore.server import Found


@dataclass(frozen=True, kw_only=True)
class Sources:
    """All of it, newest first. *kept*: databases that earlier restores have replaced. *copies*: instances that they have made."""

    dumps: tuple[BackupSet, ...]
    verified: bool
    """Whether each dump was read again to its end."""
    snapshots: tuple[Snapshot, ...] = ()
    window: Window | None = None
    kept: tuple[Found, ...] = ()
    copies: tuple[Copy, ...] = ()

    def lines(self) -> list[str]:
        """A line each, for people."""
        good = "verified now" if self.verified else "good"
        found = [one.line(good=good) for one in self.dumps]
        found += [
            f"--snapshot {one.id}  {one.created:%Y-%m-%d %H:%M:%S} UTC  {'automated' if one.automated else 'manual'}  "
            f"{'ready' if one.ready else 'not ready'}"
            for one in self.snapshots
        ]
        if self.window:
            found.append(f"--point-in-time {self.window.earliest:%Y-%m-%dT%H:%M:%SZ} to {self.window.latest:%Y-%m-%dT%H:%M:%SZ}")
        found += [f"{one.name}  kept by a restore, {one.size} bytes: `restore drop-old {one.name}`" for one in self.kept]
        found += [f"{one.name}  an instance made by a restore, {one.state}: `restore drop-old {one.name}`" for one in self.copies]
        return found

    def to_json(self) -> dict[str, Any]:
        return {
            "dumps": [one.to_json() for one in self.dumps],
            "verified": self.verified,
            "snapshots": [asdict(one) for one in self.snapshots],
            "window": self.window and asdict(self.window),
            "kept": [asdict(one) for one in self.kept],
            "copies": [asdict(one) for one in self.copies],
        }


def dumps_of(store: BackupStore, *, verify: bool) -> tuple[BackupSet, ...]:
    """The sets of *store*, newest first; with *verify* each is read to its end."""
    sets = store.sets()
    return tuple(store.check_all(sets) if verify else sets)


def of_provider(handles: Mapping[str, Any] | None) -> tuple[tuple[Snapshot, ...], Window | None, tuple[Copy, ...]]:
    """What the provider keeps and what restores have made of it; nothing where the provider is not known."""
    if handles is None:
        return (), None, ()
    from operations.cloud import database_control

    control: DatabaseControl = database_control(handles)
    return tuple(control.snapshots()), control.window(), tuple(control.copies("restore"))
