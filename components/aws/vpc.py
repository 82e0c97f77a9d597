"""A VPC of our own: subnets in reserved slots, NAT, endpoints, routes, and a default group that lets nothing through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.aws.endpoints import gateway_endpoint, interface_endpoints
from components.aws.subnets import Subnets, block
from components.component import Component
from components.names import Scope
from components.settings.network import NetworkSettings


class Vpc:
    """The VPC's resources, as children of *network*.

    A subnet's id is read from its route table association, which waits for the routes and endpoints: a task that starts in the
    subnet reaches its image at once, and is gone before they are.
    """

    def __init__(self, network: Component, scope: Scope, settings: NetworkSettings, zones: Sequence[str]) -> None:
        self._network, self._scope, self._settings, self._zones = network, scope, settings, zones
        self.vpc = aws.ec2.Vpc(
            **self._called("vpc"), cidr_block=settings.cidr, enable_dns_hostnames=True, enable_dns_support=True
        )
        aws.ec2.DefaultSecurityGroup(**self._called("default-security-group"), vpc_id=self.vpc.id, ingress=[], egress=[])
        self._storage = gateway_endpoint(network, scope, self.vpc)
        public = self._public()
        self.subnets = Subnets(public=public, application=self._application(self._nats(public)), database=self._database())

    def _public(self) -> list[pulumi.Output[str]]:
        """Load balancers and NAT."""
        gateway = aws.ec2.InternetGateway(**self._called("internet"), vpc_id=self.vpc.id)
        table, storage = self._table("public")
        ways = [storage, self._route("public", table, gateway_id=gateway.id)]
        return [self._associated("public", slot, subnet, table, ways) for slot, subnet in self._made("public")]

    def _nats(self, public: Sequence[pulumi.Output[str]]) -> list[aws.ec2.NatGateway]:
        """One per zone, one for all, or none. The only one is the first zone's: from one to many, nothing but routes changes."""
        count = {"none": 0, "single": 1, "per-zone": len(public)}[self._settings.nat]
        found = []
        for slot, subnet in enumerate(public[:count], start=1):
            address = aws.ec2.Eip(**self._called(f"nat-{slot}-address"), domain="vpc")
            found.append(aws.ec2.NatGateway(**self._called(f"nat-{slot}"), allocation_id=address.id, subnet_id=subnet))
        return found

    def _application(self, nats: Sequence[aws.ec2.NatGateway]) -> list[pulumi.Output[str]]:
        """Containers: a route table each, out through the zone's NAT or the only one."""
        subnets, found = self._made("application"), []
        inside = [subnet for _, subnet in subnets]
        endpoints = interface_endpoints(self._network, self._scope, self.vpc, self._settings.interface_endpoints, inside)
        for slot, subnet in subnets:
            role = f"application-{slot}"
            table, storage = self._table(role)
            ways: list[pulumi.Resource] = [storage, *endpoints]
            if nats:
                ways.append(self._route(role, table, nat_gateway_id=nats[min(slot, len(nats)) - 1].id))
            found.append(self._associated("application", slot, subnet, table, ways))
        return found

    def _database(self) -> list[pulumi.Output[str]]:
        """Data: no way to the internet and none from it."""
        table, storage = self._table("database")
        return [self._associated("database", slot, subnet, table, [storage]) for slot, subnet in self._made("database")]

    def _made(self, kind: str) -> list[tuple[int, aws.ec2.Subnet]]:
        """Subnets of *kind* with their slots, from 1. Nothing in them gets a public address by itself."""
        return [
            (
                slot,
                aws.ec2.Subnet(
                    **self._called(f"{kind}-{slot}"),
                    vpc_id=self.vpc.id,
                    availability_zone=zone,
                    cidr_block=block(self._settings.cidr, kind, slot),
                    map_public_ip_on_launch=False,
                ),
            )
            for slot, zone in enumerate(self._zones, start=1)
        ]

    def _table(self, role: str) -> tuple[aws.ec2.RouteTable, aws.ec2.VpcEndpointRouteTableAssociation]:
        """A route table and its way to S3."""
        table = aws.ec2.RouteTable(**self._called(f"{role}-routes"), vpc_id=self.vpc.id)
        return table, aws.ec2.VpcEndpointRouteTableAssociation(
            f"{self._network.name}-{role}-s3",
            route_table_id=table.id,
            vpc_endpoint_id=self._storage.id,
            opts=self._network.child(),
        )

    def _route(self, role: str, table: aws.ec2.RouteTable, **target: pulumi.Input[str]) -> aws.ec2.Route:
        return aws.ec2.Route(
            f"{self._network.name}-{role}-internet",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            opts=self._network.child(),
            **target,
        )

    def _associated(
        self, kind: str, slot: int, subnet: aws.ec2.Subnet, table: aws.ec2.RouteTable, ways: Sequence[pulumi.Resource]
    ) -> pulumi.Output[str]:
        """The id of *subnet* once *ways* are there."""
        association = aws.ec2.RouteTableAssociation(
            f"{self._network.name}-{kind}-{slot}-association",
            subnet_id=subnet.id,
            route_table_id=table.id,
            opts=self._network.child(depends_on=ways),
        )
        return cast("pulumi.Output[str]", association.subnet_id)

    def _called(self, role: str) -> dict[str, Any]:
        """What every child with tags starts with."""
        name = f"{self._network.name}-{role}"
        return {"resource_name": name, "tags": self._scope.named(name), "opts": self._network.child()}
