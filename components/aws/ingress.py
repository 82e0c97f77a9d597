"""The way in: one load balancer for all public services, routed by host and path."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
import pulumi_aws as aws

from components.aws.balancer import Balancer
from components.aws.dns import HostName
from components.aws.firewall import let_in
from components.aws.network import AwsNetwork
from components.aws.routes import Path, priorities
from components.aws.waf import web_acl
from components.contract import ContainerService, Ingress, IngressArgs
from components.settings.workload import HealthCheck, ServiceSettings

LEAST_CHECK = 2
"""ALB: smallest thresholds, and smallest timeout in seconds."""


@dataclass(frozen=True, kw_only=True)
class Route:
    """How requests reach one service."""

    target_group: aws.lb.TargetGroup
    """Its containers register here."""
    after: Sequence[pulumi.Resource]
    """What must exist before the service: ECS refuses a target group that no load balancer uses."""


class AwsIngress(Ingress):
    """Application load balancer, certificates, Route 53 records and, by choice, a web application firewall.

    Without a public service there is no load balancer and nothing to pay for.
    """

    load_balancer: aws.lb.LoadBalancer | None
    security_group: aws.ec2.SecurityGroup | None
    target_groups: dict[str, aws.lb.TargetGroup]
    """By service."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, self._network = args.scope, cast(AwsNetwork, args.network)
        public = {service: settings for service, settings in args.services.items() if settings.public}
        domains = sorted({settings.domain for settings in public.values() if settings.domain})
        hosts = {domain: HostName(self, args.scope, domain, args.settings.dns_zone) for domain in domains}
        self._balancer = Balancer(self, args.scope, self._network, hosts) if public else None
        self._priorities = priorities(path for service, settings in public.items() for path in _paths(service, settings))
        self._routes: dict[str, Route] = {}
        self._urls: dict[str, pulumi.Output[str]] = {}
        self._name_servers = {domain: host.name_servers for domain, host in hosts.items() if host.name_servers is not None}
        self.load_balancer = self._balancer.resource if self._balancer else None
        self.security_group = self._balancer.security_group if self._balancer else None
        self.target_groups = {}
        if self.load_balancer and args.settings.waf:
            web_acl(
                self,
                args.scope,
                resource=self.load_balancer.arn,
                log_retention_days=args.settings.log_retention_days,
                key=self._network.key,
            )

    def attach(self, service: ContainerService) -> None:
        short, settings, balancer = _short(service), service.settings, self._balancer
        if balancer is None:
            raise ValueError(f"{service.name} is not among the public services that this ingress was made for")
        group = self._target_group(service)
        rules = [self._rule(service, balancer, group, path) for path in _paths(short, settings)]
        self.target_groups[short] = group
        let_through = let_in(
            service,
            self._scope,
            "load-balancer",
            source=balancer.security_group,
            target=self._network.security_group_of(service),
            port=settings.port,
            description=f"From the load balancer to {service.name}",
        )
        self._routes[short] = Route(target_group=group, after=[*rules, *let_through])
        # The first path is where a person starts; the rest of a pattern after a wildcard is no address.
        start = re.split(r"[*?]", settings.paths[0])[0].rstrip("/") if settings.paths else ""
        self._urls[short] = pulumi.Output.format("{0}{1}", balancer.url(settings.domain or ""), start)

    def route_of(self, service: ContainerService) -> Route:
        """How requests reach *service*, which has attached itself."""
        return self._routes[_short(service)]

    def publish(self) -> None:
        self.finish(urls=pulumi.Output.from_input(self._urls), name_servers=pulumi.Output.from_input(self._name_servers))

    def _target_group(self, service: ContainerService) -> aws.lb.TargetGroup:
        name, settings = f"{service.name}-target-group", service.settings
        return aws.lb.TargetGroup(
            name,
            # Six characters at most. AWS adds its own, so that a replaced group can stand beside the old one.
            name_prefix=f"{_short(service)[:5].rstrip('-')}-",
            target_type="ip",
            protocol="HTTP",
            port=settings.port,
            vpc_id=self._network.network_id,
            # Requests that run when a container is to stop get as long as the container does, within reason.
            deregistration_delay=max(30, min(60, settings.stop_timeout_seconds)),
            health_check=_health_check(settings.health_check),
            tags=self._scope.named(name),
            opts=service.child(),
        )

    def _rule(self, service: ContainerService, balancer: Balancer, group: aws.lb.TargetGroup, path: Path) -> aws.lb.ListenerRule:
        name = f"{service.name}-route-{path.slug}"
        return aws.lb.ListenerRule(
            name,
            listener_arn=balancer.listener(path.host).arn,
            priority=self._priorities[path],
            conditions=[
                {"host_header": {"values": [balancer.host(path.host)]}},
                {"path_pattern": {"values": [path.pattern]}},
            ],
            actions=[{"type": "forward", "target_group_arn": group.arn}],
            tags=self._scope.named(name),
            opts=service.child(depends_on=balancer.ready(path.host)),
        )


def _short(service: ContainerService) -> str:
    return service.name.removeprefix("service-")


def _paths(service: str, settings: ServiceSettings) -> list[Path]:
    """One rule for each path: a rule holds five values at most, and each path has its own place in the order."""
    return [Path(service, settings.domain or "", pattern) for pattern in dict.fromkeys(settings.paths)]


def _health_check(check: HealthCheck) -> Any:
    return {
        "protocol": "HTTP",
        "port": "traffic-port",
        "path": check.path,
        "matcher": "200",
        "interval": check.interval_seconds,
        "timeout": max(LEAST_CHECK, check.timeout_seconds),
        "healthy_threshold": max(LEAST_CHECK, check.healthy_threshold),
        "unhealthy_threshold": max(LEAST_CHECK, check.unhealthy_threshold),
    }
