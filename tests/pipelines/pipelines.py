"""The pipelines as data: every job of GitHub's workflows and of GitLab's file, and every command that they run."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.recorder import ROOT

GITHUB = ROOT / ".github"
WORKFLOWS = {path.stem: yaml.safe_load(path.read_text()) for path in sorted((GITHUB / "workflows").glob("*.yml"))}
ACTION = yaml.safe_load((GITHUB / "actions" / "prepare" / "action.yml").read_text())
GITLAB = yaml.safe_load((ROOT / ".gitlab-ci.yml").read_text())
FILES = [*sorted(GITHUB.rglob("*.yml")), ROOT / ".gitlab-ci.yml"]

NO_JOB = ("stages", "default", "variables", "workflow")
CHECKS = (r"""printf '%s' "\$OIDC_TOKEN" > /tmp/oidc-token""", r"""test -n "\$PULUMI_BACKEND_URL"(\s+#.*)?""")
"""What GitLab needs beside our commands: its token in a file, and a refusal to work on an empty state."""


@dataclass(frozen=True)
class Command:
    """One line that a job runs."""

    where: str
    text: str

    @property
    def words(self) -> list[str]:
        """Without what a shell does with its result."""
        return shlex.split(self.text.removesuffix("|| true"))


def jobs() -> Iterator[tuple[str, dict[str, Any]]]:
    """GitHub's, as ``workflow/job``."""
    for name, workflow in WORKFLOWS.items():
        for job, block in workflow["jobs"].items():
            yield f"{name}/{job}", block


def gitlab_jobs() -> dict[str, dict[str, Any]]:
    return {name: block for name, block in GITLAB.items() if name not in NO_JOB}


def steps() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every step of GitHub's jobs and of the composite action."""
    for name, job in jobs():
        yield from ((name, step) for step in job.get("steps", ()))
    yield from (("prepare", step) for step in ACTION["runs"]["steps"])


def commands() -> Iterator[Command]:
    for name, step in steps():
        if "run" in step:
            yield from (Command(f"github {name}", line) for line in step["run"].splitlines() if line.strip())
    for name, job in gitlab_jobs().items():
        lines = [*job.get("before_script", ()), *job.get("script", ())]
        yield from (Command(f"gitlab {name}", line) for line in lines if not any(re.fullmatch(check, line) for check in CHECKS))


def targets(makefile: Path = ROOT / "Makefile") -> set[str]:
    """The targets of the Makefile."""
    return set(re.findall(r"^([a-z][a-z-]*):", makefile.read_text(), re.MULTILINE))


def stacks_of(job: dict[str, Any]) -> dict[str, str]:
    """The stacks in a job's matrix, and the cloud of each."""
    return {entry["stack"]: entry["cloud"] for entry in job["strategy"]["matrix"]["include"]}


def gitlab_stacks_of(job: dict[str, Any]) -> list[str]:
    [row] = job["parallel"]["matrix"]
    return list(row["STACK"])
