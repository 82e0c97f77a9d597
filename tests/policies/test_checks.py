"""The one-line judges: pass, fail, unknown, absent, default, every element, on proxies and plain values alike."""

from __future__ import annotations

from typing import Any

import pytest

from policies import checks
from policies.resource import UNKNOWN
from policies.rule import ConfigKey, Judge
from policies.verdict import Undecided
from tests.policies.rules import THING, rule
from tests.policies.runtime_args import said

DAYS = {"days": ConfigKey("integer", 7, "days")}
OPEN = Undecided(("x",))
LISTED = {"items": [{"name": "log", "value": "ON"}, {"name": "ssl", "value": 1}]}
HALF_KNOWN = {"items": [{"name": "log", "value": "on"}, {"name": UNKNOWN, "value": "1"}]}

CASES: list[tuple[str, Judge, dict[str, Any], list[str | Undecided]]] = [
    ("must_be passes", checks.must_be("x", True), {"x": True}, []),
    ("must_be fails", checks.must_be("x", True), {"x": False}, ["x must be true"]),
    ("must_be absent", checks.must_be("x", "on"), {}, ["x must be 'on'"]),
    ("must_be null", checks.must_be("x", 5432), {"x": None}, ["x must be 5432"]),
    ("must_be default", checks.must_be("x", False, default=False), {}, []),
    ("must_be bad default", checks.must_be("x", False, default=True), {}, ["x must be false"]),
    ("must_be unknown", checks.must_be("x", True), {"x": UNKNOWN}, [OPEN]),
    ("must_be float", checks.must_be("x", 7), {"x": 7.0}, []),
    ("must_be list", checks.must_be("x", ["a"]), {"x": ["a"]}, []),
    (
        "must_be each",
        checks.must_be("x[*].y", False, default=False),
        {"x": [{"y": True}, {}, {"y": UNKNOWN}]},
        ["x[0].y must be false", Undecided(("x[2].y",))],
    ),
    ("must_be none of a list", checks.must_be("x[*].y", True), {"x": []}, []),
    ("must_be no list", checks.must_be("x[*].y", True), {}, ["x[*].y must be true"]),
    ("must_be in json", checks.must_be("x[*].y", True), {"x": '[{"y": false}]'}, ["x[0].y must be true"]),
    ("must_be_in passes", checks.must_be_in("x", ("a", "b")), {"x": "b"}, []),
    ("must_be_in fails", checks.must_be_in("x", ("a", "b")), {"x": "c"}, ["x must be one of 'a', 'b'"]),
    ("must_be_in absent", checks.must_be_in("x", ("a",)), {}, ["x must be one of 'a'"]),
    ("must_be_in unknown", checks.must_be_in("x", ("a",)), {"x": UNKNOWN}, [OPEN]),
    ("must_not_be_in passes", checks.must_not_be_in("x", ("root", 0)), {"x": "app"}, []),
    ("must_not_be_in fails", checks.must_not_be_in("x", ("root", 0)), {"x": 0}, ["x must be set and not be 'root' or 0"]),
    ("must_not_be_in absent", checks.must_not_be_in("x", ("a",)), {}, ["x must be set and not be 'a'"]),
    ("must_not_be_in default", checks.must_not_be_in("x", ("a",), default="b"), {}, []),
    ("must_not_be_in unknown", checks.must_not_be_in("x", ("a",)), {"x": UNKNOWN}, [OPEN]),
    ("at_least passes", checks.at_least("x", "days"), {"x": 7}, []),
    ("at_least fails", checks.at_least("x", "days"), {"x": 6}, ["x must be at least 7 (days)"]),
    ("at_least of text", checks.at_least("x", "days"), {"x": "30"}, []),
    ("at_least of no number", checks.at_least("x", "days"), {"x": "many"}, ["x must be at least 7 (days)"]),
    ("at_least absent", checks.at_least("x", "days"), {}, ["x must be at least 7 (days)"]),
    ("at_least default", checks.at_least("x", "days", default=7), {}, []),
    ("at_least unknown", checks.at_least("x", "days"), {"x": UNKNOWN}, [OPEN]),
    ("at_most passes", checks.at_most("x", "days"), {"x": 7}, []),
    ("at_most fails", checks.at_most("x", "days"), {"x": 8}, ["x must be at most 7 (days)"]),
    ("at_most of no number", checks.at_most("x", "days"), {"x": []}, ["x must be at most 7 (days)"]),
    ("at_most unknown", checks.at_most("x", "days"), {"x": UNKNOWN}, [OPEN]),
    ("must_have passes", checks.must_have("x"), {"x": "key"}, []),
    ("must_have absent", checks.must_have("x"), {}, ["x must be set"]),
    ("must_have empty", checks.must_have("x"), {"x": ""}, ["x must be set"]),
    ("must_have unknown", checks.must_have("x"), {"x": UNKNOWN}, []),
    ("must_be_absent passes", checks.must_be_absent("x"), {"y": 1}, []),
    ("must_be_absent null", checks.must_be_absent("x"), {"x": None}, []),
    ("must_be_absent fails", checks.must_be_absent("x"), {"x": "secret"}, ["x must not be set"]),
    ("must_be_absent unknown", checks.must_be_absent("x"), {"x": UNKNOWN}, ["x must not be set"]),
    ("must_contain passes", checks.must_contain("x", "a"), {"x": ["b", "a"]}, []),
    ("must_contain fails", checks.must_contain("x", "a", "b"), {"x": ["b"]}, ["x must contain 'a'"]),
    ("must_contain absent", checks.must_contain("x", "a"), {}, ["x must contain 'a'"]),
    ("must_contain unknown", checks.must_contain("x", "a"), {"x": UNKNOWN}, [OPEN]),
    ("must_contain half known", checks.must_contain("x", "a"), {"x": ["b", UNKNOWN]}, [OPEN]),
    ("must_contain known enough", checks.must_contain("x", "a"), {"x": ["a", UNKNOWN]}, []),
    ("parameter passes", checks.must_have_parameter("items", "log", ("on",)), LISTED, []),
    ("parameter number", checks.must_have_parameter("items", "ssl", (1,)), LISTED, []),
    ("parameter fails", checks.must_have_parameter("items", "ssl", (0, 2)), LISTED, ["items must hold ssl = 0 or 2"]),
    ("parameter missing", checks.must_have_parameter("items", "x", ("on",)), LISTED, ["items must hold x = on"]),
    ("parameter default", checks.must_have_parameter("items", "x", (1,), default=1), LISTED, []),
    ("parameter absent", checks.must_have_parameter("items", "x", ("on",)), {}, ["items must hold x = on"]),
    ("parameter unknown", checks.must_have_parameter("items", "x", ("on",)), {"items": UNKNOWN}, [Undecided(("items",))]),
    ("parameter half known", checks.must_have_parameter("items", "x", ("on",)), HALF_KNOWN, [Undecided(("items",))]),
    ("parameter known enough", checks.must_have_parameter("items", "log", ("on",)), HALF_KNOWN, []),
    (
        "all_of says all",
        checks.all_of(checks.must_be("x", 1), checks.must_be("y", 1)),
        {"x": UNKNOWN, "y": 2},
        [OPEN, "y must be 1"],
    ),
    ("any_of passes", checks.any_of(checks.must_be("x", 1), checks.must_be("y", 1)), {"x": UNKNOWN, "y": 1}, []),
    ("any_of fails", checks.any_of(checks.must_be("x", 1), checks.must_be("y", 1)), {"x": 2, "y": 2}, ["x must be 1"]),
    ("any_of undecided", checks.any_of(checks.must_be("y", 1), checks.must_be("x", 1)), {"x": UNKNOWN, "y": 2}, [OPEN]),
    ("only_when it is", checks.only_when("x", ("a",), checks.must_have("y")), {"x": "a"}, ["y must be set"]),
    ("only_when it is not", checks.only_when("x", ("a",), checks.must_have("y")), {"x": "b"}, []),
    ("only_when absent", checks.only_when("x", ("a",), checks.must_have("y")), {}, []),
    ("only_when default", checks.only_when("x", ("a",), checks.must_have("y"), default="a"), {}, ["y must be set"]),
    ("only_when unknown", checks.only_when("x", ("a",), checks.must_have("y")), {"x": UNKNOWN}, [OPEN]),
    ("only_when unknown but fine", checks.only_when("x", ("a",), checks.must_have("y")), {"x": UNKNOWN, "y": 1}, []),
]


@pytest.mark.parametrize(("judge", "props", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_judge(judge: Judge, props: dict[str, Any], expected: list[str | Undecided]) -> None:
    assert said(rule("one", judge, config=DAYS), THING, props) == expected


def test_the_configuration_moves_the_bound() -> None:
    one = rule("one", checks.at_least("x", "days"), config=DAYS)
    assert said(one, THING, {"x": 10}, days=14) == ["x must be at least 14 (days)"]
    assert said(one, THING, {"x": 5}, days=5) == []


def test_other_types_are_not_judged() -> None:
    assert said(rule("one", checks.must_have("x")), "a:b:Other", {}) == []
