"""Host names of the load balancer: zone and address records."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import pulumi
import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.names import Scope

TTL_SECONDS = 300


class HostName:
    """One host name, in the given Cloud DNS zone or in a zone of its own.

    A zone of its own is called like the host and signed (DNSSEC). Nobody finds it until the owner of the parent domain delegates
    to its name servers, which are said while it is made; until then Google issues no certificate for the host.
    """

    name_servers: pulumi.Output[Sequence[str]] | None
    """Where to delegate to; None in a given zone."""

    def __init__(self, component: GcpComponent, scope: Scope, host: str, zone: str | None) -> None:
        self._component, self._host = component, host
        self.name_servers = None
        self._zone: pulumi.Input[str] = zone or self._own_zone(scope)

    def point_at(self, addresses: Mapping[str, pulumi.Input[str]]) -> None:
        """Make *addresses* the host's: record type (A, AAAA) to address."""
        for kind, address in addresses.items():
            gcp.dns.RecordSet(
                f"{self._component.name}-{kind.lower()}-{self._host}",
                managed_zone=self._zone,
                name=f"{self._host}.",
                type=kind,
                ttl=TTL_SECONDS,
                rrdatas=[address],
                opts=self._component.child(),
            )

    def _own_zone(self, scope: Scope) -> pulumi.Output[str]:
        host = self._host
        zone = gcp.dns.ManagedZone(
            f"{self._component.name}-zone-{host}",
            name=scope.physical(slug(host)),
            dns_name=f"{host}.",
            description=f"{scope.physical()}: made by {scope.stack}; delegate {host} to its name servers",
            visibility="public",
            dnssec_config={"state": "on", "non_existence": "nsec3"},
            # Records that others put here must not stop the removal of a test stack.
            force_destroy=not scope.production,
            labels=scope.labels(),
            opts=self._component.child(),
        )
        self.name_servers = zone.name_servers
        zone.name_servers.apply(
            lambda servers: pulumi.info(f"Delegate {host}: NS records at its parent domain to {', '.join(servers or ())}", zone)
        )
        return zone.name


def slug(host: str) -> str:
    """*host* as a part of a name. Its hash tells ``a-b.example.com`` from ``a.b.example.com``."""
    return f"{host.replace('.', '-')}-{hashlib.sha256(host.encode()).hexdigest()[:6]}"
