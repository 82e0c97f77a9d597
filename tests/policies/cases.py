"""A table row per rule and type: a resource that keeps to the rule, and what each property of it may be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from policies.catalogue import RULES
from policies.resource import UNKNOWN
from policies.rule import Rule
from policies.values import steps_of
from tests.policies.runtime_args import said

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"


@dataclass(frozen=True)
class Property:
    path: str
    bad: tuple[Any, ...]
    """Values with which the rule must fail."""
    absent: str = FAILS
    unknown: str = UNDECIDED
    good: tuple[Any, ...] = ()
    """Other values with which it must hold."""


def prop(path: str, *bad: Any, absent: str = FAILS, unknown: str = UNDECIDED, good: tuple[Any, ...] = ()) -> Property:
    return Property(path, bad, absent, unknown, good)


@dataclass(frozen=True)
class Case:
    rule: str
    type: str
    props: Mapping[str, Any]
    """Keep to the rule."""
    properties: tuple[Property, ...]
    strict: Mapping[str, Any] = field(default_factory=dict)
    """A configuration with which *props* do not keep to it any more."""
    texts: tuple[str, ...] = ()
    """Properties that are JSON texts; an unknown in one makes the whole of it unknown, as the engine does."""

    def __str__(self) -> str:
        return f"{self.rule} {self.type.rpartition(':')[2]}"

    def rendered(self, props: Mapping[str, Any]) -> dict[str, Any]:
        return {key: _text(value) if key in self.texts else value for key, value in props.items()}

    def verdict(self, props: Mapping[str, Any], **config: Any) -> str:
        found = said(rule_of(self.rule), self.type, self.rendered(props), **config)
        return FAILS if any(isinstance(one, str) for one in found) else UNDECIDED if found else HOLDS

    def variants(self) -> Iterator[tuple[str, dict[str, Any], str]]:
        """(what was done to *props*, the result, the verdict that it must have)."""
        yield "as it is", dict(self.props), HOLDS
        for one in self.properties:
            for value in one.bad:
                yield f"{one.path} = {value!r}", put(self.props, one.path, value), FAILS
            for value in one.good:
                yield f"{one.path} = {value!r}", put(self.props, one.path, value), HOLDS
            yield f"{one.path} unknown", put(self.props, one.path, UNKNOWN), one.unknown
            yield f"{one.path} absent", without(self.props, one.path), one.absent

    @property
    def broken(self) -> dict[str, Any]:
        """*props* with the first bad value of the table."""
        first = self.properties[0]
        return self.rendered(put(self.props, first.path, first.bad[0]))


def case(rule: str, type_: str, props: Mapping[str, Any], *properties: Property, **more: Any) -> Case:
    return Case(rule, type_, props, properties, **more)


def rule_of(id_: str) -> Rule:
    (found,) = (rule for rule in RULES if rule.id == id_)
    assert isinstance(found, Rule)
    return found


def put(props: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of *props* with *value* at *path*; maps on the way are made."""
    made = deepcopy(dict(props))
    *way, last = steps_of(path)
    at: Any = made
    for step in way:
        at = at[step] if isinstance(step, int) else at.setdefault(step, {})
    at[last] = value
    return made


def without(props: Mapping[str, Any], path: str) -> dict[str, Any]:
    made = deepcopy(dict(props))
    *way, last = steps_of(path)
    at: Any = made
    for step in way:
        at = at[step]
    if isinstance(at, dict):
        at.pop(last, None)
    else:
        del at[last]
    return made


def _text(value: Any) -> Any:
    return UNKNOWN if _holds_unknown(value) else json.dumps(value)


def _holds_unknown(value: Any) -> bool:
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return value is UNKNOWN or any(_holds_unknown(item) for item in items)
