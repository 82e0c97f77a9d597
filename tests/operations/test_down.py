"""What ``down`` says, asks, refuses and removes; the questions on a real terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from components.local.host.paths import StackPaths, home_of
from operations.engine.pulumi_cli import ensure_cli
from tests.checkout import ROOT
from tests.operations.driver import Project, new_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    ensure_cli()
    with new_project(tmp_path / "checkout") as made:
        yield made


def on_a_terminal(project: Project, answer: str) -> tuple[int, str]:
    """``down`` with a terminal for input and output, and *answer* typed into it."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "operations", "down"],
        cwd=project.root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said = b""
    try:
        while b"to go on: " not in said:
            said += os.read(ours, 4096)
        os.write(ours, answer.encode() + b"\n")
        while chunk := os.read(ours, 4096):
            said += chunk
    except OSError:  # Linux: the other side has been closed
        pass
    os.close(ours)
    return process.wait(60), said.decode()


def test_it_says_what_is_lost_and_wants_the_stack_s_name(project: Project) -> None:
    project.settings(provider="local")
    assert project.run("up").code == 0
    data = StackPaths(home=home_of(project.root), stack="local").root
    data.mkdir(parents=True)
    (data / "table").write_bytes(b"x" * 2_500_000)
    code, said = on_a_terminal(project, "yes")
    assert code == 2
    assert "database orders at 127.0.0.1:5432" in said
    assert f"all files in {data} (2.5 MB)" in said.replace("\r\n", "")
    assert "Nothing was taken down." in said
    assert project.file("one").exists()
    code, said = on_a_terminal(project, "local")
    assert code == 0, said
    assert "Stack local is gone" in said
    assert not project.file("one").exists()
    assert not data.exists()


def test_what_runs_without_any_state_is_swept_too(project: Project) -> None:
    """``.state`` was deleted by hand while the stack ran."""
    project.settings(provider="local")
    data = StackPaths(home=home_of(project.root), stack="local").root
    data.mkdir(parents=True)
    left = subprocess.Popen(["sleep", "300"], cwd=data, start_new_session=True)
    refused = project.run("down")
    assert refused.code == 2
    assert "there is no terminal to ask on" in refused.err
    assert left.poll() is None
    swept = project.run("down", "--yes")
    assert swept.code == 0, swept.text
    assert f"ended    sleep (pid {left.pid})" in swept.out
    assert left.wait(10) != 0
    assert not data.exists()


def test_it_refuses_while_something_is_protected_against_deletion(project: Project) -> None:
    project.settings(deletion_protection=True)
    assert project.run("up").code == 0
    refused = project.run("down", "--yes")
    assert refused.code == 2
    assert refused.err == (
        "Stack 'local' is protected against deletion (orders-one, orders-two). To take it down, set deletion_protection: "
        f"false in {project.root}/Pulumi.local.yaml, run `make up`, then `make down` again.\n"
    )
    assert project.file("one").exists()
