"""The differences between environments that somebody has accepted: ``policies/parity.yaml``."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import yaml

from policies.errors import PolicyFileError

KEYS = ("cloud", "fact", "tiers", "reason")
CLOUDS = ("aws", "gcp")
TIERS = ("dev", "staging", "prod")


@dataclass(frozen=True)
class Allowed:
    """*fact* may differ between the two *tiers* on *cloud*."""

    cloud: str
    fact: str
    """As ``review`` names it; ``*`` stands for any letters."""
    tiers: tuple[str, ...]
    reason: str

    def allows(self, fact: str, tiers: set[str]) -> bool:
        return set(self.tiers) == tiers and fnmatchcase(fact, self.fact.replace("[", "[[]"))


def load(file: Path) -> tuple[Allowed, ...]:
    """The entries of *file*, in its order; none when it is empty.

    Raises:
        PolicyFileError: it cannot be read, is no YAML, or an entry lacks a key or names a cloud or tier that is none.
    """
    try:
        given = yaml.safe_load(file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyFileError(f"{file.name} cannot be read: {getattr(error, 'strerror', None) or 'it is no text'}.") from error
    except yaml.YAMLError as error:
        at = getattr(error, "problem_mark", None)
        where = f" (line {at.line + 1})" if at else ""
        raise PolicyFileError(f"{file.name} is not YAML{where}; mend it, or restore it from git.") from error
    if given is None:
        return ()
    if not isinstance(given, list):
        raise PolicyFileError(f"{file.name} must be a list of {', '.join(KEYS)}.")
    wrong = [sentence for number, entry in enumerate(given, 1) for sentence in _problems(entry, f"{file.name}: entry {number}")]
    if wrong:
        raise PolicyFileError(*wrong)
    return tuple(Allowed(**{**entry, "tiers": tuple(entry["tiers"])}) for entry in given)


def _problems(entry: Any, where: str) -> list[str]:
    if not isinstance(entry, dict) or set(entry) != set(KEYS):
        return [f"{where} must have exactly the keys {', '.join(KEYS)}."]
    wrong = [
        f"{where}: '{key}' must be a text."
        for key in ("fact", "reason")
        if not isinstance(entry[key], str) or not entry[key].strip()
    ]
    if entry["cloud"] not in CLOUDS:
        wrong.append(f"{where}: 'cloud' must be one of {', '.join(CLOUDS)}.")
    tiers = entry["tiers"]
    if not isinstance(tiers, list) or len(tiers) != 2 or any(tier not in TIERS for tier in tiers):
        wrong.append(f"{where}: 'tiers' must be two of {', '.join(TIERS)}.")
    return wrong
