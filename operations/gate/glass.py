"""The break-glass file: losses that somebody has accepted, each with the exact resource, the operation, why, and until when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal, get_args

import yaml

from operations.errors import Refused
from operations.gate.stream import stack_of

Operation = Literal["delete", "replace", "discard", "unprotect", "recreate"]
"""What the gate refuses: deletion; replacement; that Pulumi forgets it (discard); that its protection ends; that an empty one is
made in the place of one that the cloud lost."""

KEYS = ("urn", "operation", "reason", "expires")

LONGEST = timedelta(days=30)
"""How far ahead an entry may expire: it is for one deployment, not for a habit."""


@dataclass(frozen=True)
class Accepted:
    """*operation* on *urn* is let through, up to and with the day *expires*."""

    urn: str
    operation: Operation
    reason: str
    expires: date

    def __str__(self) -> str:
        return f"{self.operation} of {self.urn}"


def load(file: Path, today: date) -> tuple[Accepted, ...]:
    """The entries in *file*, in its order. Expired ones are among them: the judge says so.

    Raises Refused, one sentence per problem, when it is missing, no YAML, or an entry is incomplete, says something that is
    none, expires more than LONGEST ahead, or is there twice.
    """
    try:
        given = yaml.safe_load(file.read_text())
    except OSError as error:
        raise Refused(f"The break-glass file {file} cannot be read: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        at = f" (line {mark.line + 1})" if mark else ""
        raise Refused(f"The break-glass file {file} is not YAML{at}; mend it, or restore it from git.") from None
    if not isinstance(given, list | None):
        raise Refused(f"The break-glass file {file} must be a list of {', '.join(KEYS)}.")
    entries = given or []
    wrong = [
        sentence for number, entry in enumerate(entries, 1) for sentence in _problems(entry, today, f"{file}: entry {number}")
    ]
    seen = [(entry["urn"], entry["operation"]) for entry in entries] if not wrong else []
    wrong += [
        f"{file}: {operation} of {urn} is there twice."
        for urn, operation in dict.fromkeys(seen)
        if seen.count((urn, operation)) > 1
    ]
    if wrong:
        raise Refused(*wrong)
    return tuple(Accepted(**entry) for entry in entries)


def _problems(entry: Any, today: date, where: str) -> Iterator[str]:
    if not isinstance(entry, dict) or set(entry) != set(KEYS):
        yield f"{where} must have exactly the keys {', '.join(KEYS)}."
        return
    if not isinstance(entry["reason"], str) or not entry["reason"].strip():
        yield f"{where}: 'reason' must say why the loss is acceptable."
    if entry["operation"] not in get_args(Operation):
        yield f"{where}: 'operation' must be one of {', '.join(get_args(Operation))}."
    urn = entry["urn"]
    if not isinstance(urn, str) or not all(stack_of(urn)) or "*" in urn:
        yield f"{where}: 'urn' must be one exact URN, as the gate prints it; no pattern."
    if type(entry["expires"]) is not date:
        yield f"{where}: 'expires' must be a day such as {today + timedelta(days=7)}."
    elif entry["expires"] > today + LONGEST:
        yield f"{where}: 'expires' is more than {LONGEST.days} days ahead; such an entry is for one deployment."
