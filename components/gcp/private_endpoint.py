"""Private Service Connect: an address in our own subnet that leads to one service of somebody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.component import Component
    from components.gcp.network import GcpNetwork


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where the service is reached."""

    address: pulumi.Output[str]
    after: Sequence[pulumi.Resource]
    """What must exist before somebody uses it."""


def private_endpoint(
    component: Component, network: GcpNetwork, role: str, *, target: pulumi.Input[str], dns_name: pulumi.Input[str] | None = None
) -> Endpoint:
    """Endpoint ``<component>-<role>-endpoint`` for the service attachment *target*; with *dns_name* (which ends with a dot) that
    name leads to it inside the VPC. The address stays when the target changes; then the old rule goes before the new one comes,
    because only one may hold the address."""
    name, scope = f"{component.name}-{role}-endpoint", network.scope
    physical = scope.physical(component.name, role)
    address = gcp.compute.Address(
        f"{name}-address",
        name=physical,
        region=network.region,
        address_type="INTERNAL",
        subnetwork=network.subnetwork,
        labels=scope.labels(),
        opts=network.child_of(component),
    )
    rule = gcp.compute.ForwardingRule(
        name,
        name=physical,
        region=network.region,
        network=network.network_id,
        ip_address=address.self_link,
        target=target,
        load_balancing_scheme="",
        recreate_closed_psc=True,
        labels=scope.labels(),
        opts=network.child_of(component, replace_on_changes=["target"], delete_before_replace=True),
    )
    found = address.address
    after: list[pulumi.Resource] = [rule]
    if dns_name is not None:
        zone = gcp.dns.ManagedZone(
            f"{name}-zone",
            name=physical,
            description=f"{component.name} {role}",
            dns_name=dns_name,
            visibility="private",
            private_visibility_config={"networks": [{"network_url": network.network_id}]},
            labels=scope.labels(),
            opts=network.child_of(component),
        )
        after.append(
            gcp.dns.RecordSet(
                f"{name}-record",
                managed_zone=zone.name,
                name=dns_name,
                type="A",
                ttl=300,
                rrdatas=[found],
                opts=network.child_of(component),
            )
        )
    return Endpoint(address=found, after=after)
