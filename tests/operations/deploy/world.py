"""A stack in a cloud whose provider's answers are given, and ``deploy`` and ``rollback`` run on it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar

import typer
import yaml
from click.testing import Result
from typer.testing import CliRunner

from operations.cloud.contract import Running
from operations.deploy import cli
from operations.engine.checkout import Checkout
from operations.stack import DeployedStack

app = typer.Typer()
app.command()(cli.deploy)
app.command()(cli.rollback)

OLD, NEW = f"sha256:{'1' * 64}", f"sha256:{'2' * 64}"
HOST = "123456789012.dkr.ecr.ap-northeast-1.amazonaws.com/reference-production"


@dataclass
class World:
    """A stack in a cloud. ``up`` makes what the stack file names the wanted image; what comes of it is ``answers``."""

    root: Path
    stack: str = "prod"
    wanted: str = f"{HOST}/api@{OLD}"
    runs: Running = field(
        default_factory=lambda: Running(image=f"{HOST}/api@{OLD}", version="api:7", desired=2, healthy=2, settled=True)
    )
    ups: ClassVar[int] = 0
    """In the command that runs."""
    ran: list[tuple[str, str]] = field(default_factory=lambda: [("api:7", f"{HOST}/api@{OLD}")])
    answers: list[Running] = field(default_factory=list)
    error: Exception | None = None

    def settings(self) -> dict[str, Any]:
        config = yaml.safe_load((self.root / f"Pulumi.{self.stack}.yaml").read_text())["config"]
        return {key.partition(":")[2]: value for key, value in config.items()}

    def deployed(self, name: str) -> DeployedStack:
        services = {"api": {"image": self.wanted, "revision": "sha256:new"}}
        return DeployedStack(
            checkout=Checkout(self.root), name=name, outputs={}, handles={"provider": "aws", "services": services}
        )

    def up(self, *_: object) -> None:
        World.ups += 1
        if self.error:
            raise self.error
        self.wanted = f"{HOST}/{self.settings()['services']['api']['image'].rpartition('/')[2]}"

    def running(self, service: str) -> Running:
        assert service == "api"
        if self.ups and self.answers:
            self.runs = self.answers.pop(0)
        return self.runs

    def versions(self, service: str) -> list[tuple[str, str]]:
        return self.ran


def run(*words: str) -> Result:
    World.ups = 0
    done = CliRunner().invoke(app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def new(world: World, **change: Any) -> Running:
    return replace(world.runs, **{"image": f"{HOST}/api@{NEW}", "version": "api:8", **change})
