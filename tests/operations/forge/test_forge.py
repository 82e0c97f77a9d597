"""``comment`` and ``propose`` as a pipeline calls them, against GitHub's and GitLab's interfaces over HTTP and a real git."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from operations.errors import OperationError, Refused
from operations.forge import cli
from operations.forge.comment import LONGEST
from operations.forge.pull_request import PAGE
from tests.operations.forge.forge import TOKEN, Forge, serving

app = typer.Typer()
app.command()(cli.comment)
app.command()(cli.propose)

HEAD = "<!-- managed-postgres: review -->\n"


@pytest.fixture
def forge() -> Forge:
    return Forge()


@pytest.fixture(autouse=True)
def nowhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in [name for name in os.environ if name.startswith(("CI_", "GITHUB_", "REVIEW_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(params=["github", "gitlab"])
def pipeline(request: pytest.FixtureRequest, forge: Forge, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with serving(forge) as address:
        github = {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/pull/7/merge", "GITHUB_TOKEN": TOKEN}
        gitlab = {"CI_API_V4_URL": address, "CI_PROJECT_ID": "42", "CI_MERGE_REQUEST_IID": "7", "REVIEW_TOKEN": TOKEN}
        for name, value in (github if request.param == "github" else gitlab).items():
            monkeypatch.setenv(name, value)
        yield request.param


def comment(text: str, *arguments: str) -> str:
    Path("review.md").write_text(text)
    result = CliRunner().invoke(app, ["comment", "review.md", *arguments], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.strip()


def test_one_comment_is_kept_up_to_date(pipeline: str, forge: Forge) -> None:
    forge.comments[1] = "LGTM"
    assert comment("First.") == "Comment 'review': made."
    assert comment("First.") == "Comment 'review': left."
    assert comment("Second.") == "Comment 'review': changed."
    assert comment("Of prod.", "--marker", "prod") == "Comment 'prod': made."
    assert forge.comments == {1: "LGTM", 2: f"{HEAD}Second.", 3: "<!-- managed-postgres: prod -->\nOf prod."}


def test_it_is_found_among_many(pipeline: str, forge: Forge) -> None:
    forge.comments = {number: f"comment {number}" for number in range(1, 2 * PAGE + 6)}
    forge.comments[PAGE + 3] = f"{HEAD}old"
    assert comment("New.") == "Comment 'review': changed."
    assert forge.comments[PAGE + 3] == f"{HEAD}New."
    del forge.comments[PAGE + 3]
    assert comment("New.") == "Comment 'review': made."


def test_a_review_that_is_too_long_is_cut_and_says_so(pipeline: str, forge: Forge) -> None:
    comment("x" * (LONGEST + 5000))
    assert len(forge.comments[1]) < 65_536
    assert "longer than a comment may be" in forge.comments[1]


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_refusal_is_a_sentence_without_the_token(pipeline: str, forge: Forge, status: int) -> None:
    forge.fails = status
    with pytest.raises(OperationError, match=f"was answered with {status}") as caught:
        comment("First.")
    assert TOKEN not in str(caught.value)


def test_no_answer_is_a_sentence(pipeline: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("GITHUB_API_URL", "CI_API_V4_URL"):
        if name in os.environ:
            monkeypatch.setenv(name, "http://127.0.0.1:9")
    with pytest.raises(OperationError, match="got no answer that can be read"):
        comment("First.")


def test_a_token_is_never_sent_in_clear(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {"GITHUB_API_URL": "http://github.example", "GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/pull/7/merge"}
    for name, value in {**given, "GITHUB_TOKEN": TOKEN}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(OperationError, match="is not an https address"):
        comment("First.")


def test_the_number_comes_from_the_event_too(forge: Forge, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    event = tmp_path / "event.json"
    event.write_text(json.dumps({"pull_request": {"number": 7}}))
    with serving(forge) as address:
        given = {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": "o/r", "GITHUB_REF": "refs/heads/main", "GITHUB_TOKEN": TOKEN}
        for name, value in {**given, "GITHUB_EVENT_PATH": str(event)}.items():
            monkeypatch.setenv(name, value)
        assert comment("First.") == "Comment 'review': made."


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({}, "GITHUB_REPOSITORY, GITHUB_TOKEN is not set"),
        (
            {"GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": "x", "GITHUB_REF": "refs/heads/main"},
            "neither GITHUB_REF nor GITHUB_EVENT_PATH",
        ),
        ({"CI_API_V4_URL": "https://x"}, "CI_PROJECT_ID, CI_MERGE_REQUEST_IID, REVIEW_TOKEN is not set"),
        (
            {"CI_API_V4_URL": "https://x", "CI_PROJECT_ID": "1", "CI_MERGE_REQUEST_IID": "x", "REVIEW_TOKEN": "x"},
            "CI_MERGE_REQUEST_IID is 'x', not a number",
        ),
    ],
)
def test_outside_a_pipeline(environment: dict[str, str], sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Refused, match=sentence):
        comment("First.")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe"])
def test_a_file_that_says_nothing(pipeline: str, forge: Forge, content: bytes | None) -> None:
    if content is not None:
        Path("text.md").write_bytes(content)
    with pytest.raises(Refused, match=r"text\.md (cannot be read|is empty)"):
        CliRunner().invoke(app, ["comment", "text.md"], catch_exceptions=False)
    assert forge.comments == {}


# propose


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clone of a bare repository, with one file in it."""
    bare, clone = tmp_path / "bare.git", tmp_path / "clone"
    git(tmp_path, "init", "--quiet", "--bare", "--initial-branch=main", str(bare))
    git(bare, "config", "receive.advertisePushOptions", "true")
    git(tmp_path, "clone", "--quiet", str(bare), str(clone))
    (clone / "requirements.txt").write_text("pulumi==3.1\n")
    (clone / "other.txt").write_text("other\n")
    git(clone, "add", ".")
    git(clone, "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "first")
    git(clone, "push", "--quiet", "origin", "HEAD:main")
    monkeypatch.chdir(clone)
    return clone


def git(folder: Path, *arguments: str) -> str:
    return subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


def propose() -> str:
    arguments = ["propose", "requirements.txt", "--branch", "dependencies", "--title", "Newer packages"]
    result = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout.strip()


def test_changes_are_proposed_once_and_then_brought_up_to_date(
    repository: Path, forge: Forge, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(forge) as address:
        given = {"GITHUB_API_URL": address, "GITHUB_REPOSITORY": "o/r", "GITHUB_TOKEN": TOKEN, "GITHUB_REF_NAME": "main"}
        for name, value in given.items():
            monkeypatch.setenv(name, value)
        assert propose() == "nothing has changed."
        (repository / "requirements.txt").write_text("pulumi==3.2\n")
        (repository / "other.txt").write_text("not meant\n")
        assert propose() == "pull request 1 made."
        git(repository, "switch", "--quiet", "main")
        (repository / "requirements.txt").write_text("pulumi==3.3\n")
        assert propose() == "pull request 1 brought up to date."
    [pull] = forge.pulls
    assert (pull["head"], pull["base"], pull["title"]) == ("dependencies", "main", "Newer packages")
    assert git(repository, "show", "origin/dependencies:requirements.txt") == "pulumi==3.3"
    assert git(repository, "show", "origin/dependencies:other.txt") == "other", "only the named files"
    assert git(repository, "rev-list", "--count", "origin/main..origin/dependencies") == "1"


def test_gitlab_makes_the_request_at_the_push(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_DEFAULT_BRANCH", "main")
    (repository / "requirements.txt").write_text("pulumi==3.2\n")
    hook = Path(git(repository, "remote", "get-url", "origin")) / "hooks" / "pre-receive"
    hook.write_text('#!/bin/sh\nenv | grep ^GIT_PUSH_OPTION_ > "$GIT_DIR/options"\n')
    hook.chmod(0o755)
    assert propose() == "branch dependencies pushed, with a merge request."
    options = (hook.parents[1] / "options").read_text()
    assert "=merge_request.create\n" in options
    assert "=merge_request.target=main\n" in options
    assert "=merge_request.title=Newer packages\n" in options


def test_a_push_that_is_refused(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI_DEFAULT_BRANCH", "main")
    (repository / "requirements.txt").write_text("pulumi==3.2\n")
    git(repository, "remote", "set-url", "origin", "/nowhere")
    with pytest.raises(OperationError, match="git push failed"):
        propose()


def test_propose_outside_a_pipeline(repository: Path) -> None:
    with pytest.raises(Refused, match="This is no pipeline"):
        propose()
