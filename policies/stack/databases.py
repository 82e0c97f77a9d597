"""The databases of a stack, whatever the cloud calls them, with what the stack rules ask of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rules.aws.types import CLUSTER, CLUSTER_INSTANCE, INSTANCE
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.rules.sides import linked

TYPES = (CLUSTER, INSTANCE, CLOUD_SQL)

IDENTIFIER = {
    CLUSTER: "clusterIdentifier",
    CLUSTER_INSTANCE: "identifier",
    INSTANCE: "identifier",
    CLOUD_SQL: "name",
}
"""The property by which the rest of the cloud names a server."""

SOURCE = {INSTANCE: "replicateSourceDb", CLOUD_SQL: "masterInstanceName"}
"""The property that makes a server a replica: it has its source's data, version, backups and log settings."""


@dataclass(frozen=True)
class Database:
    """A cluster, or a server with a disk of its own; replicas are databases too."""

    resource: Resource
    replica: bool
    servers: tuple[Resource, ...]
    """Servers of a cluster; a server with a disk is its own."""

    @property
    def urn(self) -> str:
        return self.resource.urn

    @property
    def serverless(self) -> bool:
        """An Aurora cluster whose servers change their size."""
        return self.resource.fact("serverlessv2ScalingConfiguration") is not ABSENT


def databases(stack: Stack) -> Iterator[Database]:
    """Every database of *stack*, in its order. A cluster's servers are found by the way, not by name: names may be unknown."""
    for resource in stack.of_type(*TYPES):
        source = SOURCE.get(resource.type)
        servers = linked(stack, resource.urn, CLUSTER_INSTANCE, "clusterIdentifier") if resource.type == CLUSTER else [resource]
        yield Database(resource, bool(source) and resource.fact(source or "") is not ABSENT, tuple(servers))


def name_of(resource: Resource) -> str:
    """How the cloud calls *resource*, or ``""`` where that is not known yet or left to the cloud."""
    found = resource.fact(IDENTIFIER[resource.type])
    return "" if found is UNKNOWN or found is ABSENT else str(found)
