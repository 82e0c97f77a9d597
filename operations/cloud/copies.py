"""Copies of a database: how they are called and marked, so that none but a copy of this stack is ever touched or deleted."""

from __future__ import annotations

import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

from operations.cloud.contract import Purpose, Window
from operations.errors import Refused

PURPOSE, SOURCE, ORIGIN = "managed-postgres-purpose", "managed-postgres-source", "managed-postgres-from"
"""Tags (labels) of a copy: why it was made, the database that it is a copy of, and the snapshot or moment."""
MANAGED_BY = "managed-postgres"

COPY_SECONDS = 6 * 3600.0
"""A restore is given up after this time: a terabyte takes hours."""
SNAPSHOT_SECONDS = 3 * 3600.0
DELETE_SECONDS = 3600.0
SWITCH_SECONDS = 1800.0
"""A failover or a promotion: minutes; half an hour means that something is wrong."""


@dataclass(frozen=True, kw_only=True)
class Copies:
    """The names and marks of one stack's copies."""

    prefix: str
    """``<app>-<environment>``."""
    app: str
    environment: str
    source: str
    """Id of the database."""

    @classmethod
    def of(cls, handles: Mapping[str, Any]) -> Copies:
        database = handles["database"]
        return cls(prefix=handles["prefix"], app=handles["app"], environment=handles["environment"], source=database["id"])

    def begin(self, purpose: Purpose) -> str:
        """What the name of each copy for *purpose* begins with."""
        return f"{self.prefix}-{purpose}-"

    def check(self, name: str, purpose: Purpose, *, longest: int) -> None:
        """Raises Refused unless *name* may be that of a copy for *purpose*; *longest*: the most characters."""
        begin = self.begin(purpose)
        if not name.startswith(begin) or len(name) == len(begin):
            raise Refused(f"a copy for a {purpose} cannot be called '{name}': its name must begin with '{begin}'")
        if len(name) > longest:
            raise Refused(f"a copy cannot be called '{name}': {len(name)} characters, and {longest} are the most")

    def purpose_of(self, name: str) -> Purpose:
        """Raises Refused where *name* is not that of a copy."""
        for purpose in get_args(Purpose):
            if name.startswith(self.begin(purpose)):
                return purpose  # type: ignore[no-any-return]
        starts = " or ".join(f"'{self.begin(purpose)}'" for purpose in get_args(Purpose))
        raise Refused(f"{name} is no copy of this stack: its name does not begin with {starts}; nothing was deleted")

    def tags(self) -> dict[str, str]:
        """The stack's own, so that what is made is on the right bill."""
        return {"app": self.app, "environment": self.environment, "managed-by": MANAGED_BY}

    def marks(self, purpose: Purpose, origin: str) -> dict[str, str]:
        """Tags of a new copy."""
        return {**self.tags(), PURPOSE: purpose, SOURCE: self.source, ORIGIN: origin}

    def ours(self, marks: Mapping[str, str], purpose: Purpose) -> bool:
        """Whether *marks* are those of a copy that this stack made for *purpose*."""
        wanted = {PURPOSE: purpose, SOURCE: self.source}
        return all(marks.get(key) == value for key, value in wanted.items())

    def require(self, name: str, marks: Mapping[str, str], purpose: Purpose) -> None:
        """Raises Refused unless what is called *name* is such a copy."""
        if not self.ours(marks, purpose):
            raise Refused(
                f"{name} is not marked as a copy of {self.source} for a {purpose} (tag {PURPOSE}); it was left as it is: "
                "look at it, and choose another name or delete it by hand"
            )

    def require_origin(self, name: str, marks: Mapping[str, str], purpose: Purpose, origin: str) -> None:
        """Raises Refused unless it is such a copy and was made from *origin*: then a cut off restore may be taken up."""
        self.require(name, marks, purpose)
        if marks.get(ORIGIN) != origin:
            raise Refused(f"{name} is there already, from {marks.get(ORIGIN)} and not from {origin}: choose another name")


def require_moment(source: str, window: Window | None, moment: datetime) -> datetime:
    """*moment* in UTC. Raises Refused where *source* cannot be restored to it."""
    if window is None:
        raise Refused(f"{source} keeps no point-in-time recovery (database.backup.retention_days)")
    wanted = moment.astimezone(UTC)
    if not window.earliest <= wanted <= window.latest:
        first, last = (f"{end.astimezone(UTC):%Y-%m-%d %H:%M:%S}" for end in (window.earliest, window.latest))
        raise Refused(f"{wanted:%Y-%m-%d %H:%M:%S} UTC cannot be restored: choose a moment from {first} to {last} UTC")
    return wanted


def new_password() -> str:
    """A password that every cloud takes: 32 characters, each kind among them, none that needs quoting anywhere."""
    kinds = (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_")
    found = [secrets.choice(kind) for kind in kinds] + [secrets.choice("".join(kinds)) for _ in range(27)]
    secrets.SystemRandom().shuffle(found)
    return secrets.choice(string.ascii_letters) + "".join(found)  # a leading '-' looks like an option
