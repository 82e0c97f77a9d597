"""The real Google Cloud stacks keep to the rules; a golden one on the real engine, and with a mutation for every rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from policies.catalogue import RULES
from policies.judge import judge, of_resource
from policies.levels import config_of, file_of, load
from policies.resource import UNKNOWN, Stack
from policies.rule import Rule
from policies.rules import cache, containers, database, durability, edge, logs, network, own, registry, secrets, storage, upkeep
from policies.verdict import Undecided
from policies.waivers import FILE
from policies.waivers import load as load_waivers
from tests.policies.analyzed import analyze
from tests.policies.cases import Case
from tests.policies.gcp_cases import rest
from tests.policies.golden import broken, real, with_more
from tests.policies.test_gcp_rules import CASES

TABLES = (database, durability, upkeep, network, containers, edge, cache, storage, registry, secrets, logs, own)
OWN = tuple(rule for table in TABLES for rule in table.RULES)
IDS = frozenset(rule.id for rule in OWN)
FIRST = {(case.rule, case.type): number for number, case in reversed([*enumerate(CASES)]) if case.properties[0].bad}
BREAKING = {number: CASES[number] for number in sorted(FIRST.values()) if not isinstance(CASES[number], rest.Asked)}
"""The first mutation for each rule and type. Keys of the stack are asked for by configuration only."""


def golden() -> Stack:
    """The real production stack once it is deployed: versions of secrets have numbers then."""
    stack = real("gcp-prod")
    return replace(stack, resources=tuple(replace(one, props=_numbered(one.props)) for one in stack.resources))


def _numbered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: "1" if key == "version" and item is UNKNOWN else _numbered(item) for key, item in value.items()}
    return [_numbered(item) for item in value] if isinstance(value, list) else value


def told_of(stack: Stack) -> set[tuple[str, str]]:
    """(rule, URN) of the violations that stop a deployment, none waived."""
    settings = load(file_of(stack.tier), RULES)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=(), rules=OWN)
    return {(finding.rule, finding.urn) for finding in report.violations}


@pytest.mark.parametrize("name", ["gcp-dev", "gcp-prod"])
def test_a_real_stack_passes_and_nothing_of_it_is_undecided(name: str) -> None:
    stack, waivers = real(name), load_waivers(FILE, RULES)
    settings = load(file_of(stack.tier), RULES)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=waivers, rules=OWN)
    assert [(finding.rule, finding.urn, finding.verdict.message) for finding in report.violations] == []
    assert [(finding.rule, finding.verdict.message) for finding in report.undecided] == []


def test_production_keeps_to_every_rule() -> None:
    """Without a waiver, and to those too that only advise."""
    settings = load(file_of("prod"), RULES)
    report = judge(real("gcp-prod"), enforcement=settings.enforcement, config=settings.config, waivers=(), rules=OWN)
    assert [(finding.rule, finding.urn) for finding in report.findings] == []


def test_what_development_does_without_is_advice() -> None:
    """What it lacks on purpose: protection, a standby, a load balancer in front of what is public."""
    stack = real("gcp-dev")
    settings = load(file_of("dev"), RULES)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=(), rules=OWN)
    assert {finding.rule for finding in report.findings} == {
        "cache-failover",
        "database-deletion-protected",
        "database-final-backup",
        "database-highly-available",
        "service-ingress-limited",
        "service-invokers-limited",
    }


@pytest.mark.parametrize("name", ["gcp-dev", "gcp-prod"])
def test_what_a_first_preview_cannot_decide(name: str) -> None:
    """It passes each resource without its edges, so new accounts and new versions of secrets are just unknown: what
    policies/undecided.json may name. Everybody and 'latest' are words, which are always known."""
    rules = [rule for rule in OWN if isinstance(rule, Rule)]
    bare = [replace(one, property_depends_on={}) for one in real(name).resources]
    found = {
        rule.id
        for rule in rules
        for one in bare
        for verdict in of_resource(rule, one, config_of(rule, None))
        if isinstance(verdict, Undecided)
    }
    assert found == {"bucket-not-public", "container-secrets-pinned", "granted-to-named", "service-invokers-limited"}


@pytest.mark.parametrize("number", BREAKING, ids=lambda number: str(CASES[number]))
def test_a_mutation_is_told_of(number: int) -> None:
    wrong = broken(real("gcp-prod"), CASES[number], number)
    alone = replace(real("gcp-prod"), resources=(wrong,))  # a rule about one resource needs no other
    assert (CASES[number].rule, wrong.urn) in told_of(alone)


def test_every_rule_has_a_mutation() -> None:
    of_google = {rule.id for rule in OWN if isinstance(rule, Rule) and any(token.startswith("gcp:") for token in rule.checks)}
    asked = {case.rule for case in CASES if isinstance(case, rest.Asked)}
    assert {case.rule for case in BREAKING.values()} == of_google - asked


def test_the_golden_stack_passes_on_the_real_engine(tmp_path: Path) -> None:
    found = analyze(tmp_path, golden(), file_of("prod"))
    assert found.told or found.code == 0, found.errors
    assert [one for one in found.told if one.rule in IDS] == []


def test_every_mutation_is_told_of_on_the_real_engine(tmp_path: Path) -> None:
    stack = golden()
    cases: list[tuple[int, Case]] = list(BREAKING.items())
    made = {number: broken(stack, case, number) for number, case in cases}
    found = analyze(tmp_path, with_more(stack, *made.values()), file_of("prod"))
    assert found.code != 0
    wanted = {(case.rule, made[number].urn) for number, case in cases}
    assert wanted - {(one.rule, one.urn) for one in found.told if one.level == "mandatory"} == set()
