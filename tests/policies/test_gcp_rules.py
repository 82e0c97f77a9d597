"""Every Google Cloud check: pass, fail, unknown, absent, other type, other configuration; on the runtime's proxies and on plain
values."""

from __future__ import annotations

import pytest

from policies.catalogue import RULES
from policies.resource import UNKNOWN
from policies.rule import Rule
from policies.rules.gcp import types
from tests.policies.cases import FAILS, HOLDS, Case
from tests.policies.gcp_cases import containers, database, network, rest
from tests.policies.runtime_args import said

CASES: list[Case] = [*database.CASES, *network.CASES, *containers.CASES, *rest.CASES, *rest.KEYS]
GCP_RULES = [rule for rule in RULES if isinstance(rule, Rule) and any(token.startswith("gcp:") for token in rule.checks)]
ADDRESS = "gcp:compute/address:Address"


def of_google(rule: Rule) -> list[str]:
    return [token for token in rule.checks if token.startswith("gcp:")]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_check_answers_as_its_table_says(case: Case) -> None:
    wrong = [
        f"{done}: {found}, not {wanted}" for done, props, wanted in case.variants() if (found := case.verdict(props)) != wanted
    ]
    assert not wrong


@pytest.mark.parametrize("case", [case for case in CASES if case.strict], ids=str)
def test_a_configuration_makes_it_stricter(case: Case) -> None:
    assert case.verdict(case.props, **case.strict) == FAILS


@pytest.mark.parametrize("case", rest.KEYS, ids=str)
def test_a_key_of_the_stack_is_asked_for_by_configuration_only(case: Case) -> None:
    """Google encrypts everything in any case; the rule's ``google`` is false where no file says otherwise."""
    assert Case.verdict(case, {}) == HOLDS


@pytest.mark.parametrize("rule", GCP_RULES, ids=lambda rule: rule.id)
def test_every_rule_has_all_kinds_of_cases(rule: Rule) -> None:
    """For each of its types a value with which it fails, one that is unknown, one that is not there; and a configuration, where
    it has one."""
    own = [case for case in CASES if case.rule == rule.id]
    for token in of_google(rule):
        made = [variant for case in own if case.type == token for variant in case.variants()]
        done = {text.rpartition(" ")[2] for text, _, _ in made}
        assert {"is", "unknown", "absent"} <= done, token
        assert FAILS in {wanted for _, _, wanted in made}, token
    if rule.config:
        assert any(case.strict or isinstance(case, rest.Asked) for case in own), "no case gives it another configuration"


@pytest.mark.parametrize("rule", GCP_RULES, ids=lambda rule: rule.id)
def test_another_type_is_left_alone(rule: Rule) -> None:
    bad = next(case.broken for case in CASES if case.rule == rule.id and case.properties[0].bad)
    assert said(rule, ADDRESS, bad) == []


def test_nothing_known_at_all_never_fails_and_never_raises() -> None:
    """A first preview of somebody else's program: undecided at most."""
    for rule in GCP_RULES:
        for token in of_google(rule):
            props = {key: UNKNOWN for case in CASES if case.type == token for key in case.props}
            assert not [one for one in said(rule, token, props) if isinstance(one, str)], (rule.id, token)


def test_no_type_is_left_without_a_use() -> None:
    """Each token of the table of types stands in a check, or where a rule looks for what belongs together."""
    named = {value for name, value in vars(types).items() if name.isupper()}
    by_edges = {
        types.NETWORK,
        types.HTTP_PROXY,
        types.URL_MAP,
        types.ARMOR,
        types.SUBNETWORK,
        types.ACCOUNT,
        types.SERVICE_IDENTITY,
    }
    used = {token for rule in GCP_RULES for token in of_google(rule)}
    assert named - used <= by_edges
