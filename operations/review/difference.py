"""Two values property by property: which leaves are not the same, and where."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policies.values import ABSENT

Difference = tuple[str, Any, Any]
"""A path such as ``settings.databaseFlags[log_statement].value``, what was there and what is there now."""

_NAMES = ("name", "key", "id", "Sid")
"""What the items of a list are told apart by, where every item has one of its own."""


def differences(before: Any, after: Any, path: str = "") -> Iterator[Difference]:
    """Every leaf of *before* and *after* that differs, in the order of its path; ABSENT where one of them has none.

    Texts that are JSON on both sides are compared as what they stand for. Lists are compared item by item where the items are
    blocks, as one value where they are not.
    """
    if before == after:
        return
    before_inside, after_inside = _opened(before), _opened(after)
    if isinstance(before_inside, Mapping) and isinstance(after_inside, Mapping):
        keys = sorted({*before_inside, *after_inside})
        pairs = [(f".{key}" if path else str(key), before_inside.get(key, ABSENT), after_inside.get(key, ABSENT)) for key in keys]
    elif _blocks(before_inside) and _blocks(after_inside):
        old, new = _named(before_inside, after_inside)
        pairs = [(f"[{key}]", old.get(key, ABSENT), new.get(key, ABSENT)) for key in dict.fromkeys([*old, *new])]
    else:
        yield path, before, after
        return
    for step, one, other in pairs:
        yield from differences(one, other, f"{path}{step}")


def _opened(value: Any) -> Any:
    """*value*, or what the JSON in it stands for."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _blocks(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, Mapping) for item in value)


def _named(before: list[Any], after: list[Any]) -> tuple[dict[Any, Any], dict[Any, Any]]:
    """Both lists by the name of their items, or by their position."""
    for name in _NAMES:
        old, new = ({item.get(name): item for item in items} for items in (before, after))
        if len(old) == len(before) and len(new) == len(after) and all(isinstance(key, str) for key in (*old, *new)):
            return old, new
    return dict(enumerate(before)), dict(enumerate(after))
