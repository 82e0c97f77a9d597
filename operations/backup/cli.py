"""``python -m operations backup create|list|verify|prune``: exit 0 well, 1 failed or a backup is spoilt, 2 refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from operations.backup import PUBLISHED
from operations.ending import end_tidily
from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.backup.manifest import BackupSet
    from operations.backup.store import BackupStore
    from operations.place import Place

app = typer.Typer(help="Back up a database with pg_dump, into a folder, S3 or Cloud Storage.", no_args_is_help=True)

Stack = Annotated[str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)]
To = Annotated[
    str | None,
    typer.Option("--to", help="s3://bucket, gs://bucket, file:///folder. Default: the stack's own place.", show_default=False),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


@app.command()
def create(stack: Stack = None, to: To = None, as_json: Json = False) -> None:
    """Dump, verify, publish; then remove daily backups older than BACKUP_RETENTION_DAYS (30)."""
    from operations.backup.create import create_backup
    from operations.backup.retention import retention_days
    from operations.connection import conninfo_of

    end_tidily()
    try:
        place, store = _place(stack, to, as_json, "create")
        days = retention_days(place.environ)
        report = create_backup(conninfo_of(place.environ), store, retention_days=days)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(
            {
                "created": report.backup.to_json(),
                "monthly": report.monthly and report.monthly.key,
                "removed": [old.key for old in report.removed],
            }
        )
        return
    made = report.backup.manifest
    seconds = (made.ended - made.started).total_seconds()
    typer.echo(f"{report.backup.key}  {made.bytes} bytes, {PUBLISHED} in {seconds:.1f} s")
    if report.monthly:
        typer.echo(f"{report.monthly.key}  kept as the first of its month")
    for old in report.removed:
        typer.echo(f"{old.key}  removed, past its retention")


@app.command("list")
def list_(stack: Stack = None, to: To = None, as_json: Json = False) -> None:
    """Show the published backups, newest first; exit 1 when one is lost, has not its full size, or was found spoilt."""
    try:
        _, store = _place(stack, to, as_json, "list")
        found = store.contents()
    except OperationError as error:
        fail(error, as_json=as_json)
    well = _show(store.where, found.sets, as_json, good="good")
    for key in found.unpublished:
        typer.echo(f"{key} has no manifest: not a backup; `backup prune` removes it after a day", err=True)
    for key in found.unreadable:
        typer.echo(f"{key} cannot be read as a manifest: move it and its dump away", err=True)
    raise typer.Exit(0 if well and not found.unreadable else 1)


@app.command()
def verify(
    backup: Annotated[str | None, typer.Argument(help="Its name. Default: all of them.", show_default=False)] = None,
    stack: Stack = None,
    to: To = None,
    as_json: Json = False,
) -> None:
    """Read backups again to their end and compare their checksums; exit 1 when one of them is spoilt."""
    from operations.progress import transfer

    try:
        _, store = _place(stack, to, as_json, "verify", *([backup] if backup else []))
        sets = [found for found in store.sets() if backup in (None, found.key, found.manifest.name)]
        if backup and not sets:
            raise Refused(f"There is no backup {backup} in {store.where}: `backup list` shows those that there are.")
        with transfer(f"Reading {store.where}", sum(found.manifest.bytes for found in sets)) as advance:
            # one that is named is read also from cold storage, as it may have been brought back
            sets = store.check_all([replace(found, cold=False) for found in sets] if backup else sets, advance)
    except OperationError as error:
        fail(error, as_json=as_json)
    raise typer.Exit(0 if _show(store.where, sets, as_json, good="verified now") else 1)


@app.command()
def prune(
    stack: Stack = None,
    to: To = None,
    yes: Annotated[str | None, typer.Option("--yes-prune", help="The database's name, for scripts.", show_default=False)] = None,
    as_json: Json = False,
) -> None:
    """Remove what is past its retention and what killed runs left behind; never a database's last good backup."""
    from operations.backup.prune import plan
    from operations.confirm import confirm
    from operations.place import place_of

    try:
        place = place_of(stack)
        name = place.environ.get("DB_NAME") or ""
        if not name:
            raise Refused("DB_NAME is missing: set it to the database's name, or pass --stack.")
        if place.remote:
            look = f"`python -m operations backup list --stack {stack}` shows what there is."
            confirm("prune", name, yes, target=[f"Removes backups of stack {stack} that are past their retention. {look}"])
        words = () if yes is None and not place.remote else (f"--yes-prune={name}",)
        place, store = _place(stack, to, as_json, "prune", *words)
        planned = plan(store, place.environ)
        if planned:
            confirm("prune", name, yes, target=[f"Removes from {store.where}, for good:", *planned.lines()])
        uploads = planned.carry_out(store)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"removed": [old.key for old in planned.sets], "leftovers": list(planned.leftovers), "uploads": uploads})
        return
    typer.echo(f"{len(planned.sets)} backups removed, and {len(planned.leftovers) + uploads} leftovers of runs that were killed")


def _place(stack: str | None, to: str | None, as_json: bool, *words: str) -> tuple[Place, BackupStore]:
    """Where this command works, and its store. A stack in a cloud has it done there, and this process ends with its answer."""
    from operations.backup.stores import store_of
    from operations.place import place_of, run_there

    place = place_of(stack)
    if not place.remote:
        return place, store_of(place.environ, to)
    if to and not to.startswith(("s3://", "gs://")):
        raise Refused(f"Stack '{stack}' is in a cloud and cannot write to {to}: pass --to s3://... or gs://..., or leave it out.")
    options = [*(("--to", to) if to else ()), *(("--json",) if as_json else ())]
    raise typer.Exit(run_there(place, ["backup", *words, *options]))


def _show(where: str, sets: Sequence[BackupSet], as_json: bool, *, good: str) -> bool:
    """Prints *sets*; whether all are well."""
    if as_json:
        print_json([backup.to_json() for backup in sets])
        return not any(backup.problem for backup in sets)
    for backup in sets:
        typer.echo(backup.line(good=good))
    if not sets:
        typer.echo(f"no backups in {where}")
    return not any(backup.problem for backup in sets)
