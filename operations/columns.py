"""A table of plain columns: figures to the right, the last column as long as it is."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def print_rows(console: Console, headings: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: int) -> None:
    """Print *rows* under *headings*; the first *numbers* columns are figures. Elsewhere a row is one line."""
    if console.is_terminal:
        table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
        for index, heading in enumerate(headings):
            table.add_column(heading, justify="right" if index < numbers else "left", overflow="fold", no_wrap=index < numbers)
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        console.print(table)
        return
    widths = [max(map(len, column)) for column in zip(headings, *rows, strict=True)]
    for row in (headings, *rows):
        cells = (
            cell.rjust(width) if index < numbers else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        console.print("  ".join(cells).rstrip(), soft_wrap=True)
