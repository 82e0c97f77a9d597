"""What is shown at the end of ``up`` and by ``status``: what runs, where it answers, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from operations.engine.resources import Resource


def plain_outputs(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Stack outputs without their secret ones: what may be shown."""
    return {name: output.value for name, output in outputs.items() if not output.secret}


def print_resources(console: Console, resources: Iterable[Resource]) -> None:
    """A row for each resource whose state we can judge: what, kind, state, address."""
    rows = sorted((r for r in resources if r.status and r.judged), key=lambda r: (r.kind, r.label))
    if not rows:
        return
    table = Table(box=box.SIMPLE if console.is_terminal else None, pad_edge=False, show_edge=False, padding=(0, 2, 0, 0))
    for heading in ("Name", "Kind", "State", "Address"):
        table.add_column(heading, overflow="fold")
    for row in rows:
        state = Text(row.status, style="red" if row.down else "")
        table.add_row(Text(row.label), Text(row.kind), state, Text(row.address))
    console.print(table)
    console.print()


def print_access(console: Console, outputs: Mapping[str, Any]) -> None:
    """How to reach what runs: application, logs, the psql command on a line of its own so that it pastes."""
    urls = outputs.get("urls")
    lines = [(f"Application {name}", url) for name, url in sorted(urls.items())] if isinstance(urls, Mapping) else []
    if outputs.get("logs"):
        lines.append(("Logs", outputs["logs"]))
    width = max((len(name) for name, _ in lines), default=0) + 2
    for name, value in lines:
        console.print(f"{name:<{width}}{value}", soft_wrap=True)
    if outputs.get("connect"):
        console.print("SQL prompt, paste this:")
        console.print(str(outputs["connect"]), soft_wrap=True)


def make_command(verb: str, stack: str) -> str:
    """What a user types for *verb*: ``make down``, or ``make down STACK=prod`` for another stack than ``local``."""
    return f"make {verb}" if stack == "local" else f"make {verb} STACK={stack}"
