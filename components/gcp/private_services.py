"""Private services access: the one peering between a VPC of our own and Google's managed services, and its range of addresses."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork

PREFIX = 16
"""Google takes a /24 of it for every region and kind of service, so that a small range is soon used up."""


class PrivateServices:
    """The range and the connection. A database or cache with an address of the range depends on ``after``.

    There is one connection per VPC, so this is the only place that makes one, and a second range would be one more entry here. It
    goes with the VPC: where Google refuses because a deleted database still holds it (for days), the peering is removed, because
    abandoned it would keep the VPC from being deleted. A database that still exists is deleted first, or keeps all this from
    being deleted when it is protected.
    """

    def __init__(self, network: GcpNetwork, vpc: gcp.compute.Network, cidr: str) -> None:
        block = services_range(cidr)
        address = str(block.network_address)
        name = f"{network.name}-services"
        made = gcp.compute.GlobalAddress(
            f"{name}-range",
            name=network.scope.physical("services", address.replace(".", "-")),
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            address=address,
            prefix_length=block.prefixlen,
            network=vpc.id,
            labels=network.scope.labels(),
            opts=network.child(),
        )
        self.range_name = made.name
        """Name of the range, for ``allocated_ip_range``."""
        self.connection = gcp.servicenetworking.Connection(
            f"{name}-connection",
            network=vpc.id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[made.name],
            update_on_creation_fail=True,
            deletion_policy="REMOVE_PEERING",
            opts=network.child(),
        )
        self.after: list[pulumi.Resource] = [self.connection]


def services_range(cidr: str) -> IPv4Network:
    """The /16 for Google's services beside a VPC of *cidr*: in 10.0.0.0/8 the one whose second number differs by 64, else
    10.64.0.0/16.

    It follows from *cidr* and cannot overlap it, so VPCs that are planned side by side (10.0, 10.1, 10.2) get services ranges
    side by side (10.64, 10.65, 10.66), and none of the two falls on 10.128.0.0/9, where Google's ready-made networks are.
    """
    network = IPv4Network(cidr)
    first, second, *_ = network.network_address.packed
    return IPv4Network(f"10.{second ^ 64 if first == 10 else 64}.0.0/{PREFIX}")
