"""What a command far away writes, shown here as it comes."""

from __future__ import annotations

import json
from collections.abc import Callable

import typer

from operations.console import make_console

OnLine = Callable[[str], None]


class Output:
    """Lines go to standard output. *as_json*: only the command's answer does, at the end; a cloud mixes both streams of a
    container, so the answer is the last line that is a JSON object or list."""

    def __init__(self, *, as_json: bool = False, on_line: OnLine | None = None) -> None:
        self._as_json, self._on_line = as_json, on_line
        self._answer: str | None = None
        self._console = make_console(stderr=True)

    @property
    def whole(self) -> bool:
        """Whether nothing is missing that must come: without JSON nobody can tell, and nothing must."""
        return not self._as_json or self._answer is not None

    def line(self, text: str) -> None:
        """A line of the container's."""
        if self._on_line:
            self._on_line(text)
        if not self._as_json:
            typer.echo(text)
        elif _is_answer(text):
            self._answer = text.strip()
        else:
            self.say(text)

    def say(self, text: str) -> None:
        """A line of ours, on standard error."""
        self._console.print(text)

    def end(self) -> None:
        """Nothing more will come."""
        if self._answer is not None:
            typer.echo(self._answer)


def _is_answer(text: str) -> bool:
    try:
        return isinstance(json.loads(text), dict | list)
    except ValueError:
        return False
