"""The local way in: every service listens on its own loopback port, so paths and domains need no proxy."""

from __future__ import annotations

import pulumi

from components.contract import ContainerService, Ingress, IngressArgs


class LocalIngress(Ingress):
    """Collects the addresses of the public services."""

    def __init__(self, name: str, args: IngressArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._attached: dict[str, pulumi.Output[str]] = {}

    def attach(self, service: ContainerService) -> None:
        self._attached[service.name.removeprefix("service-")] = service.url

    def publish(self) -> None:
        self.finish(urls=pulumi.Output.from_input(self._attached))
