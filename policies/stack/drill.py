"""A backup that nobody has restored is a hope: prod shows the evidence of a restore drill that is not old.

The evidence is a JSON file that the drill writes: an object with :data:`FIELDS`, or a list of them, one for each database.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any

from policies.resource import ABSENT, UNKNOWN, Stack
from policies.rule import Config, ConfigKey, StackJudge, StackRule
from policies.rules.aws.types import CLUSTER, INSTANCE
from policies.rules.sides import linked
from policies.stack.databases import TYPES, databases
from policies.verdict import Undecided

ROOT = Path(__file__).resolve().parents[2]

DATABASE = "gcp:sql/database:Database"

NAMES = {CLUSTER: "databaseName", INSTANCE: "dbName"}
"""Where AWS is told how the application's database is called (``database.name``); a restored one has its own name."""


def _text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _more_than_nothing(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < float("inf")


FIELDS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "database": ("the name of the database (database.name)", _text),
    "backup": ("the backup that was restored", _text),
    "restored_at": ("a moment such as 2026-10-01T05:12:00Z", lambda value: _moment(value) is not None),
    "migration": ("the last migration that the copy had", _text),
    "rows_checked": ("a number above 0", lambda value: isinstance(value, int) and _more_than_nothing(value)),
    "seconds": ("how long the restore took, above 0", _more_than_nothing),
}
"""Every field of the evidence: what it must be, and the test of it. More fields may be there."""


def drilled(root: Path = ROOT) -> StackJudge:
    """A judge of the evidence at ``evidence`` below *root*: missing, unreadable, older than ``days``, or of the future.

    A drill is as old as the backup that it restored (``taken_at``): else drills would stay green when backups have stopped.
    """

    def judge(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
        wanted = list(_wanted(stack))
        if not config["evidence"] or not wanted:
            return
        name = config["evidence"].replace("{stack}", stack.name)
        try:
            given = json.loads((root / name).read_text())
        except (OSError, ValueError) as error:
            why = "is missing" if isinstance(error, FileNotFoundError) else "cannot be read"
            yield None, f"the evidence of a restore drill {name} {why}"
            return
        shown: dict[str, datetime] = {}
        for number, entry in enumerate(given if isinstance(given, list) else [given], 1):
            wrong = list(_problems(entry))
            yield from ((None, f"{name}, drill {number}: {problem}") for problem in wrong)
            if not wrong:
                at = min(filter(None, (_moment(entry["restored_at"]), _moment(entry.get("taken_at")))))
                shown[entry["database"]] = max(at, shown.get(entry["database"], at))
        yield from ((None, f"{name}: {problem}") for problem in _ages(stack, shown, config["days"]))
        for urn, database in wanted:
            if database is UNKNOWN:
                yield Undecided(("name",), urn)
            elif database not in shown and (shown == {} or database is not ABSENT):
                yield urn, f"{name} shows no drill of this database"

    return judge


def _wanted(stack: Stack) -> Iterator[tuple[str, Any]]:
    """(URN, name) of every database that a drill must have restored; ABSENT: its name is not known here, any drill will do."""
    for database in databases(stack):
        if database.replica:
            continue
        if database.resource.type in NAMES:
            yield database.urn, database.resource.fact(NAMES[database.resource.type])
            continue
        own = linked(stack, database.urn, DATABASE, "instance")
        yield from ((one.urn, one.fact("name")) for one in own) if own else ((database.urn, ABSENT),)


def _problems(entry: Any) -> Iterator[str]:
    """What is wrong with one drill. Values are not repeated: they come from a database."""
    if not isinstance(entry, dict):
        yield f"must be an object with {', '.join(FIELDS)}"
        return
    for field, (what, holds) in FIELDS.items():
        if field not in entry:
            yield f"'{field}' is missing: {what}"
        elif not holds(entry[field]):
            yield f"'{field}' must be {what}"


def _ages(stack: Stack, shown: Mapping[str, datetime], days: int) -> Iterator[str]:
    # Today ends last at UTC-12: what is later than that is of the future, wherever this runs.
    tomorrow = datetime.combine(stack.today + timedelta(days=1), time(12), UTC)
    for at in shown.values():
        if at >= tomorrow:
            yield "'restored_at' is in the future"
        elif (age := (stack.today - at.date()).days) > days:
            yield f"the last drill, or the backup that it restored, is {age} days old, more than {days} (days)"


def _moment(value: Any) -> datetime | None:
    """A moment, in UTC; nothing for what is none or has no zone."""
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else None
    except (TypeError, ValueError, OverflowError):
        return None


RULES = (
    StackRule(
        id="restore-drill-recent",
        title="A backup was restored not long ago",
        severity="high",
        remediation="Run `python -m operations drill` for the stack and commit the evidence that it writes.",
        docs="policies/stack/README.md#restore-drill",
        judge=drilled(),
        types=(*TYPES, DATABASE),
        config={
            "evidence": ConfigKey("string", "evidence/{stack}.json", "File of the evidence; empty: no evidence is asked for."),
            "days": ConfigKey("integer", 35, "Age of the last drill at most: a month, and some days to look at it.", minimum=1),
        },
        dev="disabled",
        prod="advisory",
    ),
)
