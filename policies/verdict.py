"""What a rule says of a resource. Messages name properties and what to do, never values: secrets stand in them in clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["mandatory", "advisory", "disabled"]


@dataclass(frozen=True)
class Passed:
    """It holds."""


@dataclass(frozen=True)
class Failed:
    """It does not hold; *message* is one sentence."""

    message: str


@dataclass(frozen=True)
class Undecided:
    """It hangs on *properties* that are not known before the deployment. Never counts as passed."""

    properties: tuple[str, ...]
    urn: str = ""
    """In a stack rule: the resource whose properties they are."""

    @property
    def message(self) -> str:
        return f"undecided: {', '.join(self.properties)} not known before the deployment"


@dataclass(frozen=True)
class DoesNotApply:
    """There is nothing to judge on this cloud or resource, because of *reason*."""

    reason: str


Verdict = Passed | Failed | Undecided | DoesNotApply


@dataclass(frozen=True, order=True)
class Finding:
    """*rule* (an id) said *verdict* of *urn* (``""`` means the stack as a whole)."""

    rule: str
    urn: str
    verdict: Failed | Undecided
    level: Level = "mandatory"
