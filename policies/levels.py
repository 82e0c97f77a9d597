"""The configuration files ``policies/config/{dev,prod}.json``: how hard each rule is enforced, and its numbers.

The same files serve ``pulumi preview --policy-pack-config``, the pack without it, and ``review``. The engine ignores a rule name
that it does not know, so every name and key is checked here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, get_args

from policies.errors import PolicyFileError
from policies.rule import AnyRule, Config, ConfigKey
from policies.values import plain
from policies.verdict import Level

FOLDER = Path(__file__).parent / "config"

FILES = {"dev": "dev.json", "staging": "dev.json", "prod": "prod.json"}
"""Tier to file. Staging has no standby and no deletion protection (components/tiers.py), so it takes the milder one."""

LEVEL = "enforcementLevel"


class Settings(NamedTuple):
    """What a configuration file says: ``judge(stack, **settings._asdict(), ...)``."""

    enforcement: Mapping[str, Level]
    """Rule id to level; every rule is in it."""
    config: Mapping[str, Config]
    """Rule id to its keys, defaults filled in."""


def file_of(tier: str) -> Path:
    """The configuration file for stacks of *tier*."""
    return FOLDER / FILES[tier]


def load(file: Path, rules: Sequence[AnyRule]) -> Settings:
    """What *file* says of *rules*.

    Raises:
        PolicyFileError: the file cannot be read, is no JSON, leaves out a rule, or names a rule, key, level or value that
            is none.
    """
    try:
        given = json.loads(file.read_text())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise PolicyFileError(f"The policy configuration {file} cannot be read: {reason}.") from error
    if not isinstance(given, dict):
        raise PolicyFileError(f"The policy configuration {file} must be a JSON object of rule id to level.")
    return parse(given, rules, where=str(file))


def parse(given: Mapping[str, Any], rules: Sequence[AnyRule], *, where: str) -> Settings:
    """As :func:`load`, of what was read already; sentences begin with *where*."""
    known = {rule.id: rule for rule in rules}
    wrong = [f"{where}: '{name}' is no rule of this pack; remove it." for name in given if name not in known]
    levels: dict[str, Level] = {}
    config: dict[str, Config] = {}
    for name, rule in known.items():
        if name not in given:
            wrong.append(f"{where}: rule '{name}' is missing; run `make docs`, which writes every rule.")
            continue
        block = given[name] if isinstance(given[name], dict) else {LEVEL: given[name]}
        level: Any = block.get(LEVEL)
        if level not in get_args(Level):
            wrong.append(f"{where}: the level of '{name}' must be one of {', '.join(get_args(Level))}.")
        else:
            levels[name] = level
        own = {key: value for key, value in block.items() if key != LEVEL}
        wrong += [sentence for key, value in own.items() for sentence in _problems(rule, key, value, where)]
        config[name] = config_of(rule, own)
    if wrong:
        raise PolicyFileError(*wrong)
    return Settings(levels, config)


def config_of(rule: AnyRule, given: Mapping[str, Any] | None) -> Config:
    """*rule*'s keys, from *given* or their defaults. The engine passes whole numbers as 7.0: they are int here."""
    return {**{key: entry.default for key, entry in rule.config.items()}, **plain(given or {})}


_TYPES: Mapping[str, type | tuple[type, ...]] = {
    "integer": int,
    "number": (int, float),
    "string": str,
    "boolean": bool,
    "array": list,
}


def _problems(rule: AnyRule, key: str, value: Any, where: str) -> list[str]:
    entry = rule.config.get(key)
    if entry is None:
        keys = ", ".join(rule.config) or "none"
        return [f"{where}: rule '{rule.id}' has no key '{key}' (its keys: {keys}); remove it."]
    if not isinstance(value, _TYPES[entry.type]) or (isinstance(value, bool) and entry.type != "boolean"):
        return [f"{where}: '{key}' of rule '{rule.id}' must be of type {entry.type}."]
    return [f"{where}: '{key}' of rule '{rule.id}' must be {bound}." for bound in _broken_bounds(entry, value)]


def _broken_bounds(entry: ConfigKey, value: Any) -> list[str]:
    if entry.type not in ("integer", "number"):
        return []
    least, most = entry.minimum, entry.maximum
    return [
        *([f"at least {least}"] if least is not None and value < least else []),
        *([f"at most {most}"] if most is not None and value > most else []),
    ]
