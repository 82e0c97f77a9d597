"""What a review of one stack found: the one value that every format (text, markdown, JSON, HTML) renders."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from policies.resource import Resource, Stack

if TYPE_CHECKING:
    from operations.review.cost import Estimate
    from operations.review.posture import Posture
    from policies.judge import Report


class Kind(StrEnum):
    """What becomes of a resource between the other revision and this one."""

    ADDED = "added"
    REMOVED = "removed"
    REPLACED = "replaced"
    CHANGED = "changed"


@dataclass(frozen=True)
class PropertyChange:
    """One input that is not the same in both revisions."""

    path: str
    """``settings.tier``, ``parameters[2].value``."""
    before: Any
    """The value, ABSENT where there was none. What only the cloud knows is a text such as ``<database-key.arn>``; a secret
    reads ``[secret]``."""
    after: Any
    create_only: bool = False
    """The provider can set it only while it creates the resource, so this change replaces it."""


@dataclass(frozen=True)
class Change:
    """What becomes of one resource."""

    kind: Kind
    resource: Resource
    """As this revision has it; of a removed one as the other revision had it."""
    properties: tuple[PropertyChange, ...] = ()
    reason: str = ""
    """Of a replacement: why the provider cannot do it in place. Empty otherwise."""


class Operation(StrEnum):
    """How data could be lost."""

    DELETE = "delete"
    REPLACE = "replace"
    UNPROTECT = "unprotect"


@dataclass(frozen=True)
class Risk:
    """A change that loses data, or that takes away what would have stopped such a change."""

    operation: Operation
    resource: Resource
    holds: str
    """What the resource holds: ``every database of the instance``."""
    reason: str
    """Why: the create-only property that changed, or that the program no longer makes it. Sentences, never secret values."""
    way_out: str
    """What to do instead, or before it is merged."""


@dataclass(frozen=True)
class Review:
    """One stack, judged. Everything in it is sorted: the same tree gives the same review."""

    stack: Stack
    before: Stack | None
    """The stack as the other revision makes it; None where none was asked for, or it has no such stack (see *notes*)."""
    against: str
    """The other revision as the user named it; empty where none was asked for."""
    changes: tuple[Change, ...]
    risks: tuple[Risk, ...]
    """Worst first: deletions, replacements, lost protection."""
    report: Report
    estimate: Estimate
    estimate_before: Estimate | None
    posture: Posture
    notes: tuple[str, ...] = ()
    """Sentences about the review itself: uncommitted changes, a stack that is new, a type whose create-only table is missing."""

    def of(self, kind: Kind) -> tuple[Change, ...]:
        """The changes of one kind."""
        return tuple(change for change in self.changes if change.kind is kind)

    @property
    def name(self) -> str:
        """The stack's name."""
        return self.stack.name

    @property
    def components(self) -> dict[str, tuple[Resource, ...]]:
        """The resources by the name of their component, components and resources sorted by name."""
        found: dict[str, list[Resource]] = {}
        for resource in sorted(self.stack.resources, key=lambda one: (one.component, one.type, one.name)):
            found.setdefault(resource.component, []).append(resource)
        return {name: tuple(resources) for name, resources in found.items()}


@dataclass(frozen=True)
class Unreviewed:
    """A stack that could not be reviewed: bad settings, a program that fails. The others of the same run still are."""

    name: str
    sentences: tuple[str, ...]
    """What is wrong, where, and how to mend it."""
