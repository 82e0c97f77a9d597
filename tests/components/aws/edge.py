"""The edge of an AWS stack on mocks: network, ingress, cache and buckets, with stand-ins for what runs in the containers."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import pulumi

from components.aws.cache import AwsCache
from components.aws.ingress import AwsIngress
from components.aws.network import AwsNetwork
from components.aws.storage import AwsBucket
from components.config import load_settings, scope_of
from components.contract import (
    BucketArgs,
    CacheArgs,
    ContainerService,
    IngressArgs,
    NetworkArgs,
)
from components.environment import Access
from components.settings.workload import ServiceSettings
from components.tiers import merge
from tests.components.aws.stack import EVERYTHING
from tests.recorder import Recording, record


class StandIn(ContainerService):
    """A service that runs nothing."""

    def __init__(self, name: str, settings: ServiceSettings) -> None:
        super().__init__(name)
        self.settings = settings


def edge(tier: str = "dev", **change: Any) -> Recording:
    """What the edge registers for the settings of :data:`EVERYTHING` with *change* merged over them.

    Exported: ``urls``, ``cache``, ``buckets``, and what each service gets: ``<service> environment``, ``<service> rights``.
    """
    return _edge(json.dumps(merge({**EVERYTHING, "tier": tier}, change), sort_keys=True))


@cache
def _edge(text: str) -> Recording:
    return record(_program, json.loads(text))


def _program() -> None:
    settings = load_settings()
    scope = scope_of(settings)
    network = AwsNetwork("network", NetworkArgs(scope=scope, settings=settings.network))
    assert settings.cache
    store = AwsCache("cache", CacheArgs(scope=scope, settings=settings.cache, network=network))
    buckets = {
        name: AwsBucket(f"bucket-{name}", BucketArgs(scope=scope, settings=bucket, network=network))
        for name, bucket in settings.buckets.items()
    }
    ingress = AwsIngress(
        "ingress", IngressArgs(scope=scope, settings=settings.ingress, network=network, services=settings.services)
    )
    for name, service in settings.services.items():
        stand_in = StandIn(f"service-{name}", service)
        access = Access()
        if service.public:
            ingress.attach(stand_in)
            waits = [resource._name for resource in ingress.route_of(stand_in).after]
            pulumi.export(f"{name} waits", waits)
        if service.cache:
            access = access.merged(store.grant_connect(stand_in))
        for bucket in service.buckets:
            access = access.merged(buckets[bucket].grant_write(stand_in))
        pulumi.export(f"{name} environment", access.environment)
        pulumi.export(f"{name} secrets", {key: [value.id, value.key] for key, value in access.secrets.items()})
        pulumi.export(f"{name} rights", list(access.permissions))
    ingress.publish()
    pulumi.export("urls", ingress.urls)
    pulumi.export("cache", store.address)
    pulumi.export("buckets", {name: bucket.url for name, bucket in buckets.items()})
