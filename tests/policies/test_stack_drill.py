"""The evidence of a restore drill: there, readable, of this database, not old and not of the future."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from policies.resource import UNKNOWN
from policies.stack.drill import FIELDS, RULES, drilled
from policies.verdict import Undecided
from tests.policies.stacks import TODAY, changed, of, real, told, without

RULE = of(RULES, "restore-drill-recent")

GOOD: dict[str, Any] = {
    "database": "reference",
    "backup": "daily/2026-11-01",
    "restored_at": "2026-11-01T05:12:09Z",
    "migration": "0007_index",
    "rows_checked": 1234,
    "seconds": 41.5,
}
FILE = "evidence/prod.json"


@pytest.fixture
def shown(tmp_path: Path) -> Any:
    """The rule with *content* (JSON, or a text as it is) as the evidence of prod."""

    def write(content: Any, name: str = FILE) -> Any:
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content if isinstance(content, str) else json.dumps(content))
        return replace(RULE, judge=drilled(tmp_path))

    return write


def test_good_evidence(shown: Any) -> None:
    assert told(shown(GOOD), real("prod")) == []
    assert told(shown([{**GOOD, "more": 1}]), real("prod")) == []
    assert told(shown(GOOD, "evidence/gcp-prod.json"), real("gcp-prod")) == []


def test_a_drill_is_as_old_as_the_backup_that_it_restored(shown: Any) -> None:
    (found,) = told(shown({**GOOD, "taken_at": "2026-09-01T18:00:00Z"}), real("prod"))
    assert "81 days old" in found[1]


def test_no_evidence(tmp_path: Path) -> None:
    rule = replace(RULE, judge=drilled(tmp_path))
    assert told(rule, real("prod")) == [("", f"the evidence of a restore drill {FILE} is missing")]
    assert told(rule, real("prod"), evidence="") == [], "it is not asked for"
    assert told(rule, real("local")) == [], "no database of a cloud"
    (tmp_path / FILE).mkdir(parents=True)
    assert told(rule, real("prod")) == [("", f"the evidence of a restore drill {FILE} cannot be read")]


@pytest.mark.parametrize("text", ["", "{", "\x00", '{"database": '])
def test_evidence_that_is_no_json(shown: Any, text: str) -> None:
    assert told(shown(text), real("prod")) == [("", f"the evidence of a restore drill {FILE} cannot be read")]


def test_evidence_that_is_no_text(shown: Any, tmp_path: Path) -> None:
    rule = shown(GOOD)
    (tmp_path / FILE).write_bytes(b"\xff\xfe\xff")
    assert told(rule, real("prod")) == [("", f"the evidence of a restore drill {FILE} cannot be read")]


@pytest.mark.parametrize("field", FIELDS)
def test_each_field_is_needed(shown: Any, field: str) -> None:
    less = {key: value for key, value in GOOD.items() if key != field}
    assert (f"'{field}' is missing: {FIELDS[field][0]}") in _sentences(told(shown(less), real("prod")))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("database", 7),
        ("backup", " "),
        ("migration", None),
        ("restored_at", "yesterday"),
        ("restored_at", "2026-11-01"),
        ("restored_at", "2026-11-01T05:12:09"),
        ("restored_at", 1793509929),
        ("restored_at", "0001-01-01T00:00:00+14:00"),
        ("rows_checked", 0),
        ("rows_checked", -1),
        ("rows_checked", 1.5),
        ("rows_checked", True),
        ("rows_checked", "1234"),
        ("seconds", 0),
        ("seconds", float("nan")),
        ("seconds", float("inf")),
        ("seconds", "41"),
    ],
)
def test_each_field_is_looked_at(shown: Any, field: str, value: Any) -> None:
    sentences = _sentences(told(shown({**GOOD, field: value}), real("prod")))
    assert f"'{field}' must be {FIELDS[field][0]}" in sentences
    assert f"{FILE} shows no drill of this database" in sentences, "what is broken shows nothing"


@pytest.mark.parametrize("content", ["text", 7, None, [[]], [7]])
def test_another_shape(shown: Any, content: Any) -> None:
    sentences = _sentences(told(shown(json.dumps(content)), real("prod")))
    assert any(sentence.startswith("must be an object with database") for sentence in sentences)


def test_an_empty_list_shows_nothing(shown: Any) -> None:
    assert told(shown([]), real("prod")) == [("database-cluster", f"{FILE} shows no drill of this database")]


def test_its_age_to_the_day(shown: Any) -> None:
    def at(days: int) -> str:
        return f"{TODAY - timedelta(days=days)}T12:00:00Z"

    assert told(shown({**GOOD, "restored_at": at(35)}), real("prod")) == []
    old = [("", f"{FILE}: the last drill, or the backup that it restored, is 36 days old, more than 35 (days)")]
    assert told(shown({**GOOD, "restored_at": at(36)}), real("prod")) == old
    assert told(shown({**GOOD, "restored_at": at(36)}), real("prod"), days=36) == []
    both = [{**GOOD, "restored_at": at(400)}, {**GOOD, "restored_at": at(1)}]
    assert told(shown(both), real("prod")) == [], "the newest counts"
    assert told(shown(both[::-1]), real("prod")) == [], "in whichever order"


def test_of_the_future(shown: Any) -> None:
    """Today is not over before it is over everywhere; a moment later is a lie or a broken clock."""
    end = datetime(TODAY.year, TODAY.month, TODAY.day + 1, 12, tzinfo=UTC)
    before = (end - timedelta(seconds=1)).isoformat()
    assert told(shown({**GOOD, "restored_at": before}), real("prod")) == []
    assert told(shown({**GOOD, "restored_at": end.isoformat()}), real("prod")) == [
        ("", f"{FILE}: 'restored_at' is in the future")
    ]


def test_of_another_database(shown: Any) -> None:
    assert told(shown({**GOOD, "database": "other"}), real("prod")) == [
        ("database-cluster", f"{FILE} shows no drill of this database")
    ]
    google = shown({**GOOD, "database": "other"}, "evidence/gcp-prod.json")
    assert told(google, real("gcp-prod")) == [("database-database", "evidence/gcp-prod.json shows no drill of this database")]


def test_a_name_that_is_not_in_the_stack(shown: Any) -> None:
    """A restored cluster has the name that its snapshot had."""
    restored = changed(real("prod"), "database-cluster", {"databaseName": None})
    assert told(shown(GOOD), restored) == []
    assert told(shown([]), restored) != []
    bare = without(real("gcp-prod"), lambda one: one.name == "database-database")
    assert told(shown(GOOD, "evidence/gcp-prod.json"), bare) == []


def test_a_name_that_is_not_known_yet(shown: Any) -> None:
    later = changed(real("prod"), "database-cluster", {"databaseName": UNKNOWN})
    urn = next(one.urn for one in later.resources if one.name == "database-cluster")
    assert told(shown(GOOD), later) == [Undecided(("name",), urn)]


def test_another_place(shown: Any) -> None:
    assert told(shown(GOOD, "x/y.json"), real("prod"), evidence="x/y.json") == []


def _sentences(given: Any) -> list[str]:
    """Without where it is."""
    return [one[1].removeprefix(f"{FILE}, drill 1: ") for one in given]
