"""How far a long transfer is: a live line on a terminal, a plain one now and then anywhere else. On standard error."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, FileSizeColumn, Progress, TextColumn, TimeElapsedColumn, TransferSpeedColumn

from operations.console import make_console, seconds

STILL = 30.0
"""Seconds between two lines where the output is no terminal; shorter work has none."""

Advance = Callable[[int], None]
"""Takes the number of bytes that were done since the last call."""


@contextmanager
def transfer(what: str, total: int | None = None, console: Console | None = None) -> Iterator[Advance]:
    """Shows how many bytes of *total* (None: not known before) are done of *what*, ``Dumping shop`` for instance."""
    console = console or make_console(stderr=True)
    if console.is_terminal:
        size = (BarColumn(), DownloadColumn()) if total else (FileSizeColumn(),)
        columns = (TextColumn("{task.description}", markup=False), *size, TransferSpeedColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as live:
            task = live.add_task(what, total=total)
            yield lambda count: live.advance(task, count)
        return
    began = said = time.monotonic()
    done = 0

    def advance(count: int) -> None:
        nonlocal done, said
        done += count
        now = time.monotonic()
        if now - said >= STILL:
            said = now
            of = f" of {total / 1e6:.1f}" if total else ""
            console.print(f"{what}: {done / 1e6:.1f}{of} MB in {seconds(now - began)}")

    yield advance
