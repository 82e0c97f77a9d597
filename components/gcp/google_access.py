"""Private Google Access: inside the VPC the names of Google's APIs lead to addresses that the firewall can name."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

from components.gcp.firewall import GOOGLE_APIS

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork

DOMAINS = {"google-apis": "googleapis.com.", "cloud-run": "run.app."}
"""APIs, and the addresses of Cloud Run services: an internal one only answers who comes through the VPC."""


def google_names(network: GcpNetwork, vpc: gcp.compute.Network) -> list[pulumi.Resource]:
    """A private zone for each of :data:`DOMAINS`: every name in it leads to :data:`GOOGLE_APIS`."""
    return [_names(network, vpc, role, domain) for role, domain in DOMAINS.items()]


def _names(network: GcpNetwork, vpc: gcp.compute.Network, role: str, domain: str) -> gcp.dns.RecordSet:
    scope = network.scope
    zone = gcp.dns.ManagedZone(
        f"{network.name}-{role}-zone",
        name=scope.physical(role),
        description=f"{domain} by Private Google Access",
        dns_name=domain,
        visibility="private",
        private_visibility_config={"networks": [{"network_url": vpc.id}]},
        labels=scope.labels(),
        opts=network.child(),
    )
    return gcp.dns.RecordSet(
        f"{network.name}-{role}-record",
        managed_zone=zone.name,
        name=f"*.{domain}",
        type="A",
        ttl=300,
        rrdatas=[str(address) for address in IPv4Network(GOOGLE_APIS)],
        opts=network.child(),
    )
