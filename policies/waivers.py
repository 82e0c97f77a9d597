"""Waivers: a violation that somebody has accepted, until a day. One that is expired, unused or unreadable is a failure itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from policies.errors import PolicyFileError
from policies.rule import AnyRule

FILE = Path(__file__).parent / "waivers.yaml"

KEYS = ("policy", "urn", "reason", "owner", "expires")

_URN = re.compile(r"urn:pulumi:(?P<stack>[^:]+)::(?P<project>[^:]+)::(?P<rest>[^*]+::[^*]+)")


@dataclass(frozen=True)
class Waiver:
    """*policy* is not held against *urn* up to and with the day *expires*."""

    policy: str
    urn: str
    """``*`` may stand for its stack or project: ``urn:pulumi:*::managed-postgres::...``. For a whole stack: the stack's URN."""
    reason: str
    owner: str
    expires: date

    def covers(self, rule: str, urn: str, today: date) -> bool:
        """Whether a finding of *rule* about *urn* is waived *today*."""
        return rule == self.policy and today <= self.expires and self.matches(urn)

    def matches(self, urn: str) -> bool:
        return fnmatchcase(urn, self.urn.replace("[", "[[]"))

    def names_stack(self, stack: str) -> bool:
        """Whether it is for *stack* and no other."""
        return self.urn.split(":")[2] == stack


def load(file: Path, rules: Sequence[AnyRule]) -> tuple[Waiver, ...]:
    """The waivers in *file*, in its order; none when it is empty.

    Raises:
        PolicyFileError: the file is missing or no YAML, or a waiver lacks a key, or names a rule, URN or day that is none.
    """
    try:
        given = yaml.safe_load(file.read_text())
    except OSError as error:
        raise PolicyFileError(f"The waivers {file} cannot be read: {error.strerror}.") from error
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        where = f" (line {at.line + 1})" if at else ""
        raise PolicyFileError(f"The waivers {file} are not YAML{where}; mend it, or restore it from git.") from error
    if given is None:
        return ()
    if not isinstance(given, list):
        raise PolicyFileError(f"The waivers {file} must be a list of {', '.join(KEYS)}.")
    known = {rule.id for rule in rules}
    wrong = [
        sentence for number, entry in enumerate(given, 1) for sentence in _problems(entry, known, f"{file}: waiver {number}")
    ]
    if wrong:
        raise PolicyFileError(*wrong)
    return tuple(Waiver(**entry) for entry in given)


def expired(waivers: Iterable[Waiver], today: date) -> tuple[Waiver, ...]:
    """Those whose day has passed: they waive nothing any more."""
    return tuple(waiver for waiver in waivers if waiver.expires < today)


def _problems(entry: Any, known: set[str], where: str) -> list[str]:
    if not isinstance(entry, dict) or set(entry) != set(KEYS):
        return [f"{where} must have exactly the keys {', '.join(KEYS)}."]
    wrong = [
        f"{where}: '{key}' must be a text." for key in KEYS[:-1] if not isinstance(entry[key], str) or not entry[key].strip()
    ]
    if type(entry["expires"]) is not date:
        wrong.append(f"{where}: 'expires' must be a day such as 2027-01-31.")
    if wrong:
        return wrong
    if entry["policy"] not in known:
        wrong.append(f"{where}: '{entry['policy']}' is no rule of this pack.")
    if not _URN.fullmatch(entry["urn"]):
        wrong.append(f"{where}: 'urn' must be urn:pulumi:<stack>::<project>::<type>::<name>, with * for stack or project only.")
    return wrong
