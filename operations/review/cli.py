"""``python -m operations review``: what a change would create, break and cost, without a cloud account."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from operations.engine.checkout import Checkout, find_checkout
from operations.errors import Refused

if TYPE_CHECKING:
    from operations.review.report import Outcome


class Format(StrEnum):
    """How a review is written."""

    TEXT = "text"
    MARKDOWN = "markdown"
    HTML = "html"
    JSON = "json"


def review(
    stack: Annotated[list[str] | None, typer.Option("--stack", help="A stack to review; may be given more than once.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Every stack that has a stack file, side by side.")] = False,
    against: Annotated[str, typer.Option(help="Compare with this git revision: a branch, a tag or a commit.")] = "",
    form: Annotated[Format, typer.Option("--format", help="For a terminal, a comment, a browser or a program.")] = Format.TEXT,
    output: Annotated[Path | None, typer.Option(help="Write to this file and not to standard output.")] = None,
) -> None:
    """Judge what a stack would become. Exit code 0: fine; 1: a violation or data loss; 2: it cannot be told."""
    gc.disable()  # a short life, in which looking for garbage would take a third of the time
    checkout = find_checkout()
    names = _names(checkout, stack or [], every=every)
    from operations.review import report

    outcomes = report.review(checkout, names, against=against)
    _write(outcomes, form, output)
    _leave(report.exit_code(outcomes))


def _names(checkout: Checkout, given: Sequence[str], *, every: bool) -> list[str]:
    if every and given:
        raise Refused("Give either --stack or --all, not both.")
    if every:
        names = checkout.stacks()
        if not names:
            raise Refused(f"There is nothing to review: {checkout.root} has no Pulumi.<stack>.yaml.")
        return names
    names = list(dict.fromkeys(given)) or ["local"]
    for name in names:
        checkout.require(name)
    return names


def _write(outcomes: tuple[Outcome, ...], form: Format, output: Path | None) -> None:
    if form is Format.TEXT and output is None and sys.stdout.isatty():
        from operations.console import make_console
        from operations.review.text import lines

        console = make_console()
        for style, line in lines(outcomes):
            console.print(line, style=style)
        return
    text = _text(outcomes, form)
    if output is None:
        sys.stdout.write(text)
        sys.stdout.flush()
        return
    try:
        output.write_text(text)
    except OSError as error:
        raise Refused(f"The review cannot be written to {output}: {error.strerror}.") from None


def _text(outcomes: tuple[Outcome, ...], form: Format) -> str:
    """*outcomes* in one format. Each format's own module is loaded only when it is wanted."""
    if form is Format.MARKDOWN:
        from operations.review import markdown

        return markdown.document(outcomes)
    if form is Format.HTML:
        from operations.review.html import page

        return page(outcomes)
    if form is Format.JSON:
        import json

        from operations.review import as_json

        return json.dumps(as_json.document(outcomes), indent=2) + "\n"
    from operations.review.text import lines

    return "".join(f"{line}\n" for _, line in lines(outcomes))


def _leave(code: int) -> NoReturn:
    """End the process at once: taking a million objects apart would take as long as a third of the review."""
    if Path(sys.argv[0]).parent.name == "operations":  # python -m operations, nothing else that may run in this process
        sys.stdout.flush()
        os._exit(code)
    raise typer.Exit(code)
