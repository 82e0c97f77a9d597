"""Firewall of a VPC of our own: closed both ways, then opened for one workload and one purpose at a time.

Containers send with their workload's network tag (Direct VPC egress), so rules name tags. Nothing can connect to a container
through the VPC: requests come from Cloud Run itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pulumi
import pulumi_gcp as gcp

if TYPE_CHECKING:
    from components.component import Component
    from components.gcp.network import GcpNetwork

GRANTED, PRIVATE, INTERNET, ALL = 1000, 2000, 3000, 65534
"""Priorities, the lowest number first: what a workload was granted; nothing else that is private; the internet; nothing."""
ANYWHERE = "0.0.0.0/0"
PRIVATE_RANGES = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
"""RFC 1918: the internet is what is not in here."""
GOOGLE_APIS = "199.36.153.8/30"
"""Addresses of private.googleapis.com, the same for everybody (Google's VPC documentation, Private Google Access)."""


def closed(network: GcpNetwork, vpc: gcp.compute.Network, *, logged: bool) -> list[pulumi.Resource]:
    """The rules for everything in *vpc*: out to Google's APIs, and nothing else in or out. Refusals are *logged*."""
    anything = {"denies": [{"protocol": "all"}]}
    log = {"log_config": {"metadata": "INCLUDE_ALL_METADATA"}} if logged else {}
    google = {"direction": "EGRESS", "destination_ranges": [GOOGLE_APIS], "allows": [{"protocol": "tcp", "ports": ["443"]}]}
    private = {"direction": "EGRESS", "destination_ranges": PRIVATE_RANGES, **anything, **log}
    out = {"direction": "EGRESS", "destination_ranges": [ANYWHERE], **anything, **log}
    into = {"direction": "INGRESS", "source_ranges": [ANYWHERE], **anything, **log}
    return [
        _rule(network, network, "google-apis", "Google's APIs", vpc.id, GRANTED, **google),
        _rule(network, network, "deny-private", "Nothing private but what was granted", vpc.id, PRIVATE, **private),
        _rule(network, network, "deny-egress", "Nothing else goes out", vpc.id, ALL, **out),
        _rule(network, network, "deny-ingress", "Nothing comes in", vpc.id, ALL, **into),
    ]


def allow_egress(
    network: GcpNetwork,
    workload: Component,
    role: str,
    *,
    ranges: Sequence[pulumi.Input[str]],
    ports: Sequence[pulumi.Input[int]],
    priority: int,
) -> list[pulumi.Resource]:
    """Rule ``<workload>-<role>-egress``, a child of *workload*: its containers reach *ranges* on TCP *ports*. No rule in an
    existing VPC, and none without ports (to Google that would mean all of them)."""
    if network.existing or not ports:
        return []
    texts = [pulumi.Output.format("{0}", port) for port in ports]
    opening = {"direction": "EGRESS", "destination_ranges": ranges, "allows": [{"protocol": "tcp", "ports": texts}]}
    tags = {"target_tags": [network.tag_of(workload)]}
    description = f"{workload.name} to {role}"
    return [_rule(network, workload, f"{role}-egress", description, network.network_id, priority, **opening, **tags)]


def _rule(
    network: GcpNetwork,
    owner: Component,
    role: str,
    description: str,
    vpc: pulumi.Input[str],
    priority: int,
    **rule: Any,
) -> gcp.compute.Firewall:
    """Firewall rule ``<owner>-<role>``, changed in place."""
    return gcp.compute.Firewall(
        f"{owner.name}-{role}",
        name=network.scope.physical(owner.name, role),
        description=description,
        network=vpc,
        priority=priority,
        opts=network.child_of(owner),
        **rule,
    )
