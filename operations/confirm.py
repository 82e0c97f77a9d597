"""The question before something is destroyed: its target is shown, and its name typed."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from operations.console import make_console
from operations.errors import Refused


def confirm(verb: str, name: str, given: str | None, *, target: Sequence[str]) -> None:
    """Shows *target* (a line each) on standard error, then goes on only if the user types *name*.

    *given* is the value of ``--yes-<verb>=<name>`` and answers in the user's place. Raises Refused on another answer, and
    without a terminal to ask on; nothing may have been begun by then.
    """
    console = make_console(stderr=True)
    for line in target:
        console.print(line)
    if given is None and not sys.stdin.isatty():
        raise Refused(f"There is no terminal to ask on: pass --yes-{verb}={name} if that is meant. Nothing was done.")
    if given is None:
        console.print(f"Type {name} to go on: ", end="")
        given = sys.stdin.readline()
    if given.strip() != name:
        raise Refused(f"That is not {name}. Nothing was done.")
