"""What the gate knows of the policy pack: how hard each rule is enforced, and which ones a preview need not decide."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from operations.errors import Refused
from policies import levels
from policies.catalogue import RULES
from policies.errors import PolicyFileError


def levels_of(file: Path) -> Mapping[str, str]:
    """Rule to level in *file*, a configuration file of the pack. Raises Refused when it cannot be used."""
    try:
        return levels.load(file, RULES).enforcement
    except PolicyFileError as error:
        raise Refused(*error.sentences) from None


def may_be_undecided(file: Path) -> Mapping[str, str]:
    """Rule to the reason why a preview cannot decide it, from *file*, a JSON object.

    Raises Refused when it cannot be read, names a rule that is none, or gives no reason.
    """
    try:
        given = json.loads(file.read_text())
    except OSError as error:
        raise Refused(f"The list of undecided rules {file} cannot be read: {error.strerror}.") from None
    except ValueError:
        given = None
    if not isinstance(given, dict):
        raise Refused(f"{file} must be a JSON object: rule id to the reason why a preview cannot decide it.")
    known = {rule.id for rule in RULES}
    wrong = [f"{file}: '{name}' is no rule of the policy pack; remove it." for name in given if name not in known]
    wrong += [
        f"{file}: say why rule '{name}' cannot be decided in a preview."
        for name, reason in given.items()
        if not isinstance(reason, str) or not reason.strip()
    ]
    if wrong:
        raise Refused(*wrong)
    return given
