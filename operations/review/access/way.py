"""Places of a stack and the ways between them, as every cloud's rules are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from policies.resource import Resource, Stack
from policies.stateful import holds_data

INTERNET = "the internet"
NETWORK = "the network"
"""Anything in the stack's own private network."""
SOMEBODY = "somebody known only after the deployment"
GOOGLE = "Google's APIs"
OUTSIDE = (INTERNET, NETWORK, SOMEBODY, GOOGLE)
"""What may stand in a way and is no place of the stack."""

EVERY_PORT = "every port"
LATER = "a port known only after the deployment"

WHAT: Mapping[str, str] = {
    "aws:cloudfront/distribution:Distribution": "CloudFront",
    "aws:ecs/service:Service": "ECS service",
    "aws:elasticache/replicationGroup:ReplicationGroup": "ElastiCache",
    "aws:lambda/function:Function": "Lambda function",
    "aws:lb/loadBalancer:LoadBalancer": "load balancer",
    "aws:rds/cluster:Cluster": "Aurora cluster",
    "aws:rds/instance:Instance": "RDS instance",
    "aws:rds/proxy:Proxy": "RDS Proxy",
    "aws:rds/proxyEndpoint:ProxyEndpoint": "RDS Proxy",
    "aws:s3/bucket:Bucket": "S3 bucket",
    "aws:scheduler/schedule:Schedule": "scheduled task",
    "gcp:cloudrunv2/job:Job": "Cloud Run job",
    "gcp:cloudrunv2/service:Service": "Cloud Run service",
    "gcp:compute/globalForwardingRule:GlobalForwardingRule": "load balancer",
    "gcp:compute/forwardingRule:ForwardingRule": "load balancer",
    "gcp:memorystore/instance:Instance": "Memorystore",
    "gcp:redis/instance:Instance": "Memorystore",
    "gcp:sql/databaseInstance:DatabaseInstance": "Cloud SQL",
    "gcp:storage/bucket:Bucket": "Cloud Storage bucket",
    "pulumi-python:dynamic/aws:TaskRun": "task of the deployment",
    "pulumi-python:dynamic/local:CacheServer": "cache server",
    "pulumi-python:dynamic/local:Directory": "folder",
    "pulumi-python:dynamic/local:JobRun": "job",
    "pulumi-python:dynamic/local:PostgresNode": "PostgreSQL node",
    "pulumi-python:dynamic/local:ScheduledJob": "scheduled job",
    "pulumi-python:dynamic/local:SupervisedProcess": "process",
}
"""Type token to what a reader calls it. A type that is missing here shows its own name."""

LOCAL_DATA = frozenset(f"pulumi-python:dynamic/local:{name}" for name in ("CacheServer", "Directory", "PostgresNode"))
"""Types that hold data on a laptop; policies/stateful.py is about clouds."""


@dataclass(frozen=True, order=True)
class Place:
    """Something that connects, or is connected to: resources of one component that the network's rules do not tell apart."""

    name: str
    """Unique in its stack: the component's name; the resource's for a bucket and where the component has several places."""
    component: str
    what: str
    """``ECS service``, ``Cloud SQL`` with how many of them."""
    type: str
    """Type token of the first of its resources."""
    holds: bool
    """It keeps data."""
    urns: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, order=True)
class Way:
    """*source* can open a connection to *target*, both names of places, :data:`OUTSIDE` or a network such as ``10.0.0.0/8``."""

    source: str
    target: str
    ports: str
    """``5432``, ``8000-8100``, ``53/udp``, ``every port``."""
    via: str = ""
    """What stands between, or under which condition: ``behind a web firewall``."""


@dataclass(frozen=True, order=True)
class Grant:
    """*identity* may do *verb* to *what*: ``service-api`` may ``read`` the ``secret`` ``database-application-secret``."""

    identity: str
    """The component it belongs to, or what stands there for somebody outside of the stack."""
    verb: str
    kind: str
    """``secret``, ``bucket`` or ``folder``."""
    what: str
    """Name of the resource, or ``every secret of the account``."""
    role: str = ""
    """The role or account by which it may."""


@dataclass(frozen=True)
class Network:
    """The places of a stack, and every way that its rules leave open."""

    places: tuple[Place, ...]
    ways: frozenset[Way]
    unclear: frozenset[str] = frozenset()
    """Sentences about what could not be told."""


@dataclass(frozen=True)
class Seen:
    """Places by the URN of each of their resources."""

    by_urn: Mapping[str, Place]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(sorted(set(self.by_urn.values())))


def places_of(stores: Iterable[Resource], members: Iterable[tuple[Resource, Hashable]]) -> Seen:
    """Places: each of *stores* (buckets, folders) is one, *members* are grouped by what tells them apart in their component."""
    groups: dict[tuple[str, Hashable], list[Resource]] = {}
    for resource, key in members:
        groups.setdefault((resource.component or resource.name, key), []).append(resource)
    count = Counter(component for component, _ in groups)
    found: dict[str, Place] = {store.urn: _place(store.name, [store]) for store in stores}
    for (component, _), resources in groups.items():
        ordered = sorted(resources, key=lambda one: (_ORDER.get(one.type, len(_ORDER)), one.name))
        place = _place(component if count[component] == 1 else ordered[0].name, ordered)
        found |= dict.fromkeys(place.urns, place)
    return Seen(found)


_ORDER = {token: number for number, token in enumerate(WHAT)}


def _place(name: str, resources: Sequence[Resource]) -> Place:
    first = resources[0]
    alike = sum(1 for one in resources if one.type == first.type)
    return Place(
        name=name,
        component=first.component or first.name,
        what=what(first.type) + (f" \u00d7{alike}" if alike > 1 else ""),
        type=first.type,
        holds=any(holds_data(one.type) or one.type in LOCAL_DATA for one in resources),
        urns=tuple(one.urn for one in resources),
    )


def what(token: str) -> str:
    """What a reader calls a resource of this type."""
    return WHAT.get(token) or token.rpartition(":")[2]


def named(stack: Stack, urn: str) -> str:
    """A resource's name."""
    found = stack.get(urn)
    return found.name if found else urn.rpartition("::")[2]
