"""Keeps one comment on a pull request up to date: the one that begins with our marker is changed, else one is made."""

from __future__ import annotations

from operations.forge.pull_request import PAGE, Comment, PullRequest

LONGEST = 60_000
"""Characters; GitHub takes 65,536."""

CUT = "\n\n_The rest was left out: it is longer than a comment may be. The whole review is among the pipeline's files._\n"


def keep(request: PullRequest, text: str, marker: str) -> str:
    """Make the comment *marker* of *request* say *text*; what was done: made, changed, or left (it says that already).

    Raises OperationError when the forge refuses.
    """
    head = f"<!-- managed-postgres: {marker} -->\n"
    body = head + (text if len(text) <= LONGEST else text[:LONGEST] + CUT)
    there = _find(request, head)
    if there is None:
        request.add(body)
        return "made"
    if there.body.replace("\r\n", "\n").strip() == body.strip():
        return "left"
    request.change(there, body)
    return "changed"


def _find(request: PullRequest, head: str) -> Comment | None:
    page = 1
    while True:
        found = request.comments(page)
        for comment in found:
            if comment.body.startswith(head.strip()):
                return comment
        if len(found) < PAGE:
            return None
        page += 1
