"""Real stacks of the program, and ways of breaking them: for the tests of the rules, of whichever cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from operations.review.graph import stack_of
from policies.catalogue import RULES
from policies.resource import Resource, Stack
from policies.rule import StackRule
from policies.verdict import Undecided
from tests.policies.cases import FAILS, HOLDS, UNDECIDED, Case, put
from tests.policies.runtime_args import runtime_config, runtime_props, urn_of

ROOT = Path(__file__).resolve().parents[2]
Breaking = Callable[[Stack], Stack]


@cache
def real(name: str) -> Stack:
    """The stack ``Pulumi.<name>.yaml``, as its program makes it."""
    return stack_of(ROOT, name)


def named(stack: Stack, name: str) -> Resource:
    (found,) = (one for one in stack.resources if one.name == name)
    return found


def broken(stack: Stack, case: Case, number: int) -> Resource:
    """A second resource of *case*'s type, like the first in *stack* but for what *case* says is wrong; *number* tells two of one
    rule apart."""
    like = next(iter(stack.of_type(case.type)), None)
    name = f"broken-{case.rule}-{number}"
    if like is None:
        urn = urn_of(case.type, name).replace(":test:", f":{stack.name}:")
        return Resource(urn=urn, type=case.type, name=name, props=case.broken, stack=stack.name)
    props = {key: value for key, value in like.props.items() if key not in case.props}
    return replace(like, urn=like.urn.rpartition("::")[0] + f"::{name}", name=name, props={**props, **case.broken})


def with_more(stack: Stack, *more: Resource) -> Stack:
    return replace(stack, resources=(*stack.resources, *more))


def edited(name: str, /, *, edges: Mapping[str, Iterable[str]] | None = None, **props: Any) -> Breaking:
    """*props* of the resource *name* changed, and the names of the resources that its *edges* lead to."""

    def edit(stack: Stack) -> Stack:
        it = named(stack, name)
        ways = {key: tuple(named(stack, to).urn for to in names) for key, names in (edges or {}).items()}
        known = {**it.property_depends_on, **ways}
        made = replace(it, props={**it.props, **props}, property_depends_on=known, depends_on=() if ways else it.depends_on)
        return replace(stack, resources=tuple(made if one is it else one for one in stack.resources))

    return edit


def at(name: str, path: str, value: Any) -> Breaking:
    """*value* at *path* (``settings.tier``) of the resource *name*."""
    return lambda stack: edited(name, **put(named(stack, name).props, path, value))(stack)


def lacking(name: str, *keys: str) -> Breaking:
    """The resource *name* without the properties *keys*."""

    def lack(stack: Stack) -> Stack:
        it = named(stack, name)
        made = replace(it, props={key: value for key, value in it.props.items() if key not in keys})
        return replace(stack, resources=tuple(made if one is it else one for one in stack.resources))

    return lack


def dropped(*names: str) -> Breaking:
    return lambda stack: replace(stack, resources=tuple(one for one in stack.resources if one.name not in names))


def without_types(*tokens: str) -> Breaking:
    return lambda stack: replace(stack, resources=tuple(one for one in stack.resources if one.type not in tokens))


def copied(name: str, to: str, /, **more: Any) -> Breaking:
    """A second resource like *name*, called *to*, and then :func:`edited`."""

    def copy(stack: Stack) -> Stack:
        it = named(stack, name)
        made = replace(it, urn=it.urn.rpartition("::")[0] + f"::{to}", name=to)
        return edited(to, **more)(with_more(stack, made))

    return copy


def then(*breakings: Breaking) -> Breaking:
    def all_of(stack: Stack) -> Stack:
        for one in breakings:
            stack = one(stack)
        return stack

    return all_of


class Row(NamedTuple):
    """What a stack rule says of a stack after *breaking* it."""

    rule: str
    done: str
    breaking: Breaking
    verdict: str
    at: str = ""
    """Name of the resource that is told of; empty: the stack."""
    config: dict[str, Any] = {}

    def __str__(self) -> str:
        return f"{self.rule}: {self.done}"

    def check(self, stack: Stack) -> None:
        """On plain values and on the SDK's proxies alike."""
        stack, rule = self.breaking(stack), of(self.rule)
        found = said(rule, stack, **self.config)
        assert found == said(rule, as_at_runtime(stack), **self.config), "something else on the runtime's proxies"
        assert (found == []) if self.verdict == HOLDS else (self.verdict, self.at) in found
        assert self.verdict == HOLDS or FAILS not in {verdict for verdict, _ in found} - {self.verdict}


def of(id_: str) -> StackRule:
    (rule,) = (rule for rule in RULES if rule.id == id_)
    assert isinstance(rule, StackRule)
    return rule


def said(rule: StackRule, stack: Stack, **config: Any) -> list[tuple[str, str]]:
    """(verdict, name of the resource) of everything that *rule* says."""
    found = rule.judge(stack, runtime_config(rule, **config))
    pairs = [(UNDECIDED, one.urn) if isinstance(one, Undecided) else (FAILS, one[0] or "") for one in found]
    return [(verdict, urn.rpartition("::")[2]) for verdict, urn in pairs]


PROXIED: dict[int, tuple[Resource, Resource]] = {}
"""By identity: a resource with plain properties, and it with proxies. Most of a stack is the same after each breaking."""


def as_at_runtime(stack: Stack) -> Stack:
    """With properties as the SDK's proxies."""
    return replace(stack, resources=tuple(map(_proxied, stack.resources)))


def _proxied(plain: Resource) -> Resource:
    if id(plain) not in PROXIED:
        PROXIED[id(plain)] = plain, replace(plain, props=runtime_props(plain.props))
    return PROXIED[id(plain)][1]
