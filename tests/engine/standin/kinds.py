"""What a change of a property does: the form of the tables that each cloud has of its resource types.

A dotted name is a property of a block, ``rules[].name`` one of every item of a list.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Values = dict[str, Any]


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
        if self.everything:
            return key not in self.free
        if key == self.name or key == f"{self.name}Prefix" or key in self.force_new:
            return True
        inner = [path.split(".") for path in self.force_new if path.startswith((f"{key}.", f"{key}[]."))]
        numbers = [path.split(".") for path in self.never_less if path.split(".")[0] == key]
        return any(at(olds, path) != at(news, path) for path in inner) or any(
            _less(at(news, path), at(olds, path)) for path in numbers
        )


def at(value: Any, path: list[str]) -> Any:
    """What *value* has at *path*; None where there is nothing."""
    for index, part in enumerate(path):
        if part.endswith("[]"):
            items = value.get(part.removesuffix("[]")) if isinstance(value, dict) else None
            return [at(item, path[index + 1 :]) for item in items or ()]
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _less(new: Any, old: Any) -> bool:
    return new is not None and old is not None and new < old


def kind(name: str = "", force_new: str = "", kept: str = "", *, never_less: str = "", autonamed: bool = True) -> Kind:
    """A row; the names are separated by blanks."""
    return Kind(
        name=name,
        force_new=frozenset(force_new.split()),
        kept=frozenset(kept.split()),
        never_less=frozenset(never_less.split()),
        autonamed=autonamed,
    )


def whole(name: str = "", free: str = "") -> Kind:
    """A row of a type that is never changed in place, but for *free*."""
    return Kind(name=name, everything=True, free=frozenset(free.split()), autonamed=bool(name))


RANDOM: dict[str, Kind] = {
    "index/randomId:RandomId": whole(),
    "index/randomPassword:RandomPassword": whole(),
    "index/randomString:RandomString": whole(),
}
"""The types of the provider ``random``, which every cloud uses."""
