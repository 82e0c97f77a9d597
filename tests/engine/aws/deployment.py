"""A stack on the pretended AWS."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.aws.containers import Containers, serving
from tests.engine.standin.deployment import Deployment, checkout, lost_of
from tests.engine.standin.world import Step

DATA = (
    *("rds/cluster:Cluster", "rds/clusterInstance:ClusterInstance", "rds/instance:Instance", "kms/key:Key", "s3/bucket:Bucket"),
    *("secretsmanager/secret:Secret", "elasticache/replicationGroup:ReplicationGroup", "ecr/repository:Repository"),
    *("ec2/vpc:Vpc", "ec2/subnet:Subnet", "rds/subnetGroup:SubnetGroup", "backup/vault:Vault"),
)
"""What holds data, or holds what holds data: none of it may be deleted or replaced by a change."""


@dataclass(kw_only=True)
class AwsDeployment(Deployment):
    """One stack, its checkout and its cloud, with the containers that run there."""

    containers: Containers


def lost(steps: list[Step]) -> list[str]:
    """The steps that delete (or recreate) something that holds data."""
    return lost_of(steps, DATA)


Deploy = Callable[[str, dict[str, Any]], AwsDeployment]
"""Makes a stack of a name and settings; not up yet."""


@contextmanager
def new_aws_deployment(root: Path, stack: str, given: dict[str, Any]) -> Iterator[AwsDeployment]:
    """A copy of this checkout with the stand-ins as its only cloud."""
    containers = Containers(root / "world")
    with serving(containers) as address:
        environment = {
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "ap-northeast-1",
        }
        with checkout(root, "aws", environment) as worker:
            config = {"aws:region": "ap-northeast-1"}
            deployment = AwsDeployment(root=root, stack=stack, worker=worker, config=config, given=given, containers=containers)
            deployment.configure()
            yield deployment
