"""The base of Google's components: nothing is made before the project's APIs are enabled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pulumi

from components.component import Component

if TYPE_CHECKING:
    from components.gcp.network import GcpNetwork


class GcpComponent(Component):
    """A component whose children wait for the network's APIs. A subclass sets ``network`` before it makes the first."""

    network: GcpNetwork

    def child(self, **options: Any) -> pulumi.ResourceOptions:
        """Options for a child; ``depends_on`` is a list here."""
        return super().child(**after_apis(self.network, options))


def after_apis(network: GcpNetwork, options: dict[str, Any]) -> dict[str, Any]:
    """*options* with the enabled APIs among what they depend on."""
    return {**options, "depends_on": [*options.get("depends_on", ()), network.ready]}
