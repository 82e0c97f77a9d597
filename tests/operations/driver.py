"""A small Pulumi project of its own and the real driver on it: ``python -m operations`` in real processes, the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.checkout import ROOT, pulumi_home

PROVIDER = '''
import os, pathlib, time
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult

class FileProvider(ResourceProvider):
    """A file that exists is running; `slow` seconds to make one; `fail` is the sentence to fail with."""
    def create(self, props):
        path = pathlib.Path(props["path"])
        if path.exists():
            return CreateResult(str(path), {**props, "status": "running"})
        path.with_suffix(".begun").touch()
        time.sleep(float(props["slow"]))
        if props["fail"]:
            from things_errors import ThingError
            raise ThingError(props["fail"]) if props["fail"] != "bug" else ValueError("no such thing")
        path.touch()
        return CreateResult(str(path), {**props, "status": "running"})
    def read(self, id_, props):
        return ReadResult(id_, {**props, "status": "running" if pathlib.Path(id_).exists() else "stopped"})
    def diff(self, id_, olds, news):
        return DiffResult(changes=olds.get("status") != "running" or olds["word"] != news["word"])
    def update(self, id_, olds, news):
        return UpdateResult(self.create(news).outs)
    def delete(self, id_, props):
        pathlib.Path(id_).unlink(missing_ok=True)

class File(Resource):
    def __init__(self, name, path, opts, **props):
        given = {"slow": "0", "fail": "", "word": "", "deletion_protection": False, **props}
        super().__init__(FileProvider(), name, {"path": path, "status": None, **given}, opts)
'''

PROGRAM = """
import os, pathlib
import pulumi
from things import File

config = pulumi.Config()
here = pathlib.Path(__file__).resolve().parent
if config.get("wrong"):
    from things_errors import ThingError
    raise ThingError(config.get("wrong"))
database = pulumi.ComponentResource("managed-postgres:index:ManagedPostgres", "orders")
names = (config.get("things") or "one,two").split(",")
for name in names:
    File(
        f"orders-{name}", str(here / "files" / name), pulumi.ResourceOptions(parent=database),
        slow=os.environ.get("SLOW", "0"), fail=config.get(f"fail-{name}") or "", word=config.get("word") or "",
        deletion_protection=bool(config.get_bool("deletion_protection")),
    )
pulumi.export("database", {"name": "orders", "host": "127.0.0.1", "port": 5432})
pulumi.export("connect", "psql '" + "x" * 200 + "'")
pulumi.export("urls", {"api": "http://127.0.0.1:8000"})
pulumi.export("logs", str(here / "logs"))
pulumi.export("password", pulumi.Output.secret("hush-hush"))
"""


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err


@dataclass(frozen=True)
class Project:
    """A checkout in a folder of its own, and the commands on it."""

    root: Path

    def settings(self, **config: str | bool) -> None:
        """Write Pulumi.local.yaml with these settings; provider is ``none`` unless given, so that nothing local is swept."""
        lines = [f"  managed-postgres:{key}: {json.dumps(value)}" for key, value in {"provider": "none", **config}.items()]
        (self.root / "Pulumi.local.yaml").write_text("config:\n" + "\n".join(lines) + "\n")

    def start(self, *arguments: str, **environment: str) -> subprocess.Popen[str]:
        return start_operations(self.root, arguments, {"PYTHONPATH": str(ROOT), **environment})

    def run(self, *arguments: str, **environment: str) -> Ended:
        return ended(self.start(*arguments, **environment))

    def file(self, name: str) -> Path:
        return self.root / "files" / name

    def providers(self) -> list[psutil.Process]:
        """The dynamic provider processes that run for this project."""
        found = []
        for process in psutil.process_iter(["cmdline"]):
            try:
                alive = process.status() != psutil.STATUS_ZOMBIE and "pulumi.dynamic" in (process.info["cmdline"] or [])
                if alive and str(self.root) in process.cwd():
                    found.append(process)
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        return found


def start_operations(folder: Path, arguments: Sequence[str], changes: Mapping[str, str]) -> subprocess.Popen[str]:
    """``python -m operations`` in *folder*, in a session of its own, without the caller's Pulumi variables and home."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PULUMI_", "COV_"))}
    home = pulumi_home(folder.parent / "pulumi")
    return subprocess.Popen(
        [sys.executable, "-m", "operations", *arguments],
        cwd=folder,
        env={**kept, "PULUMI_HOME": str(home), **changes},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def ended(process: subprocess.Popen[str]) -> Ended:
    out, err = process.communicate(timeout=240)
    return Ended(process.returncode, out, err)


def wait_for(what: Callable[[], object], seconds: float = 120) -> None:
    """Until *what* is true; *seconds* is for a machine that is many times slower than usual."""
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


@contextmanager
def new_project(root: Path) -> Iterator[Project]:
    """A project in *root*; afterwards nothing of it runs any more."""
    project = Project(root.resolve())
    (root / "files").mkdir(parents=True)
    (root / "Pulumi.yaml").write_text("name: managed-postgres\nruntime: python\n")
    (root / "things.py").write_text(PROVIDER)
    error = "class ThingError(Exception):\n    pass\nThingError.__module__ = 'components.things'\n"
    (root / "things_errors.py").write_text(error)
    (root / "__main__.py").write_text(PROGRAM)
    project.settings()
    try:
        yield project
    finally:
        for process in project.providers():
            process.kill()


def engine_of(driver: subprocess.Popen[str]) -> psutil.Process:
    """The Pulumi process that *driver* runs."""
    return next(child for child in psutil.Process(driver.pid).children() if re.match("pulumi", child.name()))


def interrupt(process: subprocess.Popen[str]) -> None:
    """What Ctrl-C in a terminal does: SIGINT to the whole foreground process group."""
    os.killpg(process.pid, signal.SIGINT)
