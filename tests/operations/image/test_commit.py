"""The commit as the tag of an image: only of what is committed, and built once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from tests.operations.driver import Ended
from tests.operations.image.fake_docker import DIGEST, FakeDocker

Run = Callable[..., Ended]


def test_a_commit_that_was_pushed_is_taken_and_not_built_again(
    run: Run, docker: FakeDocker, checkout: Path, account: str
) -> None:
    """The run after one whose migration failed, on a machine without that one's build cache."""
    words = ("api", "--stack", "prod", "--context", "app")
    assert run(*words).code == 0
    subprocess.run(["git", "checkout", "-q", "."], cwd=checkout, check=True)
    other = "sha256:" + "9" * 64
    docker.will(metadata=json.dumps({"containerimage.digest": other}), pushes=other)
    again = run(*words)
    assert again.code == 0, again.text
    assert "is in the registry already: taken, not built again" in again.err
    assert f"image: api@{DIGEST}" in (checkout / "Pulumi.prod.yaml").read_text()
    docker.call("buildx", "build")
    commit = subprocess.run(["git", "rev-parse", "--short=12", "HEAD"], cwd=checkout, capture_output=True, text=True).stdout
    named = run(*words, "--tag", commit.strip())
    assert named.code == 1, "of a tag that somebody gives nobody knows what it was made from"
    assert "was not built or not pushed" in named.err


def test_changes_that_are_not_committed(run: Run, checkout: Path, account: str) -> None:
    (checkout / "Dockerfile").write_text("FROM scratch\n")
    beside = run("api", "--stack", "dev", "--context", "app", "--dockerfile", "Dockerfile")
    assert (beside.code, "Dockerfile has changes that are not committed" in beside.err) == (2, True)
    (checkout / "app" / "new.py").write_text("")
    result = run("api", "--stack", "dev", "--context", "app")
    assert result.code == 2
    assert "has changes that are not committed" in result.err
