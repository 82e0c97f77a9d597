"""Which Python a pack runs in: the one that PulumiPolicy.yaml names (inside the pack, or shared), else the caller's."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
import yaml

from policies.resource import Resource, Stack
from tests.policies.analyzed import PACK, analyze
from tests.policies.rules import THING
from tests.policies.runtime_args import urn_of

TELLS_ITS_PYTHON = """
import sys
from pulumi_policy import PolicyPack, StackValidationPolicy

PolicyPack("told", [StackValidationPolicy("python", "Which Python", lambda args, report: report(sys.prefix, None))])
"""


def environment(folder: Path) -> Path:
    """A virtual environment of its own, with the packages of the one that the tests run in."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    paths = {name: str(folder) for name in ("base", "platbase")}
    site = Path(sysconfig.get_path("purelib", vars=paths))
    (site / "shared.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder


@pytest.mark.parametrize(
    ("option", "made"),
    [("venv", "pack/venv"), ("../.venv", ".venv"), ("../missing", None)],
    ids=["packaged", "shared", "none there"],
)
def test_the_python_of_a_pack(tmp_path: Path, option: str, made: str | None) -> None:
    pack = tmp_path / "pack"
    pack.mkdir()
    runtime = {"name": "python", "options": {"virtualenv": option}}
    (pack / "PulumiPolicy.yaml").write_text(yaml.safe_dump({"name": "told", "version": "0.1.0", "runtime": runtime}))
    (pack / "__main__.py").write_text(TELLS_ITS_PYTHON)
    expected = environment(tmp_path / made) if made else Path(sys.prefix)
    thing = Resource(urn=urn_of(THING, "thing"), type=THING, name="thing", props={}, stack="test")
    found = analyze(tmp_path, Stack("test", "prod", "local", (thing,)), pack=pack)
    assert [Path(one.message.splitlines()[1]) for one in found.told] == [expected], found.errors


def test_the_projects_pack_shares_the_programs_environment() -> None:
    """`pulumi preview --policy-pack policies` on a full install: no environment has to be activated."""
    options = yaml.safe_load((PACK / "PulumiPolicy.yaml").read_text())["runtime"]["options"]
    program = yaml.safe_load((PACK.parent / "Pulumi.yaml").read_text())["runtime"]["options"]
    assert (PACK / options["virtualenv"]).resolve() == (PACK.parent / program["virtualenv"]).resolve()
