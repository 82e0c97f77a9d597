"""Nothing that holds data escapes the rules."""

from __future__ import annotations

from dataclasses import replace

import pytest

from policies.catalogue import RULES as CATALOGUE
from policies.resource import Stack
from policies.rules.aws.types import BUCKET, CLUSTER
from policies.stack.coverage import GENERIC, OTHERS, RULES, claims, covered
from policies.stateful import STATEFUL
from tests.policies.runtime_args import resource
from tests.policies.stacks import of, real, told, without

RULE = of(RULES, "data-covered")


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod", "local"])
def test_the_real_stacks_are_covered(name: str) -> None:
    assert told(RULE, real(name)) == []


def test_every_type_that_holds_data_has_a_rule() -> None:
    assert not sorted(set(STATEFUL) - claims(CATALOGUE))
    assert set(GENERIC) <= {rule.id for rule in CATALOGUE}


def test_a_type_without_a_rule() -> None:
    others = [rule for rule in CATALOGUE if BUCKET not in claims([rule])]
    rule = replace(RULE, judge=covered(lambda: others))
    names = {name for name, _ in told(rule, real("prod"))}  # type: ignore[misc]
    assert names == {"backups-bucket", "bucket-static-bucket", "network-logs"}


def test_generic_rules_cover_nothing() -> None:
    rule = replace(RULE, judge=covered(lambda: [one for one in CATALOGUE if one.id in GENERIC]))
    assert len(told(rule, real("prod"))) == len(real("prod").of_type(*STATEFUL))


@pytest.mark.parametrize("token", OTHERS)
def test_a_type_that_this_program_does_not_make(token: str) -> None:
    database = resource(CLUSTER, {}, name="db", runtime=False)
    stack = Stack("test", "prod", "aws", (database, resource(token, {}, runtime=False)))
    assert ("it", f"{token} holds data but is not in policies/stateful.py, so nothing guards it") in told(RULE, stack)


def test_a_type_is_in_one_of_the_tables() -> None:
    assert not set(OTHERS) & set(STATEFUL)


def test_a_stack_whose_databases_no_rule_finds() -> None:
    sentence = "no rule about databases has found one in this stack: they would all pass, whatever the database is like"
    for name in ("dev", "gcp-prod"):
        stack = without(
            real(name), lambda one: one.type in ("aws:rds/cluster:Cluster", "gcp:sql/databaseInstance:DatabaseInstance")
        )
        assert told(RULE, stack) == [("", sentence)]
    assert told(RULE, Stack("test", "prod", "local", ())) == [], "an empty stack has nothing to lose"
