"""Stacks for the tests of stack rules: the real ones, as ``review`` sees them, and changes of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from operations.review.graph import stack_of
from policies.judge import of_stack
from policies.resource import Resource, Stack
from policies.rule import StackRule
from policies.verdict import Undecided
from tests.policies.runtime_args import runtime_config, runtime_props

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 11, 21)
NAMES = ("dev", "prod", "gcp-dev", "gcp-prod", "local")

Told = list["tuple[str, str] | Undecided"]


@cache
def real(name: str) -> Stack:
    """One of the repository's stacks, on a day that stays."""
    return replace(stack_of(ROOT, name), today=TODAY)


def changed(stack: Stack, name: str, props: dict[str, Any] | None = None, **options: Any) -> Stack:
    """*stack* with other properties of the resource *name* (None takes one away) and other resource options."""
    assert [one.name for one in stack.resources].count(name) == 1, f"{name} must be in the stack, once"
    given = props or {}

    def other(resource: Resource) -> Resource:
        if resource.name != name:
            return resource
        merged = {**resource.props, **given}
        return replace(resource, props={key: value for key, value in merged.items() if value is not None}, **options)

    return replace(stack, resources=tuple(map(other, stack.resources)))


def without(stack: Stack, gone: Callable[[Resource], bool]) -> Stack:
    """*stack* without the resources that *gone* picks; it must pick some."""
    left = tuple(one for one in stack.resources if not gone(one))
    assert len(left) < len(stack.resources)
    return replace(stack, resources=left)


def told(rule: StackRule, stack: Stack, **config: Any) -> Told:
    """What *rule* says: (name of the resource or "", sentence), and what it cannot decide.

    The same on plain values as on the runtime's proxies and floats, or the test fails here.
    """
    settings = runtime_config(rule, **config)
    plain = list(_said(rule, stack, settings))
    assert plain == list(_said(rule, replace(stack, resources=tuple(map(_proxied, stack.resources))), settings))
    return plain


def of(rules: tuple[StackRule, ...], id_: str) -> StackRule:
    return next(rule for rule in rules if rule.id == id_)


def _said(rule: StackRule, stack: Stack, settings: Any) -> Iterator[tuple[str, str] | Undecided]:
    for urn, verdict in of_stack(rule, stack, settings):
        yield verdict if isinstance(verdict, Undecided) else (urn.rpartition("::")[2], verdict.message)


_proxies: dict[int, tuple[Resource, Resource]] = {}


def _proxied(resource: Resource) -> Resource:
    """Kept by identity: a stack has hundreds of resources, and a test changes one."""
    kept = _proxies.get(id(resource))
    if kept is None or kept[0] is not resource:
        kept = _proxies[id(resource)] = resource, replace(resource, props=runtime_props(resource.props))
    return kept[1]
