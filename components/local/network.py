"""The local network: the loopback interface. Nothing listens anywhere else, so there is nothing to make."""

from __future__ import annotations

import pulumi

from components.contract import Network, NetworkArgs


class LocalNetwork(Network):
    """Loopback: reachable from this machine only."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.finish(network_id=pulumi.Output.from_input("loopback"))
