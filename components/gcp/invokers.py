"""Who may call the internal services of a stack: its other services and its jobs, each named one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pulumi_gcp as gcp

from components.gcp.component import GcpComponent

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork


class Invokers:
    """Callers and internal services in pairs: whoever is announced first, every caller gets the right on every service.

    A call needs more than the network: an ID token of the caller's own service account, made for the service's URL
    (``Authorization: Bearer``, from the metadata server). Cloud Run checks it before the container sees the request.
    """

    def __init__(self, network: GcpNetwork) -> None:
        self._network = network
        self.callers: list[GcpComponent] = []
        """Every service and job so far."""
        self._services: list[tuple[GcpComponent, gcp.cloudrunv2.Service]] = []

    def add_caller(self, caller: GcpComponent) -> None:
        """*caller*, a service or a job, may call all internal services but itself."""
        self.callers.append(caller)
        for owner, service in self._services:
            self._grant(caller, owner, service)

    def add_service(self, owner: GcpComponent, service: gcp.cloudrunv2.Service) -> None:
        """*service* of *owner*, an internal one, lets in all callers."""
        self._services.append((owner, service))
        for caller in self.callers:
            self._grant(caller, owner, service)

    def _grant(self, caller: GcpComponent, owner: GcpComponent, service: gcp.cloudrunv2.Service) -> None:
        if caller is owner:
            return
        # A child of the service: services wait for whole jobs, and a job's children must not wait for services.
        gcp.cloudrunv2.ServiceIamMember(
            # with a dot, which no name of a service or job has: two names never make one
            f"{owner.name}-called-by.{caller.name}",
            location=self._network.region,
            name=service.name,
            role="roles/run.invoker",
            member=self._network.identity_of(caller).member,
            opts=owner.child(),
        )
