"""What every provider can do to a database and to services, beyond SQL. ``operations.cloud.<provider>`` fills it.

Everything here may be called again after it was cut off: it takes up the operation that is under way instead of starting another.
Failures are ``OperationError`` with one sentence; what a provider does not have is ``Refused`` and says what to do instead.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

Say = Callable[[str], None]
"""Takes one line of progress."""

Purpose = Literal["restore", "drill"]
"""Why a copy was made. Those of drills are swept; those of restores are kept until a person decides."""


@dataclass(frozen=True, kw_only=True)
class Member:
    """One server of the database."""

    name: str
    role: Literal["writer", "reader"]
    """A standby that takes no connections (Cloud SQL, Multi-AZ RDS) is no member: its provider promotes it by itself."""
    state: str
    """In the provider's words; ``healthy`` says what it means."""
    healthy: bool
    zone: str = ""
    size: str = ""
    version: str = ""
    lag_seconds: float | None = None
    """Behind the writer; None where the provider does not say."""


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """A copy of the storage that the provider keeps."""

    id: str
    created: datetime
    automated: bool
    ready: bool
    encrypted: bool
    size_gib: float | None = None
    failed: bool = False
    """The provider gave it up: it will never be ready."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """Moments (UTC) that the database can be restored to, both included."""

    earliest: datetime
    latest: datetime


@dataclass(frozen=True, kw_only=True)
class Copy:
    """An instance that was restored beside the database; ``name`` begins with ``<prefix>-<purpose>-``."""

    name: str
    purpose: Purpose
    created: datetime
    state: str
    ready: bool
    """Its data are there and it takes connections."""
    host: str = ""
    port: int = 5432


class DatabaseControl(Protocol):
    """The provider's own hand on one database."""

    def members(self) -> list[Member]:
        """Its servers, the writer first."""

    def snapshots(self) -> list[Snapshot]:
        """Newest first."""

    def window(self) -> Window | None:
        """None where point-in-time recovery is off or the provider has none."""

    def create_snapshot(self, name: str, say: Say) -> Snapshot:
        """A manual snapshot called *name*, waited for; its ``id`` is the provider's. One of that name is taken up."""

    def delete_snapshot(self, snapshot: str) -> None:
        """Refused for automated ones."""

    def restore_snapshot(self, snapshot: str, name: str, purpose: Purpose, say: Say) -> Copy:
        """A new instance *name* in the database's own private network, marked with its purpose; waited for."""

    def restore_moment(self, moment: datetime, name: str, purpose: Purpose, say: Say) -> Copy:
        """The same from a moment within the window (UTC)."""

    def login(self, copy: Copy) -> str:
        """libpq connection string of the copy's owner, TLS as for the original. It holds a password made for the copy."""

    def copies(self, purpose: Purpose) -> list[Copy]:
        """What was restored for *purpose* and is still there, this stack's only."""

    def delete_copy(self, name: str, say: Say) -> None:
        """With its storage, without a final snapshot. Refused unless its name and mark say that it is a copy."""

    def failover(self, target: str | None, say: Say) -> None:
        """Make a reader (*target*, by default the provider's choice) the writer at once, though the writer may be lost."""

    def switchover(self, target: str | None, say: Say) -> None:
        """The same without losing anything: only from a healthy writer, after the reader has caught up."""

    def settle(self, say: Say) -> bool:
        """Waits for the end of a change of the writer that is under way, begun by a call that was cut off or by the provider.
        Whether there was one: who then only wants another writer has it."""

    def promote(self, target: str, say: Say) -> None:
        """Make the reader *target* a database of its own that no longer follows."""

    def leaving(self, reader: str) -> bool:
        """Whether *reader* is becoming a database of its own, or has become one: ``promote`` takes that up."""

    def alarms(self) -> list[str]:
        """A line for each alarm of the stack that fires now."""


@dataclass(frozen=True, kw_only=True)
class Running:
    """What runs of a service now."""

    image: str
    """The newest version that takes traffic, as the provider names it, digest included where it knows one."""
    version: str
    """Task definition, revision, or the local fingerprint."""
    desired: int
    healthy: int
    settled: bool
    """No roll-out is under way."""
    failed: str = ""
    """Why the newest roll-out was given up, where it was."""


class ServiceControl(Protocol):
    """The provider's own hand on the stack's services."""

    def names(self) -> list[str]:
        """The services, as in the stack file."""

    def running(self, service: str) -> Running:
        """What runs of it now."""

    def versions(self, service: str) -> list[tuple[str, str]]:
        """Version and image of what ran before and can run again, newest first, the present one included."""
