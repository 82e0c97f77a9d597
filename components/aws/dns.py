"""Host names of the load balancer: hosted zone, certificate, address."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from components.component import Component
from components.names import Scope


class HostName:
    """One host name: its certificate, validated by DNS, in the given Route 53 zone or in a zone of its own.

    A zone of its own is called like the host. Nobody finds it until the owner of the parent domain delegates to its name
    servers, which are said while it is made; until then AWS cannot validate the certificate, and the deployment waits.
    """

    certificate_arn: pulumi.Output[str]
    """Of the validated certificate: whatever uses it is made after the validation."""
    name_servers: pulumi.Output[Sequence[str]] | None
    """Where to delegate to; None in a given zone."""

    def __init__(self, component: Component, scope: Scope, host: str, zone_id: str | None) -> None:
        self._component, self._host = component, host
        self.name_servers = None
        self._zone_id: pulumi.Input[str] = zone_id or self._own_zone(scope)
        name = f"{component.name}-certificate-{host}"
        certificate = aws.acm.Certificate(
            name, domain_name=host, validation_method="DNS", tags=scope.named(name), opts=component.child()
        )
        record = aws.route53.Record(
            f"{component.name}-validation-{host}",
            zone_id=self._zone_id,
            name=_validation(certificate, "resource_record_name"),
            type=_validation(certificate, "resource_record_type"),
            records=[_validation(certificate, "resource_record_value")],
            ttl=60,
            # A renewed or second certificate of the same host asks for the very same record.
            allow_overwrite=True,
            opts=component.child(),
        )
        self.certificate_arn = aws.acm.CertificateValidation(
            f"{component.name}-validated-{host}",
            certificate_arn=certificate.arn,
            validation_record_fqdns=[record.fqdn],
            opts=component.child(),
        ).certificate_arn

    def point_at(self, balancer: aws.lb.LoadBalancer) -> None:
        """Make the host's address the load balancer's."""
        aws.route53.Record(
            f"{self._component.name}-address-{self._host}",
            zone_id=self._zone_id,
            name=self._host,
            type="A",
            aliases=[{"name": balancer.dns_name, "zone_id": balancer.zone_id, "evaluate_target_health": True}],
            opts=self._component.child(),
        )

    def _own_zone(self, scope: Scope) -> pulumi.Output[str]:
        name, host = f"{self._component.name}-zone-{self._host}", self._host
        zone = aws.route53.Zone(
            name,
            name=host,
            comment=f"{scope.physical()}: made by {scope.stack}; delegate {host} to its name servers",
            # Records that others put here must not stop the removal of a test stack.
            force_destroy=not scope.production,
            tags=scope.named(name),
            opts=self._component.child(),
        )
        self.name_servers = zone.name_servers
        zone.name_servers.apply(
            lambda servers: pulumi.info(f"Delegate {host}: NS records at its parent domain to {', '.join(servers or ())}", zone)
        )
        return zone.zone_id


def _validation(certificate: aws.acm.Certificate, field: str) -> pulumi.Output[str]:
    """A field of the one record that proves the domain."""
    return certificate.domain_validation_options.apply(lambda options: getattr(options[0], field) if options else "")
