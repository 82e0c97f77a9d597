"""The load balancer of the public services: what it routes where, its certificates, addresses and ports."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.gcp.certificates import certificate
from components.gcp.component import GcpComponent
from components.gcp.dns import slug
from components.names import Scope, shorten

SCHEME = "EXTERNAL_MANAGED"
"""The load balancer of today and not the classic one. Said on every resource that has it: its default changed between versions
of the provider, and a change recreates what is in use."""
VERSIONS = {"A": "IPV4", "AAAA": "IPV6"}
"""Record type to version of the address behind it."""

NOT_FOUND: Any = {"fault_injection_policy": {"abort": {"http_status": 404, "percentage": 100}}}
"""The load balancer has no answer of its own, but it can break off any request before it gets to a service."""
TO_HTTPS: Any = {"https_redirect": True, "strip_query": False, "redirect_response_code": "MOVED_PERMANENTLY_DEFAULT"}

Routes = Mapping[str, Mapping[str, Any]]
"""Domain to path pattern to rule: ``service`` and, by choice, ``route_action``. Google asks the most specific pattern first."""


class Balancer:
    """Global external application load balancer for *domains*: HTTPS on port 443, and port 80 redirects there.

    Its addresses are reserved at once, so that records can point at them; :meth:`route` does the rest, when all services are
    known.
    """

    addresses: dict[str, gcp.compute.GlobalAddress]
    """By record type."""
    url_map: gcp.compute.URLMap

    def __init__(self, component: GcpComponent, scope: Scope, domains: Sequence[str]) -> None:
        self._component, self._scope, self._domains = component, scope, domains
        self.addresses = {
            kind: gcp.compute.GlobalAddress(
                f"{component.name}-address-{version.lower()}",
                # No description here or below where another one would recreate what is in use.
                name=scope.physical(component.name, version.lower()),
                address_type="EXTERNAL",
                ip_version=version,
                labels=scope.labels(),
                opts=component.child(),
            )
            for kind, version in VERSIONS.items()
        }

    @property
    def name(self) -> str:
        """Name of the URL map, by which logs, metrics and the console know a load balancer."""
        return self._scope.physical(self._component.name)

    def route(self, routes: Routes, default: pulumi.Input[str]) -> None:
        """Send requests where *routes* say, and answer all others with 404. *default* is any of the services: Google asks for
        one, and no request comes to it by default."""
        component, scope = self._component, self._scope
        matchers: Any = [
            {
                "name": _matcher(domain),
                "default_service": default,
                "default_route_action": NOT_FOUND,
                "path_rules": [{"paths": [pattern], **rules[pattern]} for pattern in sorted(rules)],
            }
            for domain, rules in sorted(routes.items())
        ]
        self.url_map = gcp.compute.URLMap(
            f"{component.name}-routes",
            name=self.name,
            description=f"{scope.physical()}: the public services",
            default_service=default,
            default_route_action=NOT_FOUND,
            host_rules=[{"hosts": [domain], "path_matcher": _matcher(domain)} for domain in sorted(routes)],
            path_matchers=matchers,
            opts=component.child(),
        )
        self._listen(443, "https", self._https_proxy())
        self._listen(80, "http", self._http_proxy())

    def _https_proxy(self) -> gcp.compute.TargetHttpsProxy:
        component, scope = self._component, self._scope
        policy = gcp.compute.SSLPolicy(
            f"{component.name}-tls",
            name=scope.physical(component.name),
            # TLS 1.3, and 1.2 with forward secrecy only
            profile="RESTRICTED",
            min_tls_version="TLS_1_2",
            opts=component.child(),
        )
        return gcp.compute.TargetHttpsProxy(
            f"{component.name}-https-proxy",
            name=scope.physical(component.name, "https"),
            url_map=self.url_map.id,
            ssl_certificates=[certificate(component, scope, domain).id for domain in self._domains],
            ssl_policy=policy.id,
            opts=component.child(),
        )

    def _http_proxy(self) -> gcp.compute.TargetHttpProxy:
        component, scope = self._component, self._scope
        redirect = gcp.compute.URLMap(
            f"{component.name}-to-https",
            name=scope.physical(component.name, "to-https"),
            description=f"{scope.physical()}: to HTTPS",
            default_url_redirect=TO_HTTPS,
            opts=component.child(),
        )
        return gcp.compute.TargetHttpProxy(
            f"{component.name}-http-proxy",
            name=scope.physical(component.name, "http"),
            url_map=redirect.id,
            opts=component.child(),
        )

    def _listen(self, port: int, role: str, proxy: gcp.compute.TargetHttpsProxy | gcp.compute.TargetHttpProxy) -> None:
        for kind, version in VERSIONS.items():
            gcp.compute.GlobalForwardingRule(
                f"{self._component.name}-{role}-{version.lower()}",
                name=self._scope.physical(self._component.name, role, version.lower()),
                load_balancing_scheme=SCHEME,
                ip_protocol="TCP",
                ip_address=self.addresses[kind].address,
                port_range=str(port),
                target=proxy.id,
                labels=self._scope.labels(),
                opts=self._component.child(),
            )


def backend_service(
    component: GcpComponent,
    scope: Scope,
    name: str,
    *,
    service: gcp.cloudrunv2.Service,
    policy: gcp.compute.SecurityPolicy | None,
) -> gcp.compute.BackendService:
    """Cloud Run *service* as the load balancer sees it: children of *component* (the service), so they come and go with it.

    Cloud Run looks after its own health and timeouts, so Google accepts neither here. Every request is logged.
    """
    group = gcp.compute.RegionNetworkEndpointGroup(
        f"{component.name}-endpoints",
        name=scope.physical(name),
        region=scope.region,
        network_endpoint_type="SERVERLESS",
        cloud_run={"service": service.name},
        opts=component.child(),
    )
    return gcp.compute.BackendService(
        f"{component.name}-backend",
        name=scope.physical(name),
        description=f"{scope.physical()}: {component.name}",
        load_balancing_scheme=SCHEME,
        protocol="HTTPS",
        backends=[{"group": group.id}],
        security_policy=policy.id if policy else None,
        log_config={"enable": True, "sample_rate": 1.0},
        opts=component.child(),
    )


def bucket_rule(backend: gcp.compute.BackendBucket) -> dict[str, Any]:
    """Route to a bucket, which knows nothing of the prefix that it is served below."""
    return {"service": backend.id, "route_action": {"url_rewrite": {"path_prefix_rewrite": "/"}}}


def _matcher(domain: str) -> str:
    return shorten(f"host-{slug(domain)}", 63)
