"""The real stacks keep to the rules; a golden one on the real engine, and with a mutation for every rule."""

from __future__ import annotations

from pathlib import Path

import pytest

from policies.catalogue import RULES
from policies.judge import judge
from policies.levels import file_of, load
from policies.resource import Stack
from policies.rule import Rule
from policies.rules import (
    cache,
    containers,
    database,
    durability,
    edge,
    logs,
    network,
    own,
    registry,
    secrets,
    storage,
    upkeep,
)
from policies.waivers import FILE
from policies.waivers import load as load_waivers
from tests.policies.analyzed import analyze
from tests.policies.aws_golden import CASES, broken, golden
from tests.policies.cases import Case
from tests.policies.golden import real, with_more

TABLES = (database, durability, upkeep, network, containers, edge, cache, storage, registry, secrets, logs, own)
OWN = tuple(rule for table in TABLES for rule in table.RULES)
IDS = frozenset(rule.id for rule in OWN)
BREAKING = tuple(case for case in CASES if case.properties[0].bad)


def told_of(stack: Stack) -> set[tuple[str, str]]:
    """(rule, URN) of the violations that stop a deployment, none waived."""
    settings = load(file_of(stack.tier), RULES)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=(), rules=OWN)
    return {(finding.rule, finding.urn) for finding in report.violations}


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_a_real_stack_passes(name: str) -> None:
    waivers = load_waivers(FILE, RULES)
    stack = real(name)
    settings = load(file_of(stack.tier), RULES)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=waivers, rules=OWN)
    assert [(finding.rule, finding.urn, finding.verdict.message) for finding in report.violations] == []
    assert {finding.rule for finding in report.undecided} <= {"container-no-literal-secrets"}


def test_the_golden_stack_keeps_to_every_rule() -> None:
    assert told_of(golden()) == set()


@pytest.mark.parametrize("case", BREAKING, ids=str)
def test_a_mutation_is_told_of(case: Case) -> None:
    stack = golden()
    wrong = broken(stack, case)
    found = told_of(with_more(stack, wrong))
    assert (case.rule, wrong.urn) in found


def test_every_rule_has_a_mutation() -> None:
    of_aws = {rule.id for rule in OWN if isinstance(rule, Rule) and any(token.startswith("aws:") for token in rule.checks)}
    assert of_aws == {case.rule for case in BREAKING}


def test_the_golden_stack_passes_on_the_real_engine(tmp_path: Path) -> None:
    found = analyze(tmp_path, golden(), file_of("prod"))
    assert found.told or found.code == 0, found.errors
    assert [one for one in found.told if one.rule in IDS] == []


def test_every_mutation_is_told_of_on_the_real_engine(tmp_path: Path) -> None:
    stack = golden()
    wrong = {(case.rule, made.urn) for case in BREAKING for made in [broken(stack, case)]}
    found = analyze(tmp_path, with_more(stack, *(broken(stack, case) for case in BREAKING)), file_of("prod"))
    assert found.code != 0
    assert wrong - {(one.rule, one.urn) for one in found.told if one.level == "mandatory"} == set()
