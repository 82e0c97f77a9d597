"""Every AWS check: pass, fail, unknown, absent, other type, other configuration; on the runtime's proxies and on plain values."""

from __future__ import annotations

import pytest

from policies.catalogue import RULES
from policies.resource import UNKNOWN
from policies.rule import Rule
from policies.rules.customer_keys import ASK_GOOGLE
from tests.policies.aws_cases import containers, database, network, rest
from tests.policies.cases import FAILS, Case, rule_of
from tests.policies.runtime_args import said

CASES = [*database.CASES, *network.CASES, *containers.CASES, *rest.CASES]
AWS_RULES = [rule for rule in RULES if isinstance(rule, Rule) and any(token.startswith("aws:") for token in rule.checks)]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_check_answers_as_its_table_says(case: Case) -> None:
    wrong = [
        f"{done}: {found}, not {wanted}" for done, props, wanted in case.variants() if (found := case.verdict(props)) != wanted
    ]
    assert not wrong


@pytest.mark.parametrize("case", [case for case in CASES if case.strict], ids=str)
def test_a_configuration_makes_it_stricter(case: Case) -> None:
    assert case.verdict(case.props, **case.strict) == FAILS


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda rule: rule.id)
def test_every_rule_has_all_kinds_of_cases(rule: Rule) -> None:
    """For each of its types a value with which it fails, one that is unknown; and a configuration, where it has one."""
    own = [case for case in CASES if case.rule == rule.id]
    for token in rule.checks:
        if token.startswith("aws:"):
            made = [variant for case in own if case.type == token for variant in case.variants()]
            assert {"as it is", "unknown", "absent"} <= {
                done.rpartition(" ")[2] if done != "as it is" else done for done, _, _ in made
            }
            assert FAILS in {wanted for _, _, wanted in made}, token
    if rule.config and rule.config is not ASK_GOOGLE:
        assert any(case.strict for case in own), "no case gives it another configuration"


@pytest.mark.parametrize("rule", AWS_RULES, ids=lambda rule: rule.id)
def test_another_type_is_left_alone(rule: Rule) -> None:
    bad = next(case.broken for case in CASES if case.rule == rule.id and case.properties[0].bad)
    assert said(rule_of(rule.id), "aws:ec2/eip:Eip", bad) == []


def test_nothing_known_at_all_never_fails_and_never_raises() -> None:
    """A first preview of somebody else's program: undecided at most, unless a property must not be set."""
    for rule in AWS_RULES:
        for token in rule.checks:
            props = {key: UNKNOWN for case in CASES if case.type == token for key in case.props}
            if token.startswith("aws:"):
                assert not [one for one in said(rule, token, props) if isinstance(one, str)], (rule.id, token)
