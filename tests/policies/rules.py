"""Small rules for the tests of the machinery; the pack's own are tested beside their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from policies.checks import all_of, at_least, must_be
from policies.resource import Resource, Stack
from policies.rule import Check, Config, ConfigKey, Judge, NotApplicable, Rule, StackJudge, StackRule
from policies.verdict import Undecided

THING = "pulumi-python:dynamic:Resource"
"""A type that needs no provider plugin of a cloud."""


def rule(id_: str, judge: Judge, *, types: tuple[str, ...] = (THING,), **more: Any) -> Rule:
    given: dict[str, Any] = {"severity": "high", "dev": "advisory", "gcp": NotApplicable("nothing there"), **more}
    return Rule(
        id=id_,
        title=f"Title of {id_}",
        remediation=f"Mend {id_}.",
        docs=f"policies/README.md#{id_}",
        aws=Check(types, judge),
        **given,
    )


def stack_rule(id_: str, judge: StackJudge, **more: Any) -> StackRule:
    given: dict[str, Any] = {"severity": "low", "dev": "advisory", **more}
    return StackRule(
        id=id_, title=f"Title of {id_}", remediation=f"Mend {id_}.", docs=f"policies/README.md#{id_}", judge=judge, **given
    )


def raising(message: str = "hunter2") -> Callable[..., Iterator[Any]]:
    def judge(*_: Any) -> Iterator[Any]:
        raise KeyError(message)
        yield

    return judge


def lonely(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A violation of the stack, one of each thing that nothing depends on, and undecided where a thing is unknown."""
    yield None, "the stack has a fault"
    for thing in stack.of_type(THING):
        if not thing.fact("word") and thing.fact("word") is not thing.fact("nothing"):
            yield Undecided(("word",), thing.urn)
        if not stack.referrers(thing.urn):
            yield thing.urn, "nothing depends on it"


def leaking(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """What no rule may do: the value in the message."""
    yield f"word is {resource.fact('word')}"


ENCRYPTED = rule("encrypted", must_be("encrypted", True))
KEPT = rule(
    "kept",
    all_of(must_be("word", "known"), at_least("days", "minimum", default=0)),
    config={"minimum": ConfigKey("integer", 7, "days of backups", minimum=1, maximum=35)},
)
"""Asks for two facts: the second must be judged where the first is unknown."""
BROKEN = rule("broken", raising(), prod="advisory")
LONELY = stack_rule("lonely", lonely)

RULES = (ENCRYPTED, KEPT, BROKEN, LONELY)
