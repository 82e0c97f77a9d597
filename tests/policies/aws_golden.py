"""A stack on AWS that keeps to every rule: the real production stack, as its program makes it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from policies.resource import Resource, Stack
from policies.rules.aws import types as t
from policies.values import steps_of
from tests.policies.aws_cases import containers, database, network, rest
from tests.policies.cases import Case
from tests.policies.golden import edited, named, real

CASES: tuple[Case, ...] = (*database.CASES, *network.CASES, *containers.CASES, *rest.CASES)


def golden() -> Stack:
    """The real stack without its cache's secret, which nothing rotates (policies/waivers.yaml), but with an instance of RDS."""
    stack = real("prod")
    kept = [one for one in stack.resources if one.type != t.SECRET or one.component != "cache"]
    more = replace(stack, resources=(*kept, instance(stack)))
    return edited("backups-vault-selection", edges={"resources": ["database-cluster", "rds"]})(more)


def instance(stack: Stack) -> Resource:
    """An instance of RDS with what the tables say of one; AWS Backup has it too."""
    props: dict[str, Any] = {"tags": {"app": "shop", "environment": "production"}}
    for case in CASES:
        if case.type == t.INSTANCE and "replicateSourceDb" not in case.props:
            props.update(case.rendered(case.props))
    cluster = named(stack, "database-cluster")
    urn = cluster.urn.replace(t.CLUSTER, t.INSTANCE).replace("::database-cluster", "::rds")
    return replace(cluster, urn=urn, type=t.INSTANCE, name="rds", props=props)


def broken(stack: Stack, case: Case) -> Resource:
    """A second resource of *case*'s type, like the first in *stack* but for what *case* says is wrong."""
    name = f"broken-{case.rule}-{CASES.index(case)}"
    like = next(iter(stack.of_type(case.type)), None)
    if like is None:
        urn = f"urn:pulumi:{stack.name}::managed-postgres::{case.type}::{name}"
        return Resource(urn=urn, type=case.type, name=name, props=case.broken)
    same = [one for one in CASES if (one.rule, one.type) == (case.rule, case.type)]
    judged = {str(steps_of(path)[0]) for one in same for path in (*one.props, *(each.path for each in one.properties))}
    props = {key: value for key, value in like.props.items() if key not in judged}
    return replace(like, urn=like.urn.rpartition("::")[0] + f"::{name}", name=name, props={**props, **case.broken})
