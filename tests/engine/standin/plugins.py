"""Puts the stand-ins where the engine looks for its provider plugins."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from tests.checkout import ROOT
from tests.engine.standin import server

SCRIPT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.engine.{cloud}.standin.cloud import CLOUD
from tests.engine.standin.server import serve
serve(CLOUD, {version!r})
"""


def version_of(name: str) -> str:
    """The version of its plugin that the SDK *name* (``aws``) wants."""
    import_module(f"pulumi_{name}")
    version: str = json.loads(files(f"pulumi_{name}").joinpath("pulumi-plugin.json").read_text())["version"]
    return version


@contextmanager
def running(cloud: str, world: Path) -> Iterator[list[str]]:
    """The stand-ins in this process, so that none has to be started for each command: ``name:port`` of each.

    The engine still wants to see the installed ones.
    """
    clouds = {name: import_module(f"tests.engine.{cloud}.standin.cloud").CLOUD for name in (cloud, "random")}
    servers = {name: server.start(pretended, version_of(name), world) for name, pretended in clouds.items()}
    try:
        yield [f"{name}:{port}" for name, (_, port) in servers.items()]
    finally:
        for one, _ in servers.values():
            one.stop(grace=1).wait()


def install(home: Path, cloud: str) -> None:
    """Stand-ins for *cloud* (``aws``, ``gcp``) and ``random`` below *home* (PULUMI_HOME), in the versions that the SDKs want."""
    for name in (cloud, "random"):
        version = version_of(name)
        folder = home / "plugins" / f"resource-{name}-v{version}"
        folder.mkdir(parents=True)
        script = folder / f"pulumi-resource-{name}"
        script.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), cloud=cloud, version=version))
        script.chmod(0o755)
