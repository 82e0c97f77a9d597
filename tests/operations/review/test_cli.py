"""``python -m operations review`` as a process: exit codes, formats, and sentences for bad input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from tests.operations.review.checkout import CLUSTER, checkout, commit, stack_file
from tests.recorder import ROOT

EMPTY = "import pulumi\n"


def review(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "operations", "review", *arguments]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(command, cwd=root, env=environ, capture_output=True, text=True, check=False)


def test_data_loss_ends_with_1(tmp_path: Path) -> None:
    commit(checkout(tmp_path))
    checkout(tmp_path, EMPTY)
    done = review(tmp_path, "--stack", "test", "--against", "HEAD")
    assert done.returncode == 1, done.stderr
    assert "DELETES DATA: database-cluster" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_every_format_to_a_file_and_to_standard_output(tmp_path: Path, form: str) -> None:
    checkout(tmp_path, EMPTY, stacks={"one": stack_file("local"), "two": stack_file("local")})
    shown, written = review(tmp_path, "--all", "--format", form), review(tmp_path, "--all", "--format", form, "--output", "out")
    assert shown.stdout == (tmp_path / "out").read_text()
    assert written.stdout == ""
    assert shown.returncode == written.returncode
    if form == "json":
        found = json.loads(shown.stdout)
        assert [one["name"] for one in found["stacks"]] == ["one", "two"]
        assert found["exit_code"] == shown.returncode


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--stack", "nowhere"), "There is no stack 'nowhere'"),
        (("--stack", "test", "--all"), "not both"),
        (("--stack", "test", "--against", "nowhere"), "There is no revision 'nowhere'"),
        (("--stack", "test", "--output", "no/such/folder"), "cannot be written to no/such/folder"),
        (("--stack", "broken"), "Pulumi.broken.yaml is not valid YAML"),
        (("--stack", "test", "--format", "pdf"), "pdf"),
    ],
)
def test_bad_input_is_a_sentence_and_2(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    commit(checkout(tmp_path, EMPTY, stacks={"test": stack_file("local"), "broken": "config: [\n"}))
    done = review(tmp_path, *arguments)
    said = done.stdout + done.stderr
    assert done.returncode == 2, said
    assert sentence in said
    assert "Traceback" not in said


def test_a_thousand_databases(tmp_path: Path) -> None:
    one = CLUSTER[CLUSTER.index("cluster = ") :].replace('"database-cluster"', 'f"database-cluster-{number}"')
    program = CLUSTER[: CLUSTER.index("cluster = ")] + "for number in range(1000):\n" + indent(one, "    ")
    commit(checkout(tmp_path, program))
    checkout(tmp_path, program.replace('database_name="app"', 'database_name="other"'))
    done = review(tmp_path, "--stack", "test", "--against", "HEAD", "--format", "markdown")
    assert done.returncode == 1, done.stderr
    assert "1000 data loss risks" in done.stdout
    assert len(done.stdout) < 65_536
