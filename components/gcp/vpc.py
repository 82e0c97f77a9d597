"""A VPC of our own: one subnet that containers send from, routes, NAT.

The VPC's addresses are sixteen equal blocks. The first is the subnet's; the others are free for subnets to come. What is made
here has no description where Google cannot change it in place: another wording would replace the VPC.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

from components.gcp.firewall import ANYWHERE, GOOGLE_APIS, closed
from components.gcp.google_access import google_names
from components.gcp.log_bucket import log_bucket
from components.settings.network import NetworkSettings

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork

MIN_PORTS, MAX_PORTS = 64, 4096
"""Connections to the same address and port that a container may have at once through NAT: guaranteed, and at most."""


class Vpc:
    """The VPC's resources, as children of *network*."""

    def __init__(self, network: GcpNetwork, settings: NetworkSettings) -> None:
        self._network, self._settings = network, settings
        self.vpc = gcp.compute.Network(
            f"{network.name}-vpc",
            name=network.scope.physical(),
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            delete_default_routes_on_create=True,
            opts=network.child(),
        )
        self._subnetwork = self._made()
        self.subnetwork = self._subnetwork.id
        rules = closed(network, self.vpc, logged=settings.flow_logs)
        self.ways: list[pulumi.Resource] = [*rules, *google_names(network, self.vpc), *self._out()]
        """What must be there before the first container sends anything."""
        if settings.flow_logs:
            self._logs()

    def _made(self) -> gcp.compute.Subnetwork:
        """Its name holds its first address: a subnet elsewhere is made beside the old one, a larger one is the same, grown."""
        network, settings = self._network, self._settings
        block = egress_block(settings.cidr)
        flows: gcp.compute.SubnetworkLogConfigArgsDict = {
            "aggregation_interval": "INTERVAL_10_MIN",
            "flow_sampling": 1.0,
            "metadata": "INCLUDE_ALL_METADATA",
        }
        return gcp.compute.Subnetwork(
            f"{network.name}-egress",
            name=network.scope.physical("egress", str(block.network_address).replace(".", "-")),
            network=self.vpc.id,
            region=network.region,
            ip_cidr_range=str(block),
            private_ip_google_access=True,
            log_config=flows if settings.flow_logs else None,
            opts=network.child(),
        )

    def _out(self) -> list[pulumi.Resource]:
        """Routes to Google's APIs and, with NAT, to the internet. Without NAT there is no other way out."""
        google = self._route("google-apis", GOOGLE_APIS)
        return [google] if self._settings.nat == "none" else [google, self._route("internet", ANYWHERE), self._nat()]

    def _route(self, role: str, ranges: str) -> gcp.compute.Route:
        network = self._network
        return gcp.compute.Route(
            f"{network.name}-{role}-route",
            name=network.scope.physical(role),
            network=self.vpc.id,
            dest_range=ranges,
            next_hop_gateway="default-internet-gateway",
            opts=network.child(),
        )

    def _nat(self) -> gcp.compute.RouterNat:
        """The way out with addresses that stay, for the lists of those who are called. It spans the region's zones in any case;
        with ``per-zone`` it has an address for each of them, and so many times the connections."""
        network, settings = self._network, self._settings
        count = settings.availability_zones if settings.nat == "per-zone" else 1
        router = gcp.compute.Router(
            f"{network.name}-router",
            name=network.scope.physical("router"),
            network=self.vpc.id,
            region=network.region,
            opts=network.child(),
        )
        return gcp.compute.RouterNat(
            f"{network.name}-nat",
            name=network.scope.physical("nat"),
            router=router.name,
            region=network.region,
            nat_ip_allocate_option="MANUAL_ONLY",
            nat_ips=[self._address(slot) for slot in range(1, count + 1)],
            source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
            subnetworks=[{"name": self._subnetwork.id, "source_ip_ranges_to_nats": ["ALL_IP_RANGES"]}],
            enable_dynamic_port_allocation=True,
            enable_endpoint_independent_mapping=False,
            min_ports_per_vm=MIN_PORTS,
            max_ports_per_vm=MAX_PORTS,
            log_config={"enable": True, "filter": "ERRORS_ONLY"},
            opts=network.child(),
        )

    def _address(self, slot: int) -> pulumi.Output[str]:
        network = self._network
        address = gcp.compute.Address(
            f"{network.name}-nat-{slot}-address",
            name=network.scope.physical(f"nat-{slot}"),
            region=network.region,
            address_type="EXTERNAL",
            labels=network.scope.labels(),
            opts=network.child(),
        )
        return address.self_link

    def _logs(self) -> None:
        """Flows of the subnet, refusals of the firewall, and what NAT had to drop."""
        network, ours = self._network, 'resource.labels.subnetwork_name="{0}"'
        text = (
            f'(log_id("compute.googleapis.com/vpc_flows") AND {ours}) OR (log_id("compute.googleapis.com/firewall") AND {ours})'
            ' OR (log_id("compute.googleapis.com/nat_flows") AND resource.labels.gateway_name="{1}")'
        )
        log_bucket(
            network,
            "flows",
            filter=pulumi.Output.format(text, self._subnetwork.name, network.scope.physical("nat")),
            retention_days=self._settings.flow_log_retention_days,
        )


def egress_block(cidr: str) -> IPv4Network:
    """Addresses of the subnet that containers send from: the first block of *cidr*, a /20 of a /16, a /24 of a /20.

    Cloud Run wants a /26 at least, and uses two addresses for each container that runs.
    """
    return next(IPv4Network(cidr).subnets(prefixlen_diff=4))
