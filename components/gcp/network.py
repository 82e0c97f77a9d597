"""The network of Google Cloud: a VPC, made here or existing, and what everything in it shares: APIs, identities, registry."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal

import pulumi
import pulumi_gcp as gcp

from components.component import Component
from components.contract import Network, NetworkArgs
from components.gcp.apis import enabled_apis
from components.gcp.component import GcpComponent, after_apis
from components.gcp.firewall import ANYWHERE, GRANTED, INTERNET, allow_egress
from components.gcp.identity import service_account
from components.gcp.invokers import Invokers
from components.gcp.private_services import PrivateServices
from components.gcp.registry import Registry
from components.gcp.vpc import Vpc
from components.settings.network import NetworkSettings

COMPUTE = "https://www.googleapis.com/compute/v1/"
"""What full self links begin with. Cloud Run and Memorystore take only what follows, as the provider's own ids are."""


class GcpNetwork(GcpComponent, Network):
    """Where everything runs.

    A change of ``cidr`` moves the subnet and the services range; a database keeps its old address until it is made anew, so in
    practice it means a new stack. A change of ``private_access`` or ``existing`` means one too. All else is changed in place.
    """

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings = args.settings
        self.network = self
        self.scope = args.scope
        self.region = args.scope.region
        self.nat = settings.nat
        self.private_access: Literal["peering", "psc"] = settings.private_access
        self.existing = settings.existing is not None
        """Whether somebody else made the VPC. Nothing is made or changed in it then."""
        self.ready = enabled_apis(self)
        """The last API to be enabled: whoever depends on it has them all."""
        self.project = self.ready.project
        """Id of the project."""
        self.private_services: PrivateServices | None = None
        """The way to the databases and caches that Google runs. None with PSC, and in an existing VPC (it is the owner's)."""
        self._ways: list[pulumi.Resource] = []
        self._opened: dict[str, list[pulumi.Resource]] = {}
        self._identities: dict[str, gcp.serviceaccount.Account] = {}
        self.network_id, self.subnetwork = self._place(settings)
        self.registry = Registry(self)
        self.invokers = Invokers(self)
        """Who may call the internal services."""
        self.after_workloads: list[Callable[[Sequence[Component]], None]] = []
        """Each makes something that must not change before all services and jobs have, which it is given."""
        self.cdn_origins: dict[str, Any] = {}
        """Bucket to what the load balancer serves it from; the buckets enter themselves."""
        self.channels: list[pulumi.Output[str]] = []
        """Notification channels of the stack's alerts; monitoring enters them."""
        self.finish(network_id=self.network_id)

    def _place(self, settings: NetworkSettings) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Ids of the VPC and of the subnet that containers send from, where private endpoints have their addresses too."""
        if settings.existing:
            given = settings.existing.id, settings.existing.application_subnets[0]
            network, subnetwork = (pulumi.Output.from_input(link.removeprefix(COMPUTE)) for link in given)
            return network, subnetwork
        made = Vpc(self, settings)
        self._ways = made.ways
        if settings.private_access == "peering":
            self.private_services = PrivateServices(self, made.vpc, settings.cidr)
        return made.vpc.id, made.subnetwork

    def workloads_are_there(self) -> None:
        """The last service and the last job are made."""
        for make in self.after_workloads:
            make(self.invokers.callers)

    def child_of(self, workload: Component, **options: Any) -> pulumi.ResourceOptions:
        """Options for a child of somebody else's component, such as a grant to *workload*: it too waits for the APIs."""
        return workload.child(**after_apis(self, options))

    def identity_of(self, workload: Component) -> gcp.serviceaccount.Account:
        """The workload's own service account, made as its child ``<workload>-identity`` when first asked for. It has no rights:
        who grants access adds them."""
        if workload.name not in self._identities:
            self._identities[workload.name] = service_account(self, workload)
        return self._identities[workload.name]

    def tag_of(self, workload: Component) -> str:
        """The network tag of the workload's containers; firewall rules name it."""
        return self.scope.physical(workload.name)

    def open(
        self, workload: Component, role: str, *, addresses: Sequence[pulumi.Input[str]], ports: Sequence[pulumi.Input[int]]
    ) -> list[pulumi.Resource]:
        """Let the workload's containers reach *addresses* (single IPv4 ones) on TCP *ports*: firewall rule
        ``<workload>-<role>-egress``. The workload must start after what is returned. Nothing in an existing VPC, whose firewall
        is its owner's."""
        ranges = [pulumi.Output.format("{0}/32", address) for address in addresses]
        return allow_egress(self, workload, role, ranges=ranges, ports=ports, priority=GRANTED)

    def open_internet(self, workload: Component, ports: Sequence[int]) -> list[pulumi.Resource]:
        """Let the workload's containers call the internet on TCP *ports*, as :meth:`open`. What is returned are also the ways out
        themselves (routes, NAT, names, rules for all), so each workload asks, if only for no port. Asked again (a workload of
        two jobs) it answers the same."""
        if workload.name not in self._opened:
            self._opened[workload.name] = allow_egress(
                self, workload, "internet", ranges=[ANYWHERE], ports=ports, priority=INTERNET
            )
        return [*self._opened[workload.name], *self._ways]
