"""Judges that make most rules one line of a table.

A path may hold ``[*]``: then every element is judged. *default* is what the provider does when the property is absent; without
one, absent is a violation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Resource
from policies.rule import Config, Judge
from policies.verdict import Undecided


def must_be(path: str, value: Any, *, default: Any = ABSENT) -> Judge:
    """*path* is *value*."""
    return _compare(path, default, f"must be {_shown(value)}", lambda found: bool(found == value))


def must_be_in(path: str, values: tuple[Any, ...], *, default: Any = ABSENT) -> Judge:
    """*path* is one of *values*."""
    sentence = f"must be one of {', '.join(map(_shown, values))}"
    return _compare(path, default, sentence, lambda found: any(found == value for value in values))


def must_not_be_in(path: str, values: tuple[Any, ...], *, default: Any = ABSENT) -> Judge:
    """*path* is set to something else than *values* (absent is a violation, unless *default* says what it stands for)."""
    sentence = f"must be set and not be {' or '.join(map(_shown, values))}"
    return _compare(path, default, sentence, lambda found: all(found != value for value in values))


def at_least(path: str, key: str, *, default: Any = ABSENT) -> Judge:
    """*path* is a number of at least the configuration's *key*."""
    return _bounded(path, key, default, "at least", lambda found, bound: found >= bound)


def at_most(path: str, key: str, *, default: Any = ABSENT) -> Judge:
    """*path* is a number of at most the configuration's *key*."""
    return _bounded(path, key, default, "at most", lambda found, bound: found <= bound)


def must_have(path: str) -> Judge:
    """*path* is set and neither empty nor false; that it is not known yet is enough: an unknown value is a set one."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        for at, found in resource.each(path):
            if found is ABSENT or (not found and found is not UNKNOWN):
                yield f"{at} must be set"

    return judge


def must_be_absent(path: str) -> Judge:
    """*path* is not set; a value that is not known yet is set, so it fails too."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        for at, found in resource.each(path):
            if found is not ABSENT:
                yield f"{at} must not be set"

    return judge


def must_contain(path: str, *values: Any) -> Judge:
    """The list at *path* holds all of *values*."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        for at, found in resource.each(path):
            items = found if isinstance(found, list) else []
            missing = [value for value in values if value not in items]
            if found is UNKNOWN or (missing and UNKNOWN in items):
                yield Undecided((at,))
            elif missing:
                yield f"{at} must contain {', '.join(map(_shown, missing))}"

    return judge


def must_have_parameter(path: str, name: str, values: tuple[Any, ...], *, default: Any = ABSENT) -> Judge:
    """In the list of ``{name, value}`` at *path* (database flags, parameters) *name* has one of *values*, compared as text."""
    wanted = {str(value).lower() for value in values}

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        listed = resource.fact(path)
        items = listed if isinstance(listed, list) else []
        found = next(
            (item.get("value", ABSENT) for item in items if isinstance(item, dict) and item.get("name") == name), default
        )
        hidden = any(item is UNKNOWN or (isinstance(item, dict) and item.get("name") is UNKNOWN) for item in items)
        if listed is UNKNOWN or found is UNKNOWN or (hidden and found is default):
            yield Undecided((path,))
        elif found is ABSENT or str(found).lower() not in wanted:
            yield f"{path} must hold {name} = {' or '.join(str(value) for value in values)}"

    return judge


def all_of(*judges: Judge) -> Judge:
    """Everything that any of *judges* says."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        for one in judges:
            yield from one(resource, config)

    return judge


def any_of(*judges: Judge) -> Judge:
    """Holds when one of *judges* says nothing; undecided when one could still; else what the first says."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        said = [list(one(resource, config)) for one in judges]
        if all(said):
            open_ones = [item for items in said if all(isinstance(item, Undecided) for item in items) for item in items]
            yield from open_ones or said[0]

    return judge


def only_when(path: str, values: tuple[Any, ...], then: Judge, *, default: Any = ABSENT) -> Judge:
    """*then*, for resources whose *path* is one of *values*; undecided where that is unknown and *then* has something to say."""

    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        found = resource.fact(path)
        found = default if found is ABSENT else found
        if found is UNKNOWN:
            if any(True for _ in then(resource, config)):
                yield Undecided((path,))
        elif any(found == value for value in values):
            yield from then(resource, config)

    return judge


def _compare(path: str, default: Any, sentence: str, holds: Callable[[Any], bool]) -> Judge:
    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        for at, value in resource.each(path):
            found = default if value is ABSENT else value
            if found is UNKNOWN:
                yield Undecided((at,))
            elif found is ABSENT or not holds(found):
                yield f"{at} {sentence}"

    return judge


def _bounded(path: str, key: str, default: Any, words: str, holds: Callable[[float, float], bool]) -> Judge:
    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        bound = config[key]
        yield from _compare(path, default, f"must be {words} {bound} ({key})", lambda found: holds(_number(found), bound))(
            resource, config
        )

    return judge


def _number(value: Any) -> float:
    """*value* as a number, and less than any number what is none: it cannot be known to be enough."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return float("nan")


def _shown(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value)
