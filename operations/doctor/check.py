"""One thing that was looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, kw_only=True)
class Check:
    """What was looked at, what was found, and how to mend it."""

    name: str
    state: State
    """``warning``: it works now, and something will go wrong or is missing. ``failed``: something does not work."""
    found: str
    mend: str = ""
    """What to do; empty where it is well."""

    @property
    def line(self) -> str:
        """For people."""
        text = f"{self.state:<7}  {self.name}: {self.found}"
        return f"{text}. {self.mend[:1].upper()}{self.mend[1:]}." if self.mend else text


def ok(name: str, found: str) -> Check:
    """It is well."""
    return Check(name=name, state="ok", found=found)


def warning(name: str, found: str, mend: str) -> Check:
    """It works, but."""
    return Check(name=name, state="warning", found=found, mend=mend)


def failed(name: str, found: str, mend: str) -> Check:
    """It does not work."""
    return Check(name=name, state="failed", found=found, mend=mend)
