"""The way in: one global load balancer for all public services that have a domain, routed by host and path."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any, cast

import pulumi
import pulumi_gcp as gcp

from components.contract import ContainerService, Ingress, IngressArgs
from components.gcp.armor import security_policy
from components.gcp.balancer import Balancer, backend_service, bucket_rule
from components.gcp.cdn import Cdn
from components.gcp.component import GcpComponent
from components.gcp.dns import HostName
from components.gcp.log_bucket import log_bucket
from components.gcp.network import GcpNetwork

if TYPE_CHECKING:
    from components.gcp.service import GcpService


class GcpIngress(GcpComponent, Ingress):
    """Load balancer, certificates, Cloud DNS records, buckets behind Cloud CDN and, by choice, Cloud Armor.

    Without a public service that has a domain there is no load balancer and nothing to pay for: such services (dev only) are
    reached at the address that Cloud Run gives them.
    """

    load_balancer: gcp.compute.URLMap | None
    """What logs and metrics name the load balancer by; known after :meth:`publish`."""
    backends: dict[str, gcp.compute.BackendService]
    """By service."""
    security_policy: gcp.compute.SecurityPolicy | None

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        assert isinstance(args.network, GcpNetwork)
        self.network, self._scope, self._settings = args.network, args.scope, args.settings
        domains = sorted({item.domain for item in args.services.values() if item.public and item.domain})
        self._balancer = Balancer(self, args.scope, domains) if domains else None
        self.security_policy = security_policy(self, args.scope) if domains and args.settings.waf else None
        self._name_servers: dict[str, pulumi.Output[Any]] = {}
        for domain in domains:
            self._point_here(domain)
        self._origins: dict[str, Cdn] = self.network.cdn_origins if domains else {}
        for origin in self._origins.values():
            origin.serve_at(domains[0])
        self.load_balancer = None
        self.backends = {}
        self._routes: dict[str, dict[str, Any]] = defaultdict(dict)
        self._urls: dict[str, pulumi.Input[str]] = {}

    def attach(self, service: ContainerService) -> None:
        """Route the service's paths to it; without a domain only note the address that Cloud Run gives it."""
        attached = cast("GcpService", service)
        short, settings = service.name.removeprefix("service-"), service.settings
        if not settings.domain:
            self._urls[short] = attached.service.uri
            return
        if self._balancer is None:
            raise ValueError(f"{service.name} is not among the public services that this ingress was made for")
        backend = backend_service(attached, self._scope, short, service=attached.service, policy=self.security_policy)
        self.backends[short] = backend
        for pattern in settings.paths:
            self._routes[settings.domain][pattern] = {"service": backend.id}
        # The first path is where a person starts; the rest of a pattern after a wildcard is no address.
        start = settings.paths[0].partition("*")[0].rstrip("/") if settings.paths else ""
        self._urls[short] = f"https://{settings.domain}{start}"

    def publish(self) -> None:
        self.network.workloads_are_there()
        balancer = self._balancer
        if balancer and self.backends:
            for rules in self._routes.values():
                for origin in self._origins.values():
                    rules[f"{origin.prefix}/*"] = bucket_rule(origin.backend)
            balancer.route(self._routes, self.backends[min(self.backends)].id)
            self.load_balancer = balancer.url_map
            self._keep_logs(balancer)
        self.finish(urls=pulumi.Output.from_input(self._urls), name_servers=pulumi.Output.from_input(self._name_servers))

    def _point_here(self, domain: str) -> None:
        """Records of *domain*, in its zone."""
        assert self._balancer
        host = HostName(self, self._scope, domain, self._settings.dns_zone)
        host.point_at({kind: address.address for kind, address in self._balancer.addresses.items()})
        if host.name_servers is not None:
            self._name_servers[domain] = host.name_servers

    def _keep_logs(self, balancer: Balancer) -> None:
        """Every request, with what Cloud Armor made of it, in one line."""
        line = f'resource.type="http_load_balancer" AND resource.labels.url_map_name="{balancer.name}"'
        log_bucket(self, "requests", filter=line, retention_days=self._settings.log_retention_days)
