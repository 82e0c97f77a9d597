"""The load balancer of the public services: its security group, host names and listeners."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.dns import HostName
from components.aws.firewall import ANYWHERE, ingress_rule, security_group
from components.aws.network import AwsNetwork
from components.component import Component
from components.names import Scope

TLS_POLICY = "ELBSecurityPolicy-TLS13-1-2-2021-06"
"""TLS 1.3, and 1.2 with forward secrecy only."""

NOT_FOUND: Any = {
    "type": "fixed-response",
    "fixed_response": {"content_type": "text/plain", "message_body": "Not found", "status_code": "404"},
}
TO_HTTPS: Any = {"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "status_code": "HTTP_301"}}


class Balancer:
    """Application load balancer in the public subnets. *hosts* are the domains, each with its certificate.

    With domains port 443 serves them and port 80 redirects there. A service without a domain, which only dev allows, is served on
    port 80 at the load balancer's own address.
    """

    def __init__(self, component: Component, scope: Scope, network: AwsNetwork, hosts: Mapping[str, HostName]) -> None:
        self._component, self._scope = component, scope
        self.security_group = security_group(
            component,
            scope,
            "load-balancer",
            network_id=network.network_id,
            description="Load balancer: the internet in, the public services out",
        )
        name = f"{component.name}-load-balancer"
        self.resource = aws.lb.LoadBalancer(
            name,
            name=scope.physical(limit=32),
            load_balancer_type="application",
            internal=False,
            subnets=network.public_subnets,
            security_groups=[self.security_group.id],
            drop_invalid_header_fields=True,
            desync_mitigation_mode="defensive",
            enable_deletion_protection=scope.production,
            access_logs={"bucket": network.log_bucket.bucket, "prefix": "alb", "enabled": True},
            tags=scope.named(name),
            # AWS tries to write to the log bucket at once: its policy must be there, and the internet gateway too.
            opts=component.child(depends_on=[network]),
        )
        self._open(80)
        self._certificates: dict[str, pulumi.Resource] = {}
        self.http = self._listener(80, TO_HTTPS if hosts else NOT_FOUND, protocol="HTTP")
        self.https = self._secure_listener(hosts) if hosts else None
        for host in hosts.values():
            host.point_at(self.resource)

    def listener(self, host: str) -> aws.lb.Listener:
        """Where requests to *host* come in; an empty one is the load balancer's own address."""
        return self.https if host and self.https else self.http

    def ready(self, host: str) -> list[pulumi.Resource]:
        """What must exist before requests to *host* may be routed: its certificate. A new domain is not taken before."""
        return [self._certificates[host]] if host else []

    def host(self, host: str) -> pulumi.Input[str]:
        """*host*, or the load balancer's own address."""
        return host or self.resource.dns_name

    def url(self, host: str) -> pulumi.Output[str]:
        """Where *host* is reached."""
        return pulumi.Output.format("{0}://{1}", "https" if host else "http", self.host(host))

    def _open(self, port: int) -> None:
        ingress_rule(
            self._component,
            self._scope,
            f"from-internet-{port}",
            group=self.security_group,
            port=port,
            description=f"Anybody to port {port}",
            addresses=ANYWHERE,
        )

    def _listener(self, port: int, default: Any, **arguments: Any) -> aws.lb.Listener:
        name = f"{self._component.name}-listener-{port}"
        return aws.lb.Listener(
            name,
            load_balancer_arn=self.resource.arn,
            port=port,
            default_actions=[default],
            tags=self._scope.named(name),
            opts=self._component.child(),
            **arguments,
        )

    def _secure_listener(self, hosts: Mapping[str, HostName]) -> aws.lb.Listener:
        self._open(443)
        default = hosts[min(hosts)]
        listener = self._listener(
            443, NOT_FOUND, protocol="HTTPS", ssl_policy=TLS_POLICY, certificate_arn=default.certificate_arn
        )
        for name, host in hosts.items():
            # The default's certificate too: when another host becomes the default, this one is never without.
            self._certificates[name] = aws.lb.ListenerCertificate(
                f"{self._component.name}-listener-certificate-{name}",
                listener_arn=listener.arn,
                certificate_arn=host.certificate_arn,
                opts=self._component.child(),
            )
        return listener
