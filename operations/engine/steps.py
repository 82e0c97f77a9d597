"""Progress of a long job in a few named steps: a spinner with the time on a terminal, now and then a line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from operations.console import make_console, seconds

_EVERY = 20.0
"""Seconds between two lines about the same step where the output is no terminal."""


class Steps:
    """Use as a context manager. Writes to standard error, so that a command's own output stays clean."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._console = make_console(stderr=True)
        self._live = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task: TaskID | None = None
        self._step, self._detail = "", ""
        self._begun = self._said = time.monotonic()

    def __enter__(self) -> Steps:
        self._console.print(self._title)
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._finish_step()
        self._live.stop()

    def begin(self, step: str) -> None:
        """The next step has begun; the one before it is done."""
        self._finish_step()
        self._step, self._detail = step, ""
        self._begun = self._said = time.monotonic()
        if self._console.is_terminal:
            self._task = self._live.add_task(step, total=None)
        else:
            self._console.print(f"  {step} ...")

    def detail(self, text: str) -> None:
        """How far the step is, for example ``412 packages``."""
        self._detail = text
        if self._task is not None:
            self._live.update(self._task, description=f"{self._step}: {text}")
        elif time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            self._console.print(f"  {self._step}: {text} ({seconds(self._said - self._begun)})")

    def note(self, text: str) -> None:
        """A line that stays."""
        self._console.print(f"  {text}")

    def _finish_step(self) -> None:
        if self._task is not None:
            self._live.remove_task(self._task)
            self._task = None
            done = f": {self._detail}" if self._detail else ""
            self._console.print(f"  {self._step}{done} ({seconds(time.monotonic() - self._begun)})")
