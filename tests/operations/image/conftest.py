"""A checkout with stack files, a docker that records, and ``image build`` between the two."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.checkout import ROOT
from tests.operations.driver import Ended, ended, start_operations
from tests.operations.image.fake_docker import FakeDocker


@pytest.fixture
def docker(tmp_path: Path) -> FakeDocker:
    folder = tmp_path / "bin"
    folder.mkdir()
    return FakeDocker(folder)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Pulumi.yaml, the stack files and an image's source; a git repository without changes."""
    root = tmp_path / "checkout"
    root.mkdir()
    for path in ROOT.glob("Pulumi*.yaml"):
        shutil.copy(path, root)
    (root / "app").mkdir()
    (root / "app" / "Dockerfile").write_text("FROM scratch\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=t", "-c", "user.email=t@t", "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=root, check=True)
    return root


@pytest.fixture
def run(docker: FakeDocker, checkout: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ended]:
    def run(*arguments: str, **environment: str) -> Ended:
        path = f"{docker.folder}{os.pathsep}{os.environ['PATH']}"
        return ended(
            start_operations(
                checkout, ["image", "build", *arguments], {"PYTHONPATH": _python_path(), "PATH": path, **environment}
            )
        )

    return run


def _python_path() -> str:
    return os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))


@pytest.fixture
def account(aws: Callable[[str], Any]) -> str:
    """An account in moto; commands that the test starts use it."""
    return str(aws("sts").get_caller_identity()["Account"])


@pytest.fixture(autouse=True)
def no_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
