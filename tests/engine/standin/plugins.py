"""Puts the stand-ins where the engine looks for its provider plugins."""

from __future__ import annotations

import json
import sys
from importlib import import_module
from importlib.resources import files
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]

SCRIPT = """#!{python}
import sys
sys.path.insert(0, {root!r})
from tests.engine.{cloud}.standin.cloud import CLOUD
from tests.engine.standin.server import serve
serve(CLOUD, {version!r})
"""


def install(home: Path, cloud: str) -> None:
    """Stand-ins for *cloud* (``aws``, ``gcp``) and ``random`` below *home* (PULUMI_HOME), in the versions that the SDKs want."""
    for name in (cloud, "random"):
        import_module(f"pulumi_{name}")
        version = json.loads(files(f"pulumi_{name}").joinpath("pulumi-plugin.json").read_text())["version"]
        folder = home / "plugins" / f"resource-{name}-v{version}"
        folder.mkdir(parents=True)
        script = folder / f"pulumi-resource-{name}"
        script.write_text(SCRIPT.format(python=sys.executable, root=str(ROOT), cloud=cloud, version=version))
        script.chmod(0o755)
