"""Environments differ only where somebody has said why: the stacks of one cloud, compared in a normalised shape.

``review`` hands in the other stacks (``Stack.others``). A real preview knows one stack and says nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from policies.errors import PolicyFileError
from policies.resource import Stack
from policies.rule import Config, StackJudge, StackRule
from policies.stack.allowed import Allowed, load
from policies.stack.shape import Shape, shape
from policies.verdict import Undecided

FILE = Path(__file__).resolve().parents[1] / "parity.yaml"

ORDER = ("dev", "staging", "prod")


def compared(file: Path = FILE) -> StackJudge:
    """A judge of differences that *file* does not allow, and of entries of it that allow nothing.

    The stack of the highest tier is what the others of its cloud are measured by, and speaks for all: two stacks would only say
    the same twice.
    """

    def judge(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
        others = [one for one in stack.others if one.provider == stack.provider and one.name != stack.name]
        if not others or max([stack, *others], key=_rank) is not stack:
            return
        try:
            allowed = [one for one in load(file) if one.cloud == stack.provider]
        except PolicyFileError as error:
            yield from ((None, sentence.rstrip(".")) for sentence in error.sentences)
            return
        used: set[Allowed] = set()
        own = shape(stack)
        for other in sorted(others, key=lambda one: one.name):
            for fact, how in _differences(own, shape(other)):
                found = [one for one in allowed if one.allows(fact, {stack.tier, other.tier})]
                used.update(found)
                if not found:
                    yield None, f"{fact} {how} stack {other.name}: make it the same, or allow it in {file.name} with a reason"
        tiers = {one.tier for one in (stack, *others)}
        for one in allowed:
            if one not in used and set(one.tiers) <= tiers:
                yield (
                    None,
                    f"{file.name} allows '{one.fact}' between {' and '.join(one.tiers)}, but nothing differs there: remove it",
                )

    return judge


def _rank(stack: Stack) -> tuple[int, str]:
    return ORDER.index(stack.tier), stack.name


def _differences(own: Shape, other: Shape) -> Iterator[tuple[str, str]]:
    """(fact, how) for every fact that is not the same, by name."""
    for fact in sorted({*own, *other}):
        if fact not in other:
            yield fact, "is here and not in"
        elif fact not in own:
            yield fact, "is not here but in"
        elif own[fact] != other[fact]:
            yield fact, "has another value in"


RULES = (
    StackRule(
        id="environment-parity",
        title="Environments are alike: types, engine versions, encryption in transit, database flags",
        severity="medium",
        remediation="Give both stacks the same settings, or write the difference and its reason into policies/parity.yaml.",
        docs="policies/stack/README.md#parity",
        judge=compared(),
        dev="mandatory",
    ),
)
