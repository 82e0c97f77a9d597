"""A checkout of its own, the real program in it, and the commands a user would type: the real engine, the real PostgreSQL."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg
import yaml

from components.local.host import sweep
from components.local.host.paths import StackPaths, home_of
from components.local.host.postgres.accounts import postgres_account
from components.local.host.postgres.binaries import find_binaries
from components.local.host.postgres.spec import NodeSpec
from components.tiers import merge
from tests.checkout import ROOT, copy_checkout
from tests.operations.driver import Ended, ended, start_operations
from tests.support import free_port

Settings = dict[str, Any]


@dataclass
class Deployment:
    """The stack ``local`` of a copied checkout."""

    root: Path
    port: int
    service_port: int
    settings: Settings = field(default_factory=dict)

    @property
    def paths(self) -> StackPaths:
        return StackPaths(home=home_of(self.root), stack="local")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.service_port}"

    def configure(self, **change: Any) -> None:
        """Write the stack file: the project's own with free ports, checks every five seconds, and *change* over it."""
        own = yaml.safe_load((ROOT / "Pulumi.local.yaml").read_text())["config"]
        given = {key.partition(":")[2]: value for key, value in own.items()}
        ports = {"database": {"port": self.port}, "services": {"api": {"port": self.service_port}}}
        self.settings = merge(merge(given, ports), change)
        text = yaml.safe_dump({"config": {f"managed-postgres:{key}": value for key, value in self.settings.items()}})
        (self.root / "Pulumi.local.yaml").write_text(text)

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return start_operations(self.root, arguments, {"PYTHONPATH": str(self.root), **environment})

    def run(self, *arguments: str, **environment: str) -> Ended:
        return ended(self.start(*arguments, **environment))

    def up(self, **environment: str) -> Ended:
        """``up`` that must succeed."""
        result = self.run("up", **environment)
        assert result.code == 0, result.text
        return result

    def node(self, number: int) -> NodeSpec:
        return NodeSpec.from_json((self.paths.postgres / "database" / "nodes" / f"node-{number}" / "node.json").read_text())

    def postmaster(self, number: int) -> psutil.Process:
        return psutil.Process(int((self.node(number).data / "postmaster.pid").read_text().split()[0]))

    def pg_ctl(self, number: int, *arguments: str) -> None:
        """What an operator would type on node *number*."""
        spec = self.node(number)
        binaries = find_binaries(spec.version, spec.home)
        answer = postgres_account().run(
            [binaries.tool("pg_ctl"), "-D", spec.data, *arguments], cwd=spec.data, environment=binaries.environment
        )
        assert answer.returncode == 0, answer.stderr

    def secret(self, name: str = "db") -> dict[str, str]:
        """The application's secret; the owner's is ``db-admin``."""
        values: dict[str, str] = json.loads((self.paths.secrets / "reference" / "dev" / f"{name}.json").read_text())
        return values

    def query(self, text: str, *, name: str = "db") -> list[tuple[Any, ...]]:
        with psycopg.connect(self.secret(name)["url"], connect_timeout=3) as connection:
            return connection.execute(text.encode()).fetchall()

    def ask(self, path: str, body: dict[str, str] | None = None) -> tuple[int, Any]:
        """Status and JSON of a request to the application."""
        data = json.dumps(body).encode() if body else None
        request = urllib.request.Request(self.url + path, data, {"content-type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, json.load(error)

    def state(self) -> str:
        """Pulumi's state of the stack as text."""
        return "\n".join(path.read_text() for path in (self.root / ".state" / "pulumi").rglob("local.json"))

    def processes(self) -> list[psutil.Process]:
        """Everything of the stack that still runs."""
        found = []
        for process in psutil.process_iter():
            try:
                words = " ".join([*process.cmdline(), process.cwd()])
                if process.status() != psutil.STATUS_ZOMBIE and (str(self.root) in words or str(self.paths.root) in words):
                    found.append(process)
            except psutil.Error:
                continue
        return found


def refused(result: Ended, *sentences: str) -> None:
    """*result* is a failure that says all of *sentences*, without a traceback."""
    assert result.code in (1, 2), result.text
    for sentence in sentences:
        assert sentence in result.text, result.text
    assert "Traceback" not in result.text


@contextmanager
def new_deployment(root: Path) -> Iterator[Deployment]:
    """A copy of this checkout; afterwards nothing of it is left."""
    copy_checkout(root)
    deployment = Deployment(root=root.resolve(), port=free_port(4), service_port=free_port())
    deployment.configure()
    try:
        yield deployment
    finally:
        sweep.sweep(deployment.paths.root)
        shutil.rmtree(deployment.paths.home, ignore_errors=True)
