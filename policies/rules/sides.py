"""Rules that need a whole stack: one judge from the judges of both clouds, and the ways between resources."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from policies.resource import Resource, Stack
from policies.rule import Check, Config, NotApplicable, StackJudge
from policies.verdict import Undecided

Side = StackJudge | Check | NotApplicable
"""What one cloud has for a stack rule: a judge, a check of each resource by itself, or the reason why there is nothing."""

Said = Iterator["tuple[str | None, str] | Undecided"]


def on_clouds(*, aws: Side, gcp: Side) -> StackJudge:
    """Both sides in one judge: types of different clouds never meet, so each is silent on the other's stacks."""
    judges = [_judge(side) for side in (aws, gcp) if not isinstance(side, NotApplicable)]

    def judge(stack: Stack, config: Config) -> Said:
        for one in judges:
            yield from one(stack, config)

    return judge


def linked(stack: Stack, urn: str, token: str, by: str) -> list[Resource]:
    """Resources of type *token* whose property *by* comes from *urn*. Edges are known in a preview, ARNs and ids are not."""
    return [one for one in stack.referrers(urn) if one.type == token and urn in one.property_depends_on.get(by, ())]


def needs(of: str, token: str, *, by: str, what: str) -> StackJudge:
    """Every resource of type *of* has one of type *token* that names it in property *by*; *what* is missing otherwise."""

    def judge(stack: Stack, config: Config) -> Said:
        for resource in stack.of_type(of):
            if not linked(stack, resource.urn, token, by):
                yield resource.urn, f"has no {what}: no {token.rpartition(':')[2]} names it in {by}"

    return judge


def together(*judges: StackJudge) -> StackJudge:
    """Everything that any of *judges* says."""

    def judge(stack: Stack, config: Config) -> Said:
        for one in judges:
            yield from one(stack, config)

    return judge


def _judge(side: StackJudge | Check) -> StackJudge:
    if not isinstance(side, Check):
        return side

    def judge(stack: Stack, config: Config) -> Said:
        for resource in stack.of_type(*side.types):
            for said in side.judge(resource, config):
                yield replace(said, urn=resource.urn) if isinstance(said, Undecided) else (resource.urn, said)

    return judge
