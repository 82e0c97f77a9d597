"""``python -m operations snapshot create|list|delete``: copies of the storage that the provider keeps."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.cloud.contract import DatabaseControl, Snapshot
    from operations.place import Place

app = typer.Typer(help="Snapshots of a stack's database, as its provider makes them.", no_args_is_help=True)

Stack = Annotated[str | None, typer.Option("--stack", help="The stack. Default: the one this job is of.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]

NAME = re.compile(r"[a-z](?:-?[a-z0-9])*")
LONGEST = 63
"""What every provider takes as a name."""


@app.command()
def create(
    name: Annotated[str | None, typer.Argument(help="Default: <app>-<environment>-manual-<time>.", show_default=False)] = None,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Make a snapshot, before a major change for instance, and wait until it is ready.

    Cut off, it goes on at the provider; the same name again waits for it.
    """
    from operations.cloud.copies import SNAPSHOT_SECONDS

    try:
        place, control = _control(stack)
        handles = place.handles or {}
        name = name or _name(handles["prefix"])
        if not NAME.fullmatch(name) or len(name) > LONGEST:
            raise Refused(
                f"{name!r} is no name for a snapshot: lower-case letters, digits and single hyphens, at most {LONGEST}."
            )
        typer.echo(f"Snapshot {name} of {place.name} ...", err=True)
        oldest = datetime.now(UTC) - timedelta(seconds=SNAPSHOT_SECONDS)  # of one that was cut off and is taken up
        made = control.create_snapshot(name, lambda line: typer.echo(line, err=True))
        if made.created < oldest:
            raise Refused(
                f"There is a snapshot {made.id} already, of {made.created:%Y-%m-%d %H:%M:%S} UTC, and none was made now: give "
                "another name."
            )
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(made))
    else:
        typer.echo(_line(made))


@app.command("list")
def list_(stack: Stack = None, as_json: Json = False) -> None:
    """Show the snapshots, newest first, and the moments that the database can be restored to."""
    try:
        _, control = _control(stack)
        snapshots, window = control.snapshots(), control.window()
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"snapshots": [asdict(found) for found in snapshots], "window": window and asdict(window)})
        return
    for found in snapshots:
        typer.echo(_line(found))
    if not snapshots:
        typer.echo("no snapshots")
    if window:
        typer.echo(f"any moment from {window.earliest:%Y-%m-%d %H:%M:%S} to {window.latest:%Y-%m-%d %H:%M:%S} UTC")


@app.command()
def delete(
    snapshot: Annotated[str, typer.Argument(help="Its id, as `snapshot list` shows it.")],
    stack: Stack = None,
    yes: Annotated[str | None, typer.Option("--yes-delete", help="The snapshot's id, for scripts.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Delete a manual snapshot for good; asks first."""
    from operations.confirm import confirm

    try:
        place, control = _control(stack)
        found = next((found for found in control.snapshots() if found.id == snapshot), None)
        if found is None:
            raise Refused(f"There is no snapshot {snapshot}: `snapshot list` shows those that there are.")
        if found.automated:
            raise Refused(f"{snapshot} is one of the provider's own: it goes when the retention is over. Nothing was done.")
        confirm("delete", snapshot, yes, target=[f"Deletes, for good, of {place.name}:", f"  {_line(found)}"])
        control.delete_snapshot(snapshot)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"deleted": snapshot})
    else:
        typer.echo(f"{snapshot} is gone")


def _name(prefix: str) -> str:
    """For a snapshot that got none; a long *prefix* is cut."""
    own = f"-manual-{datetime.now(UTC):%Y%m%d-%H%M%S}"
    return prefix[: LONGEST - len(own)].rstrip("-") + own


def _control(stack: str | None) -> tuple[Place, DatabaseControl]:
    from operations.cloud import database_control
    from operations.place import place_of

    place = place_of(stack)
    if place.handles is None:
        raise Refused("Snapshots are the provider's: say which stack's, with --stack.")
    return place, database_control(place.handles)


def _line(found: Snapshot) -> str:
    facts: list[Any] = [found.id, f"{found.created:%Y-%m-%d %H:%M:%S} UTC", "automated" if found.automated else "manual"]
    if found.size_gib is not None:
        facts.append(f"{found.size_gib:.1f} GiB" if found.size_gib >= 1 else f"{found.size_gib * 1024:.0f} MiB")
    facts += ["ready" if found.ready else "failed" if found.failed else "being made"]
    facts += [] if found.encrypted else ["not encrypted"]
    return "  ".join(facts)
