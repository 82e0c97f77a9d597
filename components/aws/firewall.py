"""Security groups without rules, and the pair of rules that lets one group reach another. Nothing is open to addresses."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.aws.iam import Text
from components.component import Component
from components.names import Scope


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
    ingress, egress = f"{component.name}-{role}-ingress", f"{component.name}-{role}-egress"
    return (
        aws.vpc.SecurityGroupIngressRule(
            ingress,
            security_group_id=target.id,
            referenced_security_group_id=source.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=scope.named(ingress),
            opts=component.child(),
        ),
        aws.vpc.SecurityGroupEgressRule(
            egress,
            security_group_id=source.id,
            referenced_security_group_id=target.id,
            ip_protocol="tcp",
            from_port=port,
            to_port=port,
            description=description,
            tags=scope.named(egress),
            opts=component.child(),
        ),
    )
