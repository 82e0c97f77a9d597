"""Where the driver writes: colours and live lines on a terminal, plain unwrapped text anywhere else."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console

_PLAIN_WIDTH = 10_000
"""Columns of an output that is no terminal: wide enough that nothing is ever wrapped in a log or a pipe."""


def make_console(*, stderr: bool = False) -> Console:
    """A console for standard output or standard error; no ANSI codes and no wrapping when it is not a terminal."""
    from rich.console import Console  # not at the top: most commands print a line or two without it

    console = Console(stderr=stderr, highlight=False, markup=False, soft_wrap=True, emoji=False)
    if not console.is_terminal:
        console = Console(stderr=stderr, highlight=False, markup=False, emoji=False, width=_PLAIN_WIDTH, no_color=True)
    return console


def count(number: int, noun: str) -> str:
    """``count(1, "resource")`` is ``1 resource``, ``count(2, "resource")`` is ``2 resources``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def seconds(value: float) -> str:
    """A duration in seconds as ``0.4 s``, ``12 s`` or ``3 min 5 s``."""
    if value < 10:
        return f"{value:.1f} s"
    whole = round(value)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"
