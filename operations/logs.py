"""``logs``: the last lines of what the stack's servers, services and jobs wrote."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console

from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.report import make_command

_POLL = 0.3
"""Seconds between two looks at a log that is followed."""


def logs(checkout: Checkout, stack: str, console: Console, *, name: str = "", lines: int = 20, follow: bool = False) -> None:
    """Print the last *lines* lines of each log of a local stack, or of those whose name holds *name*; *follow* goes on.

    For a stack in a cloud, says where its logs are. Raises Refused when there is no such log.
    """
    checkout.require(stack)
    if checkout.provider(stack) != "local":
        console.print(_console_of(checkout, stack, console), soft_wrap=True)
        return
    from components.local.host.paths import StackPaths, home_of

    folder = StackPaths(home=home_of(checkout.root), stack=stack).logs
    found = sorted(path for path in folder.glob("*.log") if name in path.stem) if folder.is_dir() else []
    if not found:
        there = ", ".join(sorted(path.stem for path in folder.glob("*.log"))) if folder.is_dir() else ""
        hint = f"there are: {there}" if there else f"bring the stack up with `{make_command('up', stack)}`"
        raise Refused(f"There is no log '{name}' in {folder}: {hint}." if name else f"There are no logs in {folder}: {hint}.")
    read = {path: path.stat().st_size for path in found}
    for path, end in read.items():
        for line in _tail(path, end, lines):
            console.print(f"{path.stem} | {line}", soft_wrap=True)
    if follow:
        for path, line in written(read):
            console.print(f"{path.stem} | {line}", soft_wrap=True)


def _tail(path: Path, end: int, lines: int) -> list[str]:
    """The last *lines* lines before the offset *end*."""
    with path.open("rb") as file:
        start = max(0, end - 1_000 * lines)
        file.seek(start)
        return file.read(end - start).decode(errors="replace").splitlines()[-lines:]


def written(read: dict[Path, int], ended: Callable[[], bool] = lambda: False) -> Iterator[tuple[Path, str]]:
    """Whole lines as they are written, from the offsets in *read* on, until *ended* and all that was there by then."""
    over = False
    while not over:
        over = ended()
        for path, offset in read.items():
            try:
                with path.open("rb") as file:
                    size = os.fstat(file.fileno()).st_size
                    start = 0 if size < offset else offset  # a log that has shrunk was begun anew
                    file.seek(start)
                    new = file.read(size - start)
            except FileNotFoundError:  # not written yet, or just being put aside
                continue
            new = new[: new.rfind(b"\n") + 1]
            read[path] = start + len(new)
            for line in new.decode(errors="replace").splitlines():
                yield path, line
        if not over:
            time.sleep(_POLL)


def _console_of(checkout: Checkout, stack: str, console: Console) -> str:
    from operations.engine.run import begin
    from operations.report import plain_outputs
    from operations.up import existing

    with begin(checkout, stack, "logs", console, exclusive=False) as run:
        outputs = plain_outputs(existing(run.workspace.select(), stack).outputs())
    return str(outputs.get("logs") or f"Stack {stack} does not say where its logs are.")
