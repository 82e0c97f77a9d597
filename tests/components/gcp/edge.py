"""The edge of a Google stack on mocks: network, ingress, cache and buckets, with stand-ins for what runs in the containers."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi
import pulumi_gcp as gcp

from components.config import load_settings, scope_of
from components.contract import BucketArgs, CacheArgs, ContainerService, IngressArgs, NetworkArgs
from components.environment import Access
from components.gcp.cache import GcpCache
from components.gcp.component import GcpComponent
from components.gcp.ingress import GcpIngress
from components.gcp.network import GcpNetwork
from components.gcp.secret import PinnedSecret
from components.gcp.storage import GcpBucket
from components.settings.workload import ServiceSettings
from components.tiers import merge
from tests.components.gcp.stack import EVERYTHING
from tests.recorder import Recording, record


class StandIn(GcpComponent, ContainerService):
    """A service that runs nothing."""

    def __init__(self, name: str, network: GcpNetwork, settings: ServiceSettings) -> None:
        super().__init__(name)
        self.network, self.settings = network, settings
        self.service = gcp.cloudrunv2.Service(
            f"{name}-run", name=name, location=network.region, template={"containers": []}, opts=self.child()
        )


def edge(tier: str = "dev", **change: Any) -> Recording:
    """What the edge registers for the settings of :data:`EVERYTHING` with *change* merged over them.

    Exported: ``urls``, ``cache``, ``buckets``, and what each service gets: ``<service> environment``, ``<service> secrets``,
    ``<service> files``, ``<service> waits``.
    """
    return _edge(json.dumps(merge({**EVERYTHING, "tier": tier}, change), sort_keys=True))


@cache
def _edge(text: str) -> Recording:
    return record(_program, json.loads(text))


def _program() -> None:
    settings = load_settings()
    scope = scope_of(settings)
    network = GcpNetwork("network", NetworkArgs(scope=scope, settings=settings.network))
    assert settings.cache
    store = GcpCache("cache", CacheArgs(scope=scope, settings=settings.cache, network=network))
    buckets = {
        name: GcpBucket(f"bucket-{name}", BucketArgs(scope=scope, settings=bucket, network=network))
        for name, bucket in settings.buckets.items()
    }
    ingress = GcpIngress(
        "ingress", IngressArgs(scope=scope, settings=settings.ingress, network=network, services=settings.services)
    )
    for name, service in settings.services.items():
        stand_in = StandIn(f"service-{name}", network, service)
        access = Access()
        if service.cache:
            access = access.merged(store.grant_connect(stand_in))
        for bucket in service.buckets:
            access = access.merged(buckets[bucket].grant_write(stand_in))
        if service.public:
            ingress.attach(stand_in)
        pulumi.export(f"{name} environment", access.environment)
        for kind, found in (("secrets", access.secrets), ("files", access.files)):
            pinned = {key: [value.secret, value.version] for key, value in found.items() if isinstance(value, PinnedSecret)}
            pulumi.export(f"{name} {kind}", pinned)
        pulumi.export(f"{name} waits", [resource._name for resource in access.after])
    ingress.publish()
    pulumi.export("urls", ingress.urls)
    pulumi.export("load balancer", ingress.load_balancer.name if ingress.load_balancer else None)
    pulumi.export("cache", store.address)
    pulumi.export("buckets", {name: bucket.url for name, bucket in buckets.items()})
