"""The project's own stacks keep to the rules in their enforcement, judged in process and by the engine alike."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from operations.review.graph import stack_of
from policies import waivers
from policies.catalogue import RULES
from policies.judge import Report, judge, root_of
from policies.levels import file_of, load
from policies.resource import Stack
from tests.policies.analyzed import PACK, ROOT, Told, analyze, as_known

STACKS = sorted(path.name.split(".")[1] for path in ROOT.glob("Pulumi.*.yaml"))


@cache
def real(name: str) -> Stack:
    return stack_of(ROOT, name)


def judged(stack: Stack) -> Report:
    settings = load(file_of(stack.tier), RULES)
    given = waivers.load(waivers.FILE, RULES)
    return judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=given, rules=RULES)


@pytest.mark.parametrize("name", STACKS)
def test_a_real_stack_keeps_to_the_rules(name: str) -> None:
    others = tuple(real(other) for other in STACKS if other != name)
    report = judged(replace(real(name), others=others))
    assert [(one.rule, one.urn, one.verdict) for one in report.violations] == []
    assert (report.unused_waivers, report.expired_waivers) == ((), ())
    listed = json.loads((PACK / "undecided.json").read_text())
    assert {one.rule for one in report.undecided if one.level == "mandatory"} <= set(listed)


def test_every_waiver_is_used_somewhere() -> None:
    used = {item.waiver for name in STACKS for item in judged(real(name)).waived}
    assert [waiver for waiver in waivers.load(waivers.FILE, RULES) if waiver not in used] == []


@pytest.mark.parametrize("name", ["prod", "gcp-prod", "gcp-dev"])
def test_the_engine_judges_as_the_review_does(name: str, tmp_path: Path) -> None:
    """The same rules by two ways: what the pack says of the state is what ``judge`` says of the graph, word for word."""
    stack = real(name)
    known = replace(stack, resources=tuple(replace(one, props=as_known(one.props)) for one in stack.resources))
    report = judged(known)
    found = analyze(tmp_path, known, file_of(stack.tier))
    expected = {(one.rule, one.level, one.urn or root_of(known), one.verdict.message) for one in report.findings}
    assert {_short(one) for one in found.told if "undecided:" not in one.message} == expected
    assert (found.code == 0) == (not report.violations)


def _short(told: Told) -> tuple[str, str, str, str]:
    """Without the title before it and the remediation after."""
    rule = next(rule for rule in RULES if rule.id == told.rule)
    _, _, text = told.message.partition("\n")
    return told.rule, told.level, told.urn, text.removesuffix(f". {rule.remediation} ({rule.docs})")
