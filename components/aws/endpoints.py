"""Ways to AWS services that do not leave the network: S3 for nothing, others for an hourly price."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi_aws as aws

from components.aws.firewall import ingress_rule
from components.component import Component
from components.names import Scope

SERVICES = {"ecr": ("ecr.api", "ecr.dkr"), "logs": ("logs",), "secretsmanager": ("secretsmanager",), "rds": ("rds",)}
"""What ``network.interface_endpoints`` names, as AWS names it. Image layers come from S3."""


def gateway_endpoint(network: Component, scope: Scope, vpc: aws.ec2.Vpc) -> aws.ec2.VpcEndpoint:
    """The free way to S3. Route tables join it one by one, so that a new zone's table changes nothing here."""
    name = f"{network.name}-endpoint-s3"
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{scope.region}.s3",
        vpc_endpoint_type="Gateway",
        tags=scope.named(name),
        opts=network.child(),
    )


def interface_endpoints(
    network: Component, scope: Scope, vpc: aws.ec2.Vpc, services: Sequence[str], subnets: Sequence[aws.ec2.Subnet]
) -> list[aws.ec2.VpcEndpoint]:
    """Endpoints of *services* (:data:`SERVICES`) in each of *subnets*, under the services' usual names, for the network only."""
    if not services:
        return []
    name = f"{network.name}-endpoints-security-group"
    group = aws.ec2.SecurityGroup(
        name,
        name_prefix=f"{scope.physical(name, limit=99)}-",
        description="AWS services inside the network",
        vpc_id=vpc.id,
        tags=scope.named(name),
        opts=network.child(),
    )
    ingress_rule(
        network,
        scope,
        "endpoints-ingress",
        group=group,
        port=443,
        description="HTTPS from the network",
        addresses=vpc.cidr_block,
    )
    return [_interface(network, scope, vpc, part, group, subnets) for service in services for part in SERVICES[service]]


def _interface(
    network: Component,
    scope: Scope,
    vpc: aws.ec2.Vpc,
    service: str,
    group: aws.ec2.SecurityGroup,
    subnets: Sequence[aws.ec2.Subnet],
) -> aws.ec2.VpcEndpoint:
    name = f"{network.name}-endpoint-{service.replace('.', '-')}"
    return aws.ec2.VpcEndpoint(
        name,
        vpc_id=vpc.id,
        service_name=f"com.amazonaws.{scope.region}.{service}",
        vpc_endpoint_type="Interface",
        private_dns_enabled=True,
        security_group_ids=[group.id],
        subnet_ids=[subnet.id for subnet in subnets],
        tags=scope.named(name),
        opts=network.child(),
    )
