"""PostgreSQL parameters as both clouds take them: a list of name and value in a property."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Resource
from policies.rule import Config, Judge
from policies.verdict import Undecided

ON = ("1", "on", "true", "yes")


def parameter(resource: Resource, path: str, name: str) -> Any:
    """Value of parameter *name* in the list at *path*, or ABSENT; UNKNOWN where the list or a name in it is not known."""
    listed = resource.fact(path)
    if listed is UNKNOWN:
        return UNKNOWN
    items = [item for item in listed if isinstance(item, dict)] if isinstance(listed, list) else []
    found = [item.get("value", ABSENT) for item in items if item.get("name") == name]
    hidden = isinstance(listed, list) and any(item is UNKNOWN or item.get("name") is UNKNOWN for item in listed)
    return found[0] if found else UNKNOWN if hidden else ABSENT


def must_be_number(path: str, name: str, key: str) -> Judge:
    """Parameter *name* is a number from 0 to the configuration's *key*: -1 and absent stand for never."""
    return _must(path, name, f"as a number from 0 to the policy's {key}", lambda text, config: 0 <= float(text) <= config[key])


def must_hold(path: str, name: str, word: str) -> Judge:
    """The list with commas in parameter *name* holds *word*."""
    return _must(path, name, f"with {word}", lambda text, _: word in [item.strip() for item in text.split(",")])


def _must(path: str, name: str, how: str, holds: Callable[[str, Config], bool]) -> Judge:
    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        found = parameter(resource, path, name)
        if found is UNKNOWN:
            yield Undecided((path,))
        elif found is ABSENT or not _safely(holds, str(found), config):
            yield f"{path} must hold {name} {how}"

    return judge


def _safely(holds: Callable[[str, Config], bool], text: str, config: Config) -> bool:
    try:
        return holds(text, config)
    except ValueError:  # no number
        return False
