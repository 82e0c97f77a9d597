"""``python -m operations top``: exit 0 well, 1 the database cannot be asked, 2 bad settings."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from rich.console import Console

    from operations.top.activity import Activity, Slow
    from operations.top.statements import Top


def top(
    stack: Annotated[
        str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)
    ] = None,
    seconds: Annotated[
        int, typer.Option("--seconds", min=0, max=3600, help="Measure for so long; 0: everything since the last reset.")
    ] = 10,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1000, help="So many statements.")] = 10,
    activity: Annotated[bool, typer.Option("--activity", help="What runs now, and who waits for whom.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Show the statements that take most of the database's time, by total time, and which of them are logged.

    Values are never shown: statements come with $1 or ? in their place. A stack in a cloud is asked from inside its network.
    """
    from operations.place import place_of, run_there

    try:
        place = place_of(stack)
        if place.remote:
            words = ["top", "--seconds", str(seconds), "--limit", str(limit)]
            words += [flag for flag, given in (("--activity", activity), ("--json", as_json)) if given]
            raise typer.Exit(run_there(place, words))
        from operations.condition.session import asking
        from operations.connection import conninfo_of
        from operations.console import make_console
        from operations.top import statements
        from operations.top.activity import running, slow

        with asking(conninfo_of(place.environ), "top") as server:
            if seconds and not activity and not as_json:
                typer.echo(f"Measuring for {seconds} s ...", err=True)
            found = None if activity else statements.top(server, seconds=seconds, limit=limit)
            now, logged = running(server) if activity else None, slow(server)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        told = {"activity": [asdict(one) for one in now]} if now is not None else asdict(found) if found else {}
        print_json({**told, "slow_log": asdict(logged)})
        return
    console = make_console()
    if found:
        _print_top(console, found)
    if now is not None:
        _print_activity(console, now)
    for line in _logged(logged):
        console.print(line)


def _print_top(console: Console, found: Top) -> None:
    from operations.columns import print_rows

    period = f"in {found.seconds:.0f} s" if found.seconds is not None else f"since {found.since:%Y-%m-%d %H:%M} UTC"
    console.print(f"Database {found.database}: {found.total_ms / 1000:.1f} s of statements {period}.")
    rows = [
        (
            f"{one.percent:.1f}", f"{one.figures.total_ms:.1f}", f"{one.figures.calls}", f"{one.mean_ms:.2f}",
            f"{one.figures.rows}", _hits(one.figures.hit, one.figures.read), one.user, one.text or "(hidden)",
        )
        for one in found.statements
    ]  # fmt: skip
    print_rows(console, ("%", "Total ms", "Calls", "Mean ms", "Rows", "In memory %", "User", "Statement"), rows, numbers=6)
    for note in found.notes:
        console.print(note)


def _hits(hit: int, read: int) -> str:
    return f"{100 * hit / (hit + read):.0f}" if hit + read else "-"


def _print_activity(console: Console, now: tuple[Activity, ...]) -> None:
    from operations.columns import print_rows

    if not now:
        console.print("No session is at work.")
        return
    rows = [
        (
            str(one.pid), _seconds(one.transaction_seconds), _seconds(one.state_seconds), one.user, one.application, one.state,
            one.wait, ", ".join(map(str, one.blocked_by)), one.text,
        )
        for one in now
    ]  # fmt: skip
    headings = ("Process", "Transaction s", "State s", "User", "Application", "State", "Waits for", "Blocked by", "Statement")
    print_rows(console, headings, rows, numbers=3)


def _seconds(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _logged(logged: Slow) -> list[str]:
    what = "no statement by its time" if logged.from_ms is None else f"statements from {logged.from_ms} ms on"
    plans = "" if logged.plans_from_ms is None else f", plans from {logged.plans_from_ms} ms on"
    every = (
        "" if logged.every == "none" else f", every {logged.every} statement" if logged.every != "all" else ", every statement"
    )
    waits = ", waits for locks" if logged.lock_waits else ""
    return [f"The server logs {what}{plans}{every}{waits}.", *logged.notes]
