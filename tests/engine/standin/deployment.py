"""A stack on a pretended cloud: the real engine, the real program, the commands a user would type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from components.tiers import merge
from tests.checkout import ROOT, copy_checkout, pulumi_home
from tests.engine.standin.plugins import install, running
from tests.engine.standin.worker import Worker
from tests.engine.standin.world import Step, World
from tests.operations.driver import Ended


@dataclass(kw_only=True)
class Deployment:
    """One stack, its checkout and its cloud."""

    root: Path
    stack: str
    worker: Worker
    config: dict[str, str]
    """The SDK's own settings: the region, the project."""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def world(self) -> World:
        """The cloud as it is now."""
        return World(self.root / "world")

    def configure(self, **change: Any) -> None:
        """Write the stack file: the settings that it began with, and *change* over them."""
        settings = merge(self.given, change)
        config = {f"managed-postgres:{key}": value for key, value in settings.items()}
        text = yaml.safe_dump({"config": {**self.config, **config}})
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
        """Change resource *name* behind Pulumi's back, as the cloud or a person in the console would. Blocks are merged."""
        world = self.world
        record = world.named(name)
        known = {key: value for key, value in facts.items() if key in record.inputs}
        world.put(replace(record, inputs=merge(record.inputs, known), outputs=merge(record.outputs, facts)))

    def forget(self, name: str, key: str) -> None:
        """The cloud drops *key* of resource *name*, an input that it gives back when it is asked."""
        world = self.world
        record = world.named(name)
        kept = [{key_: value for key_, value in part.items() if key_ != key} for part in (record.inputs, record.outputs)]
        world.put(replace(record, inputs=kept[0], outputs=kept[1]))


def told(steps: list[Step]) -> set[str]:
    """The steps as ``create database-instance-3``; a replacement is a create and a delete."""
    return {f"{step.op} {step.name}" for step in steps}


def lost_of(steps: list[Step], data: tuple[str, ...]) -> list[str]:
    """The steps that delete (or recreate) something of the types *data*."""
    return [str(step) for step in steps if step.op == "delete" and step.type.endswith(data)]


@contextmanager
def checkout(root: Path, cloud: str, environment: Mapping[str, str]) -> Iterator[Worker]:
    """A copy of this checkout in *root* with the stand-ins of *cloud* as its only cloud; runs the commands there."""
    copy_checkout(root, without=("tests/", "docs/", "bench/"))
    install(pulumi_home(root / "home"), cloud)
    variables = {
        "PULUMI_HOME": str(root / "home"),
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # the state is written once at the end of an operation, not after each of three hundred steps
        "PULUMI_EXPERIMENTAL": "true",
        "PULUMI_SKIP_CHECKPOINTS": "true",
        **environment,
    }
    with (
        running(cloud, root / "world") as providers,
        closing(Worker(root, variables, providers)) as worker,
    ):
        yield worker


def own_settings(stack: str) -> dict[str, Any]:
    """The settings of ``Pulumi.<stack>.yaml`` of this checkout."""
    config = yaml.safe_load((ROOT / f"Pulumi.{stack}.yaml").read_text())["config"]
    return {key.partition(":")[2]: value for key, value in config.items() if key.startswith("managed-postgres:")}
