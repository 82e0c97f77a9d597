"""Puts changed files on a branch and asks for their review: one pull request per branch, brought up to date every time."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence

from operations.errors import OperationError, Refused
from operations.forge.api import call

AUTHOR = ("-c", "user.name=pipeline", "-c", "user.email=pipeline@users.noreply.github.com")


def propose(branch: str, title: str, files: Sequence[str], environ: Mapping[str, str]) -> str:
    """Commit the changes of *files*, push them to *branch* (what was there is replaced) and ask for a review; what was done.

    On GitHub by its REST interface (GITHUB_REPOSITORY, GITHUB_TOKEN, GITHUB_REF_NAME as the branch to merge into), on GitLab by
    options of the push (CI_DEFAULT_BRANCH). The credentials of the push are git's own.

    Raises Refused outside a pipeline, OperationError when git or the forge refuses.
    """
    gitlab = environ.get("CI_DEFAULT_BRANCH", "")
    if not gitlab and not all(environ.get(name) for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN", "GITHUB_REF_NAME")):
        raise Refused(
            "This is no pipeline: neither GITHUB_REPOSITORY, GITHUB_TOKEN and GITHUB_REF_NAME nor CI_DEFAULT_BRANCH is set."
        )
    if not _git("status", "--porcelain", "--", *files).strip():
        return "nothing has changed"
    _git("switch", "--force-create", branch)
    _git("add", "--", *files)
    _git(*AUTHOR, "commit", "--quiet", "--message", title)
    target = gitlab or environ["GITHUB_REF_NAME"]
    if gitlab:
        options = ("merge_request.create", f"merge_request.target={target}", f"merge_request.title={title}")
        _git("push", "--force", *(word for option in options for word in ("-o", option)), "origin", f"HEAD:refs/heads/{branch}")
        return f"branch {branch} pushed, with a merge request"
    _git("push", "--force", "origin", f"HEAD:refs/heads/{branch}")
    return _ask(branch, title, target, environ)


def _ask(branch: str, title: str, target: str, environ: Mapping[str, str]) -> str:
    repository = environ["GITHUB_REPOSITORY"]
    url = f"{environ.get('GITHUB_API_URL', 'https://api.github.com').rstrip('/')}/repos/{repository}/pulls"
    headers = {"authorization": f"Bearer {environ['GITHUB_TOKEN']}", "accept": "application/vnd.github+json"}
    owner = repository.partition("/")[0]
    there = call("GET", f"{url}?state=open&base={target}&head={owner}:{branch}", headers)
    if there:
        return f"pull request {there[0]['number']} brought up to date"
    made = call(
        "POST",
        url,
        headers,
        {"title": title, "head": branch, "base": target, "body": "Made by a pipeline. Review it as any other."},
    )
    return f"pull request {made['number']} made"


def _git(*arguments: str) -> str:
    environment = {**os.environ, "GIT_TERMINAL_PROMPT": "0"}
    answer = subprocess.run(["git", *arguments], capture_output=True, text=True, env=environment)
    if answer.returncode:
        words = [word for word in arguments if not word.startswith("-")]
        raise OperationError(f"git {words[0]} failed: {' '.join(answer.stderr.split())[-300:]}")
    return answer.stdout
