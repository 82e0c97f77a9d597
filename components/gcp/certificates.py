"""Certificates of the load balancer: Google makes and renews one for each domain."""

from __future__ import annotations

import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.gcp.dns import slug
from components.names import Scope


def certificate(component: GcpComponent, scope: Scope, domain: str) -> gcp.compute.ManagedSslCertificate:
    """Certificate ``<component>-certificate-<domain>``, for this domain only.

    A certificate's domains cannot be changed, and one in use cannot be deleted. So each domain has its own, its name bears the
    domain's hash, and a new one is made before an old one goes: a domain that comes or leaves touches no other.

    Google issues it when the domain's address records point to the load balancer, which takes from ten minutes to an hour. The
    deployment does not wait for it.
    """
    return gcp.compute.ManagedSslCertificate(
        f"{component.name}-certificate-{domain}",
        name=scope.physical(slug(domain)),
        managed={"domains": [domain]},
        opts=component.child(),
    )
