"""A rule: what it asks for, why, and how each cloud's resources are checked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from policies.resource import Resource, Stack
from policies.verdict import Level, Undecided

Severity = Literal["critical", "high", "medium", "low"]

Config = Mapping[str, Any]
"""A rule's configuration: every key of ``Rule.config``, from the configuration file or its default. Whole numbers are int."""

Judge = Callable[[Resource, Config], Iterator["str | Undecided"]]
"""Yields a sentence for each violation (never a value in it) and Undecided for what is not known; nothing: it holds."""

StackJudge = Callable[[Stack, Config], Iterator["tuple[str | None, str] | Undecided"]]
"""Yields (URN or None for the stack, sentence) for each violation, and Undecided."""


class Reference(NamedTuple):
    """A rule in a catalogue of rules: ``Reference("CIS AWS", "7.0", "3.2.1")``. Numbers move between versions."""

    framework: str
    version: str
    id: str


@dataclass(frozen=True)
class NotApplicable:
    """Why the rule has nothing to check on this cloud."""

    reason: str


@dataclass(frozen=True)
class Check:
    """How resources of *types* (full tokens, checked against the SDKs by a test) are judged."""

    types: tuple[str, ...]
    judge: Judge


@dataclass(frozen=True)
class ConfigKey:
    """A key that a configuration file may give a rule (JSON schema type, default, bounds)."""

    type: Literal["integer", "number", "string", "boolean", "array"]
    default: Any
    meaning: str
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One logical rule and what stands for it on each cloud. ``dev`` and ``prod`` are the levels in the two
    configuration files."""

    id: str
    title: str
    severity: Severity
    remediation: str
    """One sentence: what to change, in this program's settings where there is one."""
    docs: str
    """``path#anchor`` in this repository."""
    aws: Check | tuple[Check, ...] | NotApplicable
    gcp: Check | tuple[Check, ...] | NotApplicable
    dev: Level
    prod: Level = "mandatory"
    frameworks: tuple[Reference, ...] = ()
    config: Mapping[str, ConfigKey] = field(default_factory=dict)

    @cached_property
    def checks(self) -> Mapping[str, tuple[Check, ...]]:
        """Type token to the checks of it, of both clouds; types of different clouds never meet."""
        found: dict[str, tuple[Check, ...]] = {}
        for check in (*_checks(self.aws), *_checks(self.gcp)):
            for token in check.types:
                found[token] = (*found.get(token, ()), check)
        return found


@dataclass(frozen=True, kw_only=True)
class StackRule:
    """A rule about a stack as a whole."""

    id: str
    title: str
    severity: Severity
    remediation: str
    docs: str
    judge: StackJudge
    dev: Level
    prod: Level = "mandatory"
    frameworks: tuple[Reference, ...] = ()
    config: Mapping[str, ConfigKey] = field(default_factory=dict)
    types: tuple[str, ...] = ()
    """Types that the rule is about: for the coverage rule and for the test of tokens."""


AnyRule = Rule | StackRule


def _checks(side: Check | tuple[Check, ...] | NotApplicable) -> tuple[Check, ...]:
    return side if isinstance(side, tuple) else () if isinstance(side, NotApplicable) else (side,)
