"""What a change of a property does: the create-only ("ForceNew") properties of every resource type that the program uses.

A JSON file per provider, with its source. A dotted name is a property of a block, ``rules[].name`` one of every item of a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

Values = Mapping[str, Any]

FOLDER = Path(__file__).parent


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One resource type."""

    name: str = ""
    """Property that holds the physical name, where there is one."""
    force_new: frozenset[str] = frozenset()
    kept: frozenset[str] = frozenset()
    """Optional and computed: the cloud keeps its value when the program leaves it out."""
    never_less: frozenset[str] = frozenset()
    """Numbers that may grow in place; a smaller one recreates the resource."""
    autonamed: bool = True
    """The bridge makes up a name where the program gives none."""
    everything: bool = False
    """Any change recreates it, except of what *free* names."""
    free: frozenset[str] = frozenset()

    def forces_new(self, key: str, olds: Values, news: Values) -> bool:
        """Whether the change of property *key* recreates the resource."""
        return next(self.forcing(key, olds, news), None) is not None

    def forcing(self, key: str, olds: Values, news: Values) -> Iterator[str]:
        """The create-only paths in property *key* that are not the same in *olds* and *news*."""
        if self.everything:
            if key not in self.free:
                yield key
            return
        if key in (self.name, f"{self.name}Prefix") or key in self.force_new:
            yield key
            return
        for path in sorted(self.force_new):
            steps = path.split(".")
            if path.startswith((f"{key}.", f"{key}[].")) and at(olds, steps) != at(news, steps):
                yield path
        for path in sorted(self.never_less):
            steps = path.split(".")
            if steps[0] == key and _less(at(news, steps), at(olds, steps)):
                yield path


def at(value: Any, steps: list[str]) -> Any:
    """What *value* has at *steps*; None where there is nothing."""
    for index, step in enumerate(steps):
        if step.endswith("[]"):
            items = value.get(step.removesuffix("[]")) if isinstance(value, Mapping) else None
            return [at(item, steps[index + 1 :]) for item in items or ()]
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _less(new: Any, old: Any) -> bool:
    return new is not None and old is not None and bool(new < old)


def kind_of(token: str) -> Kind | None:
    """The row of a type token; None where there is none."""
    return kinds(_FILES.get(token.partition(":")[0], "")).get(token)


_FILES = {"aws": "aws", "gcp": "gcp", "random": "random", "pulumi-python": "dynamic"}


@cache
def kinds(file: str) -> Mapping[str, Kind]:
    """The table of ``<file>.json``, by type token; empty where there is no such file."""
    path = FOLDER / f"{file}.json"
    rows: dict[str, dict[str, Any]] = json.loads(path.read_text())["types"] if path.is_file() else {}
    return {token: _row(row) for token, row in rows.items()}


def _row(row: Mapping[str, Any]) -> Kind:
    values: dict[str, Any] = {key: frozenset(value) if isinstance(value, list) else value for key, value in row.items()}
    return Kind(**values)
