"""The pull request (GitHub) or merge request (GitLab) that a pipeline runs for, from the environment that the pipeline gives."""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from operations.errors import Refused
from operations.forge.api import call

PAGE = 100


@dataclass(frozen=True)
class Comment:
    """One that is there already."""

    id: int
    body: str


class PullRequest(ABC):
    """One request, and its comments."""

    @abstractmethod
    def comments(self, page: int) -> list[Comment]:
        """A page of them, PAGE at most, from 1."""

    @abstractmethod
    def add(self, body: str) -> None: ...

    @abstractmethod
    def change(self, comment: Comment, body: str) -> None: ...


@dataclass(frozen=True)
class GitHub(PullRequest):
    api: str
    repository: str
    number: int
    token: str

    def comments(self, page: int) -> list[Comment]:
        found = self._call("GET", f"/issues/{self.number}/comments?per_page={PAGE}&page={page}")
        return [Comment(one["id"], one.get("body") or "") for one in found]

    def add(self, body: str) -> None:
        self._call("POST", f"/issues/{self.number}/comments", {"body": body})

    def change(self, comment: Comment, body: str) -> None:
        self._call("PATCH", f"/issues/comments/{comment.id}", {"body": body})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"authorization": f"Bearer {self.token}", "accept": "application/vnd.github+json"}
        return call(method, f"{self.api}/repos/{self.repository}{path}", headers, body)


@dataclass(frozen=True)
class GitLab(PullRequest):
    api: str
    project: str
    number: int
    token: str

    def comments(self, page: int) -> list[Comment]:
        return [Comment(one["id"], one.get("body") or "") for one in self._call("GET", f"?per_page={PAGE}&page={page}")]

    def add(self, body: str) -> None:
        self._call("POST", "", {"body": body})

    def change(self, comment: Comment, body: str) -> None:
        self._call("PUT", f"/{comment.id}", {"body": body})

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        url = f"{self.api}/projects/{self.project}/merge_requests/{self.number}/notes{path}"
        return call(method, url, {"private-token": self.token}, body)


def current(environ: Mapping[str, str]) -> PullRequest:
    """The request that this pipeline runs for.

    GitHub: GITHUB_REPOSITORY, GITHUB_TOKEN, and GITHUB_REF (``refs/pull/7/merge``) or GITHUB_EVENT_PATH. GitLab: CI_API_V4_URL,
    CI_PROJECT_ID, CI_MERGE_REQUEST_IID, REVIEW_TOKEN (a project access token: the job's own may not write notes).

    Raises Refused, naming what is missing, anywhere else.
    """
    if environ.get("CI_API_V4_URL"):
        given = _needed(environ, "CI_API_V4_URL", "CI_PROJECT_ID", "CI_MERGE_REQUEST_IID", "REVIEW_TOKEN")
        return GitLab(given[0].rstrip("/"), given[1], _number(given[2]), given[3])
    repository, token = _needed(environ, "GITHUB_REPOSITORY", "GITHUB_TOKEN")
    api = environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/")
    return GitHub(api, repository, _github_number(environ), token)


def _needed(environ: Mapping[str, str], *names: str) -> list[str]:
    missing = [name for name in names if not environ.get(name)]
    if missing:
        raise Refused(f"This is no pipeline of a pull request: {', '.join(missing)} is not set.")
    return [environ[name] for name in names]


def _github_number(environ: Mapping[str, str]) -> int:
    match = re.fullmatch(r"refs/pull/(\d+)/\w+", environ.get("GITHUB_REF", ""))
    if match:
        return int(match[1])
    try:
        return int(json.loads(Path(environ["GITHUB_EVENT_PATH"]).read_text())["pull_request"]["number"])
    except (KeyError, TypeError, ValueError, OSError):
        raise Refused("This is no pipeline of a pull request: neither GITHUB_REF nor GITHUB_EVENT_PATH names one.") from None


def _number(text: str) -> int:
    if not text.isdigit():
        raise Refused(f"CI_MERGE_REQUEST_IID is '{text}', not a number.")
    return int(text)
