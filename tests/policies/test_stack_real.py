"""The repository's five stacks, judged by all stack rules of this folder as ``review`` does it, at their tier's levels."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import pytest

from policies.judge import judge
from policies.levels import config_of
from policies.resource import Resource, Stack
from policies.rule import StackRule
from policies.stack import alarms, backups, cost, coverage, drill, lifecycle, logs, parity, protection
from tests.policies.stacks import NAMES, real

MODULES: tuple[ModuleType, ...] = (alarms, backups, logs, protection, lifecycle, parity, cost, drill, coverage)
OURS: tuple[StackRule, ...] = tuple(rule for module in MODULES for rule in module.RULES)


@pytest.mark.parametrize("name", NAMES)
def test_a_real_stack_passes_at_its_levels(name: str) -> None:
    stack = replace(real(name), others=tuple(real(other) for other in NAMES if other != name))
    levels = {rule.id: rule.prod if stack.tier == "prod" else rule.dev for rule in OURS}
    config = {rule.id: config_of(rule, None) for rule in OURS}
    report = judge(stack, enforcement=levels, config=config, waivers=(), rules=OURS)
    assert report.violations == ()
    assert report.undecided == (), "the review knows enough to decide each of them"
    assert [finding.rule for finding in report.findings if finding.rule != "restore-drill-recent"] == []


def test_the_work_grows_with_the_stack(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand databases are judged by look-ups: thirty times prod reads thirty times as many properties, not its square."""
    stack = real("prod")
    urns = {one.urn for one in stack.resources}

    def copy(number: int, one: Resource) -> Resource:
        def other(urn: str) -> str:
            return f"{urn}-{number}" if urn in urns else urn

        ways = {key: tuple(map(other, value)) for key, value in one.property_depends_on.items()}
        return replace(one, urn=other(one.urn), depends_on=tuple(map(other, one.depends_on)), property_depends_on=ways)

    read: list[str] = []
    fact = Resource.fact
    monkeypatch.setattr(Resource, "fact", lambda self, path: (read.append(path), fact(self, path))[1])

    def reads(given: Stack) -> int:
        read.clear()
        for rule in OURS:
            assert list(rule.judge(given, config_of(rule, None))) is not None
        return len(read)

    once = reads(replace(stack))
    assert once > 200
    large = tuple(copy(number, one) for number in range(30) for one in stack.resources)
    assert reads(replace(stack, resources=large)) <= 30 * once
