"""Reading property values: plain ones, those of a state file, and the policy SDK's proxies; nothing here raises on an unknown.

No SDK is imported: ``review`` judges by the same code in milliseconds.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import cache, lru_cache
from typing import Any, Final


class Missing(Enum):
    """Why a property has no value."""

    UNKNOWN = "unknown"
    ABSENT = "absent"

    def __bool__(self) -> bool:
        return False


UNKNOWN: Final = Missing.UNKNOWN
"""Set, but not known before the deployment: a preview's placeholder."""
ABSENT: Final = Missing.ABSENT
"""Not set, or null: what the provider then does is the rule's business."""

PLACEHOLDERS = frozenset(
    (
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # number
        "04da6b54-80e4-46f7-96ec-b56ff0331ba9",  # string
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # object
    )
)
"""Texts by which the engine writes an unknown value (pulumi_policy.proxy; a list's slice leaks them). A test compares them."""

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""Key and value that mark a secret in a state file and on the wire (pulumi_policy.deserialize)."""


def plain(value: Any) -> Any:
    """*value* all the way down as dict, list, int, float, str, bool; :data:`UNKNOWN` where it is not known; None is absent."""
    value = _opened(value)
    if value is None:
        return ABSENT
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        items = ((str(key), plain(_item(value, key))) for key in value)
        return {key: item for key, item in items if item is not ABSENT}
    if _is_list(value):
        return [plain(_item(value, index)) for index in range(len(value))]
    return value


def read(value: Any, steps: tuple[str | int, ...]) -> Any:
    """The fact at *steps* (:func:`steps_of`); see ``Resource.fact``."""
    for number, step in enumerate(steps):
        value = _entered(value)
        if value is UNKNOWN:
            return UNKNOWN
        if step == "*":
            if not _is_list(value):
                return ABSENT
            return tuple(read(_item(value, index), steps[number + 1 :]) for index in range(len(value)))
        value = _item(value, step)
    return plain(value)


def read_each(value: Any, steps: tuple[str | int, ...], at: str = "") -> Iterator[tuple[str, Any]]:
    """Every (path, fact) that *steps* stand for; see ``Resource.each``."""
    for number, step in enumerate(steps):
        value = _entered(value)
        if step == "*" and _is_list(value):
            for index in range(len(value)):
                yield from read_each(_item(value, index), steps[number + 1 :], f"{at}[{index}]")
            return
        value = UNKNOWN if value is UNKNOWN else _item(value, step)
        at += f"[{step}]" if isinstance(step, int) or step == "*" else f".{step}" if at else step
    yield at, plain(value)


def _item(value: Any, key: Any) -> Any:
    """One element; a proxy of the SDK raises UnknownValueError here, which must not end the look at all other properties."""
    try:
        if isinstance(value, Mapping) or (isinstance(key, int) and _is_list(value)):
            return value[key]
    except (KeyError, IndexError):
        return ABSENT
    except Exception as error:
        if hasattr(error, "unknown_type_sentinel"):  # pulumi_policy.proxy.UnknownValueError, not imported: rules need no SDK
            return UNKNOWN
        raise
    return ABSENT


def _opened(value: Any) -> Any:
    """*value* out of a secret's wrapping, and :data:`UNKNOWN` for every way of writing an unknown."""
    while isinstance(value, dict) and value.get(SIGNATURE) == SECRET:
        value = value.get("value", UNKNOWN)  # with a ciphertext only, it is set but cannot be read
    if isinstance(value, str):
        return UNKNOWN if value in PLACEHOLDERS else value
    kind = type(value)
    return UNKNOWN if kind.__name__ == "Unknown" and kind.__module__.startswith("pulumi.") else value


def _entered(value: Any) -> Any:
    value = _opened(value)
    return _json(value) if isinstance(value, str) and value.lstrip()[:1] in ("{", "[") else value


@lru_cache(maxsize=256)
def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return UNKNOWN


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


@cache
def steps_of(path: str) -> tuple[str | int, ...]:
    """``a.b[0].c[*]`` as ``('a', 'b', 0, 'c', '*')``."""
    names = re.findall(r"\[(\d+|\*)\]|([^.\[\]]+)", path)
    return tuple((int(index) if index != "*" else "*") if index else name for index, name in names)
