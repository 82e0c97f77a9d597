"""A stack on the pretended AWS: the real engine, the real program, the commands a user would type."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from components.tiers import merge
from tests.engine.aws.containers import Containers, serving
from tests.engine.aws.plugins import install
from tests.engine.aws.standin.world import Step, World
from tests.engine.aws.worker import Worker
from tests.operations.driver import ROOT, Ended

DATA = (
    *("rds/cluster:Cluster", "rds/clusterInstance:ClusterInstance", "rds/instance:Instance", "kms/key:Key", "s3/bucket:Bucket"),
    *("secretsmanager/secret:Secret", "elasticache/replicationGroup:ReplicationGroup", "ecr/repository:Repository"),
    *("ec2/vpc:Vpc", "ec2/subnet:Subnet", "rds/subnetGroup:SubnetGroup", "backup/vault:Vault"),
)
"""What holds data, or holds what holds data: none of it may be deleted or replaced by a change."""


@dataclass
class AwsDeployment:
    """One stack, its checkout and its cloud."""

    root: Path
    stack: str
    containers: Containers
    worker: Worker
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The cloud as it is now."""
        return World(self.root / "world")

    def configure(self, **change: Any) -> None:
        """Write the stack file: the settings that it began with, and *change* over them."""
        settings = merge(self.given, change)
        config = {f"managed-postgres:{key}": value for key, value in settings.items()}
        text = yaml.safe_dump({"config": {"aws:region": "ap-northeast-1", **config}})
        (self.root / f"Pulumi.{self.stack}.yaml").write_text(text)

    def run(self, command: str, *arguments: str) -> Ended:
        return self.worker.run(command, "--stack", self.stack, *arguments)

    def up(self, **change: Any) -> list[Step]:
        """``up`` with *change* in the settings, which must succeed; what it did."""
        before = len(self.world.steps())
        self.configure(**change)
        result = self.run("up")
        assert result.code == 0, result.text
        return self.world.steps()[before:]

    def state(self) -> str:
        """Pulumi's state of the stack as text."""
        return "\n".join(path.read_text() for path in (self.root / ".state" / "pulumi").rglob(f"{self.stack}.json"))

    def drift(self, name: str, **facts: Any) -> None:
        """Change resource *name* behind Pulumi's back, as AWS or a person in the console would."""
        world = self.world
        record = world.named(name)
        known = {key: value for key, value in facts.items() if key in record.inputs}
        world.put(replace(record, inputs={**record.inputs, **known}, outputs={**record.outputs, **facts}))


def lost(steps: list[Step]) -> list[str]:
    """The steps that delete (or recreate) something that holds data."""
    return [str(step) for step in steps if step.op == "delete" and step.type.endswith(DATA)]


def told(steps: list[Step]) -> set[str]:
    """The steps as ``create database-instance-3``; a replacement is a create and a delete."""
    return {f"{step.op} {step.name}" for step in steps}


Deploy = Callable[[str, dict[str, Any]], AwsDeployment]
"""Makes a stack of a name and settings; not up yet."""


@contextmanager
def new_aws_deployment(root: Path, stack: str, given: dict[str, Any]) -> Iterator[AwsDeployment]:
    """A copy of this checkout with the stand-ins as its only cloud."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.splitlines():
        if (ROOT / name).is_file() and not name.startswith(("tests/", "docs/", "bench/")):
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, root / name)
    install(root / "home")
    containers = Containers(root / "world")
    with serving(containers) as address:
        environment = {
            "PULUMI_HOME": str(root / "home"),
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            # the state is written once at the end of an operation, not after each of three hundred steps
            "PULUMI_EXPERIMENTAL": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "STAND_IN_WORLD": str(root / "world"),
            "AWS_ENDPOINT_URL": address,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "ap-northeast-1",
        }
        with closing(Worker(root, environment)) as worker:
            deployment = AwsDeployment(root=root, stack=stack, containers=containers, worker=worker, given=given)
            deployment.configure()
            yield deployment


def own_settings(stack: str) -> dict[str, Any]:
    """The settings of ``Pulumi.<stack>.yaml`` of this checkout."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.partition(":")[2]: value for key, value in config.items() if key.startswith("managed-postgres:")}
