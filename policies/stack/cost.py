"""A stack stays within its monthly budget, by the price tables of ``operations/review``: list prices, no tax, no discounts.

This is the one place where the rules import ``operations``: the pack of a real preview judges by the same estimate as the review.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator

from operations.errors import OperationError
from operations.review.cost import Estimate, estimate
from policies.resource import Stack
from policies.rule import Config, ConfigKey, StackJudge, StackRule
from policies.verdict import Undecided


def within(estimated: Callable[[Stack], Estimate] = estimate) -> StackJudge:
    """A judge that compares what *estimated* knows with ``monthly_usd``. What it does not know is said, never taken for 0."""

    def judge(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
        try:
            found = estimated(stack)
        except OperationError as error:  # a broken price table; its sentences hold nothing of the stack
            yield from ((None, f"cannot be priced: {sentence.rstrip('.')}") for sentence in error.sentences)
            return
        budget = config["monthly_usd"]
        if found.monthly > budget:
            yield None, f"costs more than {budget} US dollars a month (monthly_usd)"
        later = [line for line in found.unknown if line.sku and line.quantity is None]
        for urn in dict.fromkeys(line.urn for line in later):
            yield Undecided(("quantity",), urn)
        counts = Counter(line.type for line in found.unknown if line not in later)
        first = {line.type: line.urn for line in reversed(found.unknown) if line not in later}
        for kind in sorted(counts):
            yield first[kind], f"{counts[kind]} charge(s) of {kind} have no price, so the estimate is too low"

    return judge


RULES = (
    StackRule(
        id="cost-budget",
        title="A stack costs no more than its budget",
        severity="medium",
        remediation="Take smaller sizes, or raise monthly_usd in policies/config; prices: `python -m operations prices refresh`.",
        docs="policies/stack/README.md#cost",
        judge=within(),
        config={"monthly_usd": ConfigKey("number", 1500, "US dollars a month at list prices, for each stack.", minimum=0)},
        dev="advisory",
    ),
)
