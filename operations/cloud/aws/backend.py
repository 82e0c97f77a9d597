"""What differs between Aurora and RDS, as one contract: single calls, no waiting. :mod:`.database` makes operations of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from operations.cloud.aws.metrics import latest
from operations.cloud.contract import Member, Purpose, Snapshot, Window

HEALTHY = frozenset(
    {
        *("available", "backing-up", "storage-optimization", "configuring-enhanced-monitoring"),
        *("configuring-iam-database-auth", "configuring-log-exports"),
    }
)
"""Words of RDS for a server that answers and can be failed over to."""

Origin = str | datetime
"""A snapshot's id, or a moment (UTC)."""


@dataclass(frozen=True, kw_only=True)
class Found:
    """A database beside the stack's own, as AWS describes it now."""

    name: str
    created: datetime
    tags: Mapping[str, str]
    state: str
    ready: bool
    password_pending: bool
    """A new password is on its way."""
    host: str
    port: int
    user: str
    protected: bool
    """Deletion protection is on."""


class Backend(Protocol):
    """One way of AWS to keep a PostgreSQL."""

    def members(self) -> list[Member]:
        """The writer first."""

    def snapshots(self, name: str | None = None) -> list[Snapshot]:
        """Of this database only, or the one called *name*; newest first."""

    def create_snapshot(self, name: str, tags: Mapping[str, str]) -> None: ...

    def delete_snapshot(self, name: str) -> None: ...

    def window(self) -> Window | None: ...

    def copies(self, begin: str) -> list[Found]:
        """Everything of its kind in the region whose name begins with *begin*."""

    def copy(self, name: str) -> Found | None: ...

    def restore(self, origin: Origin, name: str, purpose: Purpose, tags: Mapping[str, str]) -> None:
        """Begins a copy."""

    def complete(self, name: str, tags: Mapping[str, str]) -> None:
        """Adds what a copy that was begun still lacks, as soon as AWS takes it."""

    def set_password(self, name: str, password: str) -> None: ...

    def delete(self, name: str) -> None:
        """Begins to delete the copy *name*, or goes on with that."""

    def fail_over(self, target: str | None, writer: Member) -> None: ...

    def switched(self, before: Member) -> str:
        """What is missing until a failover away from *before* is over; empty when nothing is."""

    def switching(self) -> str:
        """What is under way that a failover has to wait for, or is one; empty when nothing is."""

    def failed_over(self) -> bool:
        """Whether what was under way until now was a failover."""

    def refusal(self, target: str | None, members: Sequence[Member]) -> str:
        """Why *target* (None: AWS's choice) cannot become the writer; empty when it can."""

    def promote(self, target: str) -> None:
        """Begins to make the reader *target* a database of its own. Raises Refused where there is no such thing."""

    def leaving(self, reader: str) -> bool:
        """Whether it is at work on that, as far as AWS tells, or has done it."""

    def promoted(self, target: str) -> str:
        """What is missing until *target* is one; empty when nothing is."""


def lags(region: str, metric: str, names: Sequence[str], unit_seconds: float) -> dict[str, float]:
    """Seconds behind the writer by server, of those that CloudWatch knows; a negative number says that it is not known."""
    found = latest(region, metric, names)
    return {name: value * unit_seconds for name, value in found.items() if value >= 0}


def tags_of(described: Mapping[str, Any]) -> dict[str, str]:
    """``TagList`` as a mapping."""
    return {tag["Key"]: tag["Value"] for tag in described.get("TagList", ())}


def as_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """A mapping as AWS takes tags."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def major(version: object) -> str:
    """Major version of ``17.4``."""
    return str(version).partition(".")[0]


def copied(source: Mapping[str, Any], **arguments: str) -> dict[str, Any]:
    """Arguments of a copy, as its source describes itself: argument to key there. Those without a value are left out."""
    return {argument: source[key] for argument, key in arguments.items() if source.get(key) not in (None, "")}
