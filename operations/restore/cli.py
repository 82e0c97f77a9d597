"""``python -m operations restore [list|drop-old]``: exit 0 done, 1 failed with nothing replaced, 2 refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from operations.ending import end_tidily
from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.place import Place
    from operations.restore.logical import Restored

app = typer.Typer()

Stack = Annotated[str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)]
To = Annotated[
    str | None, typer.Option("--to", help="Where the backups are. Default: the stack's own place.", show_default=False)
]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


@app.callback(invoke_without_command=True)
def restore(
    context: typer.Context,
    backup: Annotated[
        str | None, typer.Option("--backup", help="Its name in the list. Default: the newest good one.", show_default=False)
    ] = None,
    snapshot: Annotated[str | None, typer.Option("--snapshot", help="A snapshot, to a new instance.", show_default=False)] = None,
    point_in_time: Annotated[
        str | None,
        typer.Option("--point-in-time", help="A moment (2026-01-15T10:30:00Z), to a new instance.", show_default=False),
    ] = None,
    stack: Stack = None,
    to: To = None,
    yes: Annotated[
        str | None, typer.Option("--yes-restore", help="The database's name, for scripts.", show_default=False)
    ] = None,
    as_json: Json = False,
) -> None:
    """Put a backup in the place of the database, which is kept beside it. Asks for the database's name first.

    The backup is loaded into a new database, checked against its manifest, and takes the name only then; clients are
    disconnected once. --snapshot and --point-in-time change nothing: they make a new instance.
    """
    if (command := context.invoked_subcommand) is not None:
        if any((backup, snapshot, point_in_time, stack, to, yes, as_json)):
            fail(Refused(f"Options come after the word `{command}`, as in: restore {command} --stack STACK."), as_json=as_json)
        return
    end_tidily()
    try:
        if sum(given is not None for given in (backup, snapshot, point_in_time)) > 1:
            raise Refused("--backup, --snapshot and --point-in-time are three ways to restore: give one of them.")
        from operations.place import place_of

        place = place_of(stack)
        if snapshot is not None or point_in_time is not None:
            _new_instance(place, snapshot, point_in_time, as_json)
        elif place.remote:
            _there(place, backup, to, yes, as_json)
        else:
            _show(_replace(place, backup, to, yes), stack, as_json)
    except OperationError as error:
        fail(error, as_json=as_json)


@app.command("list")
def list_(
    stack: Stack = None,
    to: To = None,
    verify: Annotated[bool, typer.Option("--verify", help="Read every backup again and compare its checksum.")] = False,
    as_json: Json = False,
) -> None:
    """Show what can be restored, newest first, and what restores have left; exit 1 when a backup is spoilt."""
    from operations.backup.stores import store_of
    from operations.connection import conninfo_of
    from operations.place import place_of, run_there
    from operations.restore.server import server_of
    from operations.restore.sources import Sources, dumps_of, of_provider

    try:
        place = place_of(stack)
        if place.remote:
            options = [*(("--to", to) if to else ()), *(("--verify",) if verify else ()), *(("--json",) if as_json else ())]
            raise typer.Exit(run_there(place, ["restore", "list", *options]))
        store = store_of(place.environ, to)
        snapshots, window, copies = of_provider(place.handles)
        with server_of(conninfo_of(place.environ)) as server:
            kept = tuple(reversed(server.beside("before")))
        found = Sources(
            dumps=dumps_of(store, verify=verify), verified=verify, snapshots=snapshots, window=window, kept=kept, copies=copies
        )
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(found.to_json())
    else:
        for line in found.lines() or [f"nothing to restore: no backups in {store.where}"]:
            typer.echo(line)
    raise typer.Exit(1 if any(one.problem for one in found.dumps) else 0)


@app.command("drop-old")
def drop_old(
    name: Annotated[str, typer.Argument(help="A database (shop_before_...) or instance (...-restore-...) that the list shows.")],
    stack: Stack = None,
    yes: Annotated[str | None, typer.Option("--yes-drop-old", help="That name again, for scripts.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Drop for good what a restore has replaced, or the instance that it made. Asks for its name first."""
    from operations.place import place_of
    from operations.restore.leftovers import drop_database, drop_instance

    try:
        place = place_of(stack)
        if place.handles is not None and name.startswith(f"{place.handles['prefix']}-restore-"):
            drop_instance(place, name, yes)
        else:
            drop_database(place, name, yes)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"dropped": name})
    else:
        typer.echo(f"{name} is gone")


def _there(place: Place, backup: str | None, to: str | None, yes: str | None, as_json: bool) -> None:
    """Inside the stack's network; the question comes before, with what is known from outside."""
    from operations.confirm import confirm
    from operations.place import run_there

    database = place.environ["DB_NAME"]
    what = f"the backup {backup}" if backup else "the newest good backup"
    lines = [
        f"Restores {what} of stack {place.name} in the place of the database {database} on {place.environ['DB_HOST']}.",
        "Its sessions are ended, and what is there now is kept beside it until `restore drop-old`.",
        f"`python -m operations restore list --stack {place.name}` shows the backups.",
    ]
    confirm("restore", database, yes, target=lines)
    options = [*(("--backup", backup) if backup else ()), *(("--to", to) if to else ()), *(("--json",) if as_json else ())]
    raise typer.Exit(run_there(place, ["restore", *options, f"--yes-restore={database}"]))


def _replace(place: Place, backup: str | None, to: str | None, yes: str | None) -> Restored:
    from operations.backup.stores import store_of
    from operations.confirm import confirm
    from operations.connection import conninfo_of
    from operations.console import make_console
    from operations.restore import logical
    from operations.restore.local import superuser_of
    from operations.restore.server import server_of

    console = make_console(stderr=True)
    store = store_of(place.environ, to)
    with server_of(conninfo_of(place.environ)) as server:
        chosen = logical.choose(store, server.database, backup)
        confirm("restore", server.database, yes, target=logical.target(server, chosen))
        readers = [host for host in place.environ.get("DB_READER_HOST", "").split(",") if host]
        return logical.restore(server, store, chosen, console.print, superuser=superuser_of(place.handles), readers=readers)


def _show(done: Restored, stack: str | None, as_json: bool) -> None:
    from operations.console import seconds

    found: dict[str, Any] = {
        "backup": done.backup.key,
        "database": done.backup.manifest.database,
        "kept": done.kept,
        "migration": done.checked.migration,
        "tables": len(done.checked.tables),
        "rows": done.checked.rows,
        "warnings": list(done.warnings),
        "seconds": round(done.seconds, 3),
    }
    if as_json:
        print_json(found)
        return
    for warning in done.warnings:
        typer.echo(f"Look at this: {warning}", err=True)
    typer.echo(
        f"restored {done.backup.key} in {seconds(done.seconds)}: migration {done.checked.migration}, "
        f"{len(done.checked.tables)} tables, {done.checked.rows:,} rows"
    )
    if done.kept:
        drop = f"python -m operations restore drop-old {done.kept}{f' --stack {stack}' if stack else ''}"
        typer.echo(f"what was there before is in {done.kept}; drop it with `{drop}`")


def _new_instance(place: Place, snapshot: str | None, point_in_time: str | None, as_json: bool) -> None:
    from dataclasses import asdict

    from operations.cloud import database_control
    from operations.console import make_console
    from operations.restore.instances import adoption, from_moment, from_snapshot, moment_of

    if place.handles is None:
        raise Refused("Which provider has the snapshots is known for a stack only: pass --stack.")
    moment = None if point_in_time is None else moment_of(point_in_time)
    control, say = database_control(place.handles), make_console(stderr=True).print
    prefix = str(place.handles["prefix"])
    copy = from_snapshot(control, prefix, str(snapshot), say) if moment is None else from_moment(control, prefix, moment, say)
    lines = adoption(copy, place.handles, snapshot=snapshot, moment=moment)
    if as_json:
        print_json({"copy": asdict(copy), "next": lines})
        return
    for line in lines:
        typer.echo(line)
