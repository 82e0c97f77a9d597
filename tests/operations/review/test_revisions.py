"""Another revision: found, unpacked, cleaned away."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from operations.errors import Refused
from operations.review.revisions import commit_of, uncommitted, unpacked
from tests.operations.review.checkout import checkout, commit, git


def test_a_revision_is_unpacked_and_gone_afterwards(tmp_path: Path) -> None:
    root = checkout(tmp_path, "first = 1\n")
    first = commit(root)
    (root / "__main__.py").write_text("second = 2\n")
    commit(root)
    with unpacked(root, commit_of(root, "HEAD~1")) as folder:
        assert (folder / "__main__.py").read_text() == "first = 1\n"
        assert not (folder / ".git").exists()
    assert not folder.exists()
    assert commit_of(root, "main~1") == first
    assert len(git(root, "worktree", "list").splitlines()) == 1


def test_a_checkout_may_be_a_folder_of_a_repository(tmp_path: Path) -> None:
    checkout(tmp_path / "infrastructure", "x = 1\n")
    with unpacked(tmp_path / "infrastructure", commit(tmp_path)) as folder:
        assert (folder / "Pulumi.yaml").is_file()


@pytest.mark.parametrize("revision", ["nowhere", "--all", "HEAD~9", ""])
def test_a_revision_that_does_not_exist(tmp_path: Path, revision: str) -> None:
    commit(checkout(tmp_path))
    with pytest.raises(Refused, match=re.escape(f"There is no revision '{revision}'")):
        commit_of(tmp_path, revision)


def test_no_repository_at_all(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="needs a git repository"):
        commit_of(tmp_path, "main")


def test_a_shallow_clone_says_how_to_get_the_rest(tmp_path: Path) -> None:
    commit(checkout(tmp_path / "all"))
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{tmp_path}/all", "some")
    with pytest.raises(Refused, match="git fetch --unshallow"):
        commit_of(tmp_path / "some", "HEAD~1")


def test_a_revision_without_the_program(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("nothing yet\n")
    before = commit(tmp_path)
    with pytest.raises(Refused, match=r"has no Pulumi\.yaml"), unpacked(tmp_path, before):
        pass


def test_without_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(Refused, match="needs git"):
        commit_of(tmp_path, "main")


def test_uncommitted_files_are_counted(tmp_path: Path) -> None:
    commit(checkout(tmp_path))
    assert uncommitted(tmp_path) == 0
    (tmp_path / "__main__.py").write_text("changed = 1\n")
    (tmp_path / "new.py").write_text("new = 1\n")
    assert uncommitted(tmp_path) == 2
