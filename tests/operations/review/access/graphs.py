"""Stacks of a few resources with the edges between them, as a preview knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from operations.review.access.way import Grant
from operations.review.graph import stack_of
from operations.review.posture import Posture, posture
from policies.resource import Resource, Stack
from policies.values import UNKNOWN
from tests.recorder import ROOT


@cache
def real(name: str) -> Stack:
    """A stack of this repository."""
    return stack_of(ROOT, name)


@cache
def told(name: str) -> Posture:
    """What is told of it."""
    return posture(real(name))


def urn(kind: str, name: str) -> str:
    return f"urn:pulumi:test::managed-postgres::{kind}::{name}"


def made(kind: str, called: str, /, component: str = "", edges: Mapping[str, Resource] | None = None, **props: Any) -> Resource:
    """A resource. Each property in *edges* comes from another one, and is not known."""
    found = edges or {}
    return Resource(
        urn=urn(kind, called),
        type=kind,
        name=called,
        component=component or called,
        props={**dict.fromkeys(found, UNKNOWN), **props},
        depends_on=tuple(one.urn for one in found.values()),
        property_depends_on={key: (one.urn,) for key, one in found.items()},
        stack="test",
    )


def stack(provider: str, *resources: Resource) -> Stack:
    return Stack(name="test", tier="dev", provider=provider, resources=resources)


def of(provider: str, *resources: Resource) -> Posture:
    """What is told of a stack of *resources*."""
    return posture(stack(provider, *resources))


def ways(found: Posture) -> set[tuple[str, str, str]]:
    """From, to, ports."""
    return {(way.source, way.target, way.ports) for way in found.ways}


def rights(found: Posture) -> set[tuple[str, str, str]]:
    """Identity, verb, name."""
    return {(one.identity, one.verb, one.what) for one in found.grants}


def readers(grants: tuple[Grant, ...], what: str) -> set[str]:
    """Identities that may read the secret *what*."""
    return {one.identity for one in grants if one.what == what and one.verb == "read"}


def changed(stack: Stack, name: str, **props: Any) -> Stack:
    """*stack* with other properties of the resource *name*."""
    assert any(one.name == name for one in stack.resources)
    resources = (replace(one, props={**one.props, **props}) if one.name == name else one for one in stack.resources)
    return replace(stack, resources=tuple(resources))


def without(stack: Stack, name: str) -> Stack:
    """*stack* without the resource *name*."""
    left = tuple(one for one in stack.resources if one.name != name)
    assert len(left) == len(stack.resources) - 1
    return replace(stack, resources=left)
