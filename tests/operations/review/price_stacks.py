"""Stacks for tests of what things cost: the real ones, and small ones written by hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

from operations.review.graph import stack_of
from policies.resource import Resource, Stack, Tier
from policies.values import UNKNOWN
from tests.recorder import ROOT

UNTOLD = UNKNOWN
"""A value that a preview does not know."""


@cache
def real(name: str) -> Stack:
    """A real stack of this repository, as a review sees it."""
    return stack_of(ROOT, name)


def resource(kind: str, name: str, component: str = "database", **props: Any) -> Resource:
    urn = f"urn:pulumi:test::managed-postgres::{kind}::{name}"
    return Resource(urn=urn, type=kind, name=name, props=props, component=component, stack="test")


def stack(*resources: Resource, provider: str = "aws", tier: Tier = "dev") -> Stack:
    return Stack(name="test", tier=tier, provider=provider, resources=resources)


def with_props(of: Stack, kind: str, **props: Any) -> Stack:
    """*of*, with other properties for all resources of that type."""
    changed = (replace(each, props={**each.props, **props}) if each.type == kind else each for each in of.resources)
    return replace(of, resources=tuple(changed))
