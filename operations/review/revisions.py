"""Another revision of the checkout: unpacked in a folder of its own, which is gone afterwards."""

from __future__ import annotations

import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from operations.errors import Refused


def commit_of(root: Path, revision: str) -> str:
    """The full id of *revision* (a branch, a tag, ``HEAD~1``, an id) in the repository of *root*.

    Raises:
        Refused: git is missing, *root* is in no repository, or it has no such revision.
    """
    if _git(root, "rev-parse", "--git-dir") is None:
        raise Refused(f"--against needs a git repository, and {root} is in none. Leave --against out.")
    found = _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if found:
        return found.strip()
    there = (_git(root, "rev-parse", "--is-shallow-repository") or "").strip() == "true"
    hint = " This is a shallow clone: fetch its history first (git fetch --unshallow)." if there else ""
    raise Refused(
        f"There is no revision '{revision}' in {root}; name a branch, a tag or a commit (git fetch gets new ones).{hint}"
    )


def uncommitted(root: Path) -> int:
    """How many files of *root* differ from its last commit, new ones included; 0 where there is no repository."""
    return len((_git(root, "status", "--porcelain", "--untracked-files=normal", "--", ".") or "").splitlines())


def stacks_gone(root: Path, commit: str) -> list[str]:
    """Stacks whose ``Pulumi.<stack>.yaml`` *commit* has and *root* has no more."""
    names = (_git(root, "ls-tree", "--name-only", commit) or "").splitlines()
    found = [match[1] for name in names if (match := re.fullmatch(r"Pulumi\.(.+)\.yaml", name))]
    return [stack for stack in found if not (root / f"Pulumi.{stack}.yaml").is_file()]


@contextmanager
def unpacked(root: Path, commit: str) -> Iterator[Path]:
    """A temporary folder with the files of *commit* that lie at or under *root*.

    ``git archive`` rather than a worktree: nothing is registered in the repository that an interrupted run could leave behind.

    Raises:
        Refused: the revision has no Pulumi.yaml there, or cannot be read.
    """
    top = (_git(root, "rev-parse", "--show-toplevel") or str(root)).strip()
    prefix = (_git(root, "rev-parse", "--show-prefix") or "").strip()
    command = [_program(), "-C", top, "archive", "--format=tar", f"{commit}:{prefix}"]
    with tempfile.TemporaryDirectory(prefix="managed-postgres-review-") as folder:
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            try:
                with tarfile.open(fileobj=process.stdout, mode="r|") as archive:
                    archive.extractall(folder, filter="data")
            except tarfile.TarError:
                why = " ".join(process.stderr.read().decode(errors="replace").split()) or "git said nothing"
                raise Refused(f"Commit {commit[:12]} cannot be unpacked: {why}.") from None
        place = Path(folder)
        if not (place / "Pulumi.yaml").is_file():
            raise Refused(f"Commit {commit[:12]} has no Pulumi.yaml; compare with a revision that has the program.")
        yield place


def _program() -> str:
    found = shutil.which("git")
    if not found:
        raise Refused("--against needs git, which is not installed. Install it, or leave --against out.")
    return found


def _git(root: Path, *arguments: str) -> str | None:
    """What git answers; None when it fails."""
    done = subprocess.run([_program(), "-C", str(root), *arguments], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
