"""Security groups without rules, single rules, and the pair of rules that lets one group reach another."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.component import Component
from components.names import Scope

ANYWHERE = "0.0.0.0/0"
"""All IPv4 addresses."""


def security_group(component: Component, scope: Scope, role: str, *, network_id: Text, description: str) -> aws.ec2.SecurityGroup:
    """Security group ``<component>-<role>-security-group``: it lets nothing in and nothing out until a rule says so."""
    name = f"{component.name}-{role}-security-group"
    return aws.ec2.SecurityGroup(
        name,
        name_prefix=f"{scope.physical(component.name, role)}-",
        description=description,
        vpc_id=network_id,
        tags=scope.named(name),
        opts=component.child(),
    )


def let_in(
    component: Component,
    scope: Scope,
    role: str,
    *,
    source: aws.ec2.SecurityGroup,
    target: aws.ec2.SecurityGroup,
    port: pulumi.Input[int],
    description: str,
) -> Sequence[pulumi.Resource]:
    """Rules ``<component>-<role>-ingress`` on *target* and ``-egress`` on *source*, children of *component*: TCP on *port*."""
    return (
        ingress_rule(component, scope, f"{role}-ingress", group=target, port=port, description=description, source=source),
        egress_rule(component, scope, f"{role}-egress", group=source, port=port, description=description, target=target),
    )


def ingress_rule(
    component: Component,
    scope: Scope,
    role: str,
    *,
    group: aws.ec2.SecurityGroup,
    port: pulumi.Input[int],
    description: str,
    source: aws.ec2.SecurityGroup | None = None,
    addresses: Text | None = None,
) -> aws.vpc.SecurityGroupIngressRule:
    """Rule ``<component>-<role>``: TCP on *port* into *group*, from the group *source* or from *addresses* (a CIDR range)."""
    name = f"{component.name}-{role}"
    return aws.vpc.SecurityGroupIngressRule(
        name,
        security_group_id=group.id,
        referenced_security_group_id=source.id if source else None,
        cidr_ipv4=addresses,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        description=description,
        tags=scope.named(name),
        opts=component.child(),
    )


def egress_rule(
    component: Component,
    scope: Scope,
    role: str,
    *,
    group: aws.ec2.SecurityGroup,
    port: pulumi.Input[int],
    description: str,
    last_port: int | None = None,
    target: aws.ec2.SecurityGroup | None = None,
    addresses: Text | None = None,
) -> aws.vpc.SecurityGroupEgressRule:
    """Rule ``<component>-<role>``: TCP on *port* (to *last_port*) out of *group*, to the group *target* or to *addresses*."""
    name = f"{component.name}-{role}"
    return aws.vpc.SecurityGroupEgressRule(
        name,
        security_group_id=group.id,
        referenced_security_group_id=target.id if target else None,
        cidr_ipv4=addresses,
        ip_protocol="tcp",
        from_port=port,
        to_port=port if last_port is None else last_port,
        description=description,
        tags=scope.named(name),
        opts=component.child(),
    )
