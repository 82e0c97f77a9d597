"""A stack stays within its budget, and what has no price is said."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from operations.errors import Refused
from operations.review.cost import Estimate, Line, estimate
from operations.review.prices.table import Prices
from policies.resource import Stack
from policies.stack.cost import RULES, within
from policies.verdict import Undecided
from tests.policies.runtime_args import resource
from tests.policies.stacks import of, real, told

RULE = of(RULES, "cost-budget")


def line(name: str, quantity: float | None = 1.0, sku: str = "a", kind: str = "aws:x/y:Z") -> Line:
    """Something that is charged and has no price."""
    return Line(f"urn:pulumi:t::p::{kind}::{name}", kind, "", "what", sku, quantity, quantity, None)


def judging(*lines: Line) -> Any:
    return replace(RULE, judge=within(lambda stack: Estimate(lines, "r")))


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod", "local"])
def test_the_real_stacks_stay_within_their_budget(name: str) -> None:
    assert told(RULE, real(name)) == []
    assert name == "local" or estimate(real(name)).monthly > 50, "there is something to pay"


def test_the_budget_is_configured() -> None:
    stack = real("prod")
    cost = estimate(stack).monthly
    assert told(RULE, stack, monthly_usd=cost + 0.01) == []
    assert told(RULE, stack, monthly_usd=100) == [("", "costs more than 100 US dollars a month (monthly_usd)")]


def test_what_has_no_price_is_said() -> None:
    rule = judging(line("one"), line("two"), line("three", sku="", kind="gcp:a/b:C"))
    assert told(rule, real("local")) == [
        ("one", "2 charge(s) of aws:x/y:Z have no price, so the estimate is too low"),
        ("three", "1 charge(s) of gcp:a/b:C have no price, so the estimate is too low"),
    ]


def test_a_quantity_that_is_not_known_yet() -> None:
    late = line("one", quantity=None)
    assert told(judging(late, late), real("local")) == [Undecided(("quantity",), late.urn)]


def test_a_type_that_nobody_has_priced() -> None:
    stack = Stack("test", "prod", "aws", (resource("aws:dynamodb/table:Table", {}, name="t", runtime=False),))
    assert told(RULE, stack) == [("t", "1 charge(s) of aws:dynamodb/table:Table have no price, so the estimate is too low")]


def test_an_empty_table_is_not_free() -> None:
    empty = Prices("aws", "ap-northeast-1")
    rule = replace(RULE, judge=within(lambda stack: estimate(stack, empty)))
    assert len(told(rule, real("dev"))) > 5


def test_a_broken_table_is_a_violation() -> None:
    def broken(stack: Stack) -> Estimate:
        raise Refused("The price table aws.json is broken: x is missing.")

    assert told(replace(RULE, judge=within(broken)), real("dev")) == [
        ("", "cannot be priced: The price table aws.json is broken: x is missing")
    ]
