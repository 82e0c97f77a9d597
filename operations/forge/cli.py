"""``python -m operations comment`` and ``propose``: for pipelines. Exit 0 done, 1 refused by the forge, 2 not in a pipeline."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

FILE = typer.Argument(help="The text, in Markdown; - is standard input.")
MARKER = typer.Option("--marker", help="Which comment: another marker is another comment.")
BRANCH = typer.Option("--branch", help="The branch to put them on; what is there is replaced.")
TITLE = typer.Option("--title", help="Title of the commit and of the pull request.")
FILES = typer.Argument(help="The files whose changes are proposed.")


def comment(file: Annotated[str, FILE], marker: Annotated[str, MARKER] = "review") -> None:
    """Keep one comment on this pipeline's pull request up to date."""
    from operations.errors import Refused
    from operations.forge.comment import keep
    from operations.forge.pull_request import current

    request = current(os.environ)
    try:
        text = sys.stdin.read() if file == "-" else Path(file).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be read: {getattr(error, 'strerror', None) or 'it is not text in UTF-8'}.") from None
    if not text.strip():
        raise Refused(f"{file} is empty: there is nothing to say.")
    typer.echo(f"Comment '{marker}': {keep(request, text, marker)}.")


def propose(files: Annotated[list[str], FILES], branch: Annotated[str, BRANCH], title: Annotated[str, TITLE]) -> None:
    """Ask for a review of changed files: commit them to a branch, push it, open a pull request or bring it up to date."""
    from operations.forge.propose import propose as run

    typer.echo(f"{run(branch, title, files, os.environ)}.")
