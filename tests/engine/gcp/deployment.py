"""A stack on the pretended Google Cloud."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from components.gcp.providers.calls import EMULATOR
from tests.engine.gcp.containers import Containers, serving
from tests.engine.gcp.standin.shapes import PROJECT, REGION
from tests.engine.standin.deployment import Deployment, checkout, lost_of
from tests.engine.standin.world import Step

DATA = (
    *("sql/databaseInstance:DatabaseInstance", "sql/database:Database", "sql/user:User", "kms/cryptoKey:CryptoKey"),
    *("secretmanager/secret:Secret", "storage/bucket:Bucket", "redis/instance:Instance", "memorystore/instance:Instance"),
    *("artifactregistry/repository:Repository", "compute/network:Network", "compute/subnetwork:Subnetwork"),
    *("compute/globalAddress:GlobalAddress", "servicenetworking/connection:Connection", "compute/address:Address"),
    *("logging/projectBucketConfig:ProjectBucketConfig", "dns/managedZone:ManagedZone"),
)
"""What holds data, or holds what holds data: none of it may be deleted or replaced by a change."""


@dataclass(kw_only=True)
class GcpDeployment(Deployment):
    """One stack, its checkout and its cloud, with the containers that run there."""

    containers: Containers


def lost(steps: list[Step]) -> list[str]:
    """The steps that delete (or recreate) something that holds data."""
    return lost_of(steps, DATA)


def paths(steps: list[Step]) -> dict[str, set[str]]:
    """What the updates among *steps* changed, by resource."""
    return {step.name: set(step.paths) for step in steps if step.op == "update"}


Deploy = Callable[[str, dict[str, Any]], GcpDeployment]
"""Makes a stack of a name and settings; not up yet."""


@contextmanager
def new_gcp_deployment(root: Path, stack: str, given: dict[str, Any]) -> Iterator[GcpDeployment]:
    """A copy of this checkout with the stand-ins as its only cloud."""
    containers = Containers(root / "world")
    environment = {"GOOGLE_PROJECT": PROJECT, "GOOGLE_REGION": REGION}
    with serving(containers) as address, checkout(root, "gcp", {**environment, EMULATOR: address}) as worker:
        config = {"gcp:project": PROJECT, "gcp:region": REGION}
        deployment = GcpDeployment(root=root, stack=stack, worker=worker, config=config, given=given, containers=containers)
        deployment.configure()
        yield deployment
