"""IAM: policy documents with a stable text, and roles that one service may take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.names import Scope

Statement = dict[str, Any]
Text = pulumi.Input[str]


def statement(
    actions: Sequence[str],
    resources: Sequence[Text] | pulumi.Output[list[str]] | None,
    *,
    effect: str = "Allow",
    principals: Mapping[str, Any] | str | None = None,
    condition: Mapping[str, Any] | None = None,
) -> Statement:
    """One statement of a policy. *principals* only in policies of resources (keys, buckets, topics), never of roles.

    *resources* is None where the policy is about the thing it hangs on: a role's trust, a repository.
    """
    found: Statement = {"Effect": effect, "Action": sorted(actions)}
    if resources is not None:
        found["Resource"] = resources if isinstance(resources, pulumi.Output) else list(resources)
    if principals is not None:
        found["Principal"] = principals
    if condition is not None:
        found["Condition"] = dict(condition)
    return found


def tls_only(actions: Sequence[str], resources: Sequence[Text]) -> Statement:
    """Refuses *actions* to everybody who does not come over TLS."""
    insecure = {"Bool": {"aws:SecureTransport": "false"}}
    return statement(actions, resources, effect="Deny", principals="*", condition=insecure)


def document(statements: Sequence[Statement]) -> pulumi.Output[str]:
    """The JSON text of a policy, keys sorted: the same statements always give the same text."""
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": list(statements)}, sort_keys=True)


def service_role(
    component: Component,
    role: str,
    scope: Scope,
    *,
    service: str,
    account_id: Text | None = None,
    managed: Sequence[str] = (),
    statements: Sequence[Statement] = (),
) -> aws.iam.Role:
    """Role ``<component>-<role>`` that *service* (``ecs-tasks.amazonaws.com``) may take, for *account_id* only where given.

    *managed* are ARNs of AWS's own policies; *statements* become one inline policy. Whoever uses the role should also depend on
    its policies: see :func:`grant`.
    """
    condition = {"StringEquals": {"aws:SourceAccount": account_id}} if account_id is not None else None
    trust = statement(["sts:AssumeRole"], None, principals={"Service": service}, condition=condition)
    name = f"{component.name}-{role}"
    made = aws.iam.Role(
        name,
        name=scope.physical(name, limit=64),
        assume_role_policy=document([trust]),
        tags=scope.named(name),
        opts=component.child(),
    )
    for arn in managed:
        short = arn.rpartition("/")[2]
        aws.iam.RolePolicyAttachment(f"{name}-{short}", role=made.name, policy_arn=arn, opts=component.child())
    if statements:
        grant(component, role, made, statements)
    return made


def grant(component: Component, role: str, to: aws.iam.Role, statements: Sequence[Statement]) -> aws.iam.RolePolicy:
    """Inline policy ``<component>-<role>-policy`` of the role *to*; a workload that needs it at its start depends on it."""
    return aws.iam.RolePolicy(f"{component.name}-{role}-policy", role=to.id, policy=document(statements), opts=component.child())
