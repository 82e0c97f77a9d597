"""Writes the rule table of ``policies/README.md`` and the configuration files from the rules: ``python -m policies.table``.

A number that somebody has set in a configuration file stays; levels come from the rules.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from policies.catalogue import RULES
from policies.levels import FOLDER, LEVEL
from policies.rule import AnyRule, Check, NotApplicable, StackRule

README = Path(__file__).parent / "README.md"

BEGIN, END = "<!-- rules: begin (make docs writes this) -->", "<!-- rules: end -->"


def markdown(rules: Sequence[AnyRule] = RULES) -> str:
    """One row per rule, with an anchor that its ``docs`` can point to."""
    lines = ["| Rule | Severity | dev | prod | AWS | Google Cloud | The same in | To mend |", "|---|---|---|---|---|---|---|---|"]
    lines += [f"| {' | '.join(_cells(rule))} |" for rule in rules]
    return "\n".join(lines)


def insert(text: str, rules: Sequence[AnyRule] = RULES) -> str:
    """*text* with the table between its two markers replaced."""
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    return f"{before}{BEGIN}\n{markdown(rules)}\n{END}{after}"


def configuration(tier: str, rules: Sequence[AnyRule] = RULES, present: dict[str, Any] | None = None) -> str:
    """The configuration file of *tier* (``dev`` or ``prod``), keeping the numbers of the *present* one."""
    found: dict[str, Any] = {}
    for rule in rules:
        level: str = getattr(rule, tier)
        entry = (present or {}).get(rule.id)
        given = entry if isinstance(entry, dict) else {}
        keys = {key: given.get(key, described.default) for key, described in rule.config.items()}
        found[rule.id] = {LEVEL: level, **keys} if keys else level
    return json.dumps(found, indent=2) + "\n"


def _cells(rule: AnyRule) -> Iterator[str]:
    yield f'<a id="{rule.id}"></a>`{rule.id}`<br>{_text(rule.title)}{_keys(rule)}'
    yield rule.severity
    yield rule.dev
    yield rule.prod
    if isinstance(rule, StackRule):
        yield from [
            "the whole stack" if not rule.types else _types(t for t in rule.types if t.startswith(c)) for c in ("aws:", "gcp:")
        ]
    else:
        yield from (_side(side) for side in (rule.aws, rule.gcp))
    yield ", ".join(f"{one.framework} {one.id}" for one in rule.frameworks) or "-"
    yield _text(rule.remediation)


def _side(side: Check | tuple[Check, ...] | NotApplicable) -> str:
    if isinstance(side, NotApplicable):
        return f"does not apply: {_text(side.reason)}"
    return _types(token for check in (side if isinstance(side, tuple) else (side,)) for token in check.types)


def _types(tokens: Iterator[str]) -> str:
    """``aws:rds/cluster:Cluster`` as ``rds.Cluster``."""
    short = (f"{token.split(':')[1].partition('/')[0]}.{token.rpartition(':')[2]}" for token in dict.fromkeys(tokens))
    return ", ".join(short) or "-"


def _keys(rule: AnyRule) -> str:
    return "".join(f"<br>`{key}` = {json.dumps(entry.default)}: {_text(entry.meaning)}" for key, entry in rule.config.items())


def _text(text: str) -> str:
    return text.replace("|", "\\|")


def main() -> None:
    README.write_text(insert(README.read_text()))
    for tier in ("dev", "prod"):
        file = FOLDER / f"{tier}.json"
        file.write_text(configuration(tier, present=json.loads(file.read_text()) if file.exists() else None))


if __name__ == "__main__":
    main()
