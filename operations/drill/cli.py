"""``python -m operations drill``: exit 0 the backups can be restored, 1 they cannot, 2 refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from operations.ending import end_tidily
from operations.errors import OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.drill.run import Drill
    from operations.place import Place


def drill(
    source: Annotated[
        Literal["dump", "snapshot"] | None,
        typer.Option(
            "--source",
            help="dump: to a scratch database on the same server. snapshot: to a new instance. Default: dump, and on a "
            "cloud both, the dump to the instance of the snapshot.",
            show_default=False,
        ),
    ] = None,
    stack: Annotated[
        str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Where the dumps are. Default: the stack's own place.", show_default=False)
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Restore the newest backup to a scratch place, check it, measure, delete it; evidence goes to evidence/<stack>.json.

    What drills that were killed have left is deleted first. The real database is only read.
    """
    end_tidily()
    try:
        from operations.console import make_console
        from operations.drill.evidence import line
        from operations.place import place_of

        place = place_of(stack)
        if place.remote:
            _there(place, source, to, as_json)
        console = make_console(stderr=True)
        found = _drill(place, source, to, console.print).run()
        entries = [one.to_json() for one in found]
        for one in found:
            console.print(line(one))
        if stack is not None:
            _keep(stack, entries)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(entries)
        return
    for entry in entries:
        checked = (
            f", {entry['indexes_checked']} indexes" if entry["indexes_checked"] is not None else " (amcheck is not allowed here)"
        )
        typer.echo(
            f"{entry['backup']} can be restored: {entry['seconds']:.1f} s, migration {entry['migration']}, "
            f"{entry['rows_checked']:,} rows{checked}"
        )


def _drill(place: Place, source: str | None, to: str | None, say: Any) -> Drill:
    from operations.backup.stores import store_of
    from operations.cloud import database_control
    from operations.connection import conninfo_of
    from operations.drill.run import Drill
    from operations.errors import Refused
    from operations.restore.local import superuser_of

    handles = place.handles
    if handles is None and source == "snapshot":
        raise Refused("Which provider has the snapshots is known for a stack only: pass --stack.")
    snapshot = handles is not None and (source == "snapshot" or (source is None and handles["provider"] != "local"))
    return Drill(
        conninfo=conninfo_of(place.environ),
        store=None if source == "snapshot" else store_of(place.environ, to),
        control=database_control(handles) if snapshot and handles is not None else None,
        prefix=str(handles["prefix"]) if handles is not None else "",
        superuser=superuser_of(handles),
        say=say,
    )


def _there(place: Place, source: str | None, to: str | None, as_json: bool) -> None:
    """Inside the stack's network; its evidence is read from its log."""
    from operations.drill.evidence import of_line
    from operations.place import run_there

    found: list[dict[str, Any]] = []

    def listen(text: str) -> None:
        entry = of_line(text)
        if entry is not None:
            found.append(entry)

    options = [*(("--source", source) if source else ()), *(("--to", to) if to else ()), *(("--json",) if as_json else ())]
    code = run_there(place, ["drill", *options], on_line=listen)
    if code == 0 and not found:
        raise OperationError("The drill went well, but its log shows no evidence: run it again.")
    if code == 0:
        _keep(place.name, found)
    raise typer.Exit(code)


def _keep(stack: str, entries: list[dict[str, Any]]) -> None:
    from operations.drill.evidence import keep
    from operations.engine.checkout import find_checkout

    path = find_checkout().root / "evidence" / f"{stack}.json"
    keep(path, entries)
    typer.echo(f"evidence is in {path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path}", err=True)
