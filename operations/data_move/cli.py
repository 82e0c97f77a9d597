"""``python -m operations data move|load``: exit 0 all rows are there, 1 failed and none is, 2 refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.console import count
from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.data_move.move import Moved

app = typer.Typer(help="Fill a database's tables: from another database, or from a CSV file.", no_args_is_help=True)

From = Annotated[
    str,
    typer.Option("--from", help="sqlite:///FILE, postgresql://USER@HOST/DATABASE, or FILE.json of Django's dumpdata."),
]
Secret = Annotated[
    str | None,
    typer.Option("--from-secret", help="Secret with the source's user and password. Default: PGPASSWORD.", show_default=False),
]
Exclude = Annotated[list[str] | None, typer.Option("--exclude", help="Leave out this table of the source.", show_default=False)]
Stack = Annotated[str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")]


@app.command()
def move(
    source: From,
    secret: Secret = None,
    exclude: Exclude = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Look at everything, write nothing.")] = False,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Move all rows into a database that has the tables and no rows yet, and compare counts and checksums.

    One transaction: all rows arrive, or none. The source is only read, in one snapshot.
    """
    import os

    from operations.connection import conninfo_of, described
    from operations.console import make_console
    from operations.data_move import move as operation
    from operations.data_move.source import is_postgres, open_source
    from operations.place import place_of

    say = make_console(stderr=True).print
    try:
        place = place_of(stack)
        if place.remote:
            raise _by_a_job(place.name, source, exclude or (), dry_run=dry_run, as_json=as_json)
        target = conninfo_of(place.environ)
        with open_source(source, secret, os.environ) as opened:
            say(f"{'Would move' if dry_run else 'Moving'} the rows of {opened.where} to {described(target)}:")
            done = operation.move(opened, target, exclude=exclude or (), dry_run=dry_run, say=say)
    except OperationError as error:
        fail(error, as_json=as_json)
    _show(done, dry_run=dry_run, as_json=as_json, text=not is_postgres(source))


@app.command()
def load(
    file: Annotated[Path, typer.Argument(help="CSV in UTF-8; its first line names the columns.")],
    table: Annotated[str, typer.Option("--table", help="The table, with its schema unless that is the user's own.")],
    append: Annotated[bool, typer.Option("--append", help="Add to the rows that are there.")] = False,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Load a CSV file into a table, all rows or none. An empty field is NULL; columns that the file lacks get their defaults."""
    from operations.connection import conninfo_of
    from operations.console import make_console
    from operations.data_move import load as operation
    from operations.place import place_of

    try:
        place = place_of(stack)
        if place.remote:
            raise Refused(
                f"Stack '{stack}' is in a cloud and {file} is here: put the file into the image of a job of the stack, whose "
                f"command is `python -m operations data load {file.name} --table {table}`."
            )
        say = make_console(stderr=True).print
        done = operation.load(conninfo_of(place.environ), file, table, append=append, say=say)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(done))
    else:
        typer.echo(f"{count(done.rows, 'row')} loaded into {done.table} in {done.seconds:.1f} s")


def _by_a_job(stack: str, source: str, exclude: Sequence[str], *, dry_run: bool, as_json: bool) -> Refused:
    """The job that works for the other commands reaches neither a file of ours nor another server: how a job of its own does."""
    from shlex import join

    from psycopg.conninfo import conninfo_to_dict

    from operations.data_move.postgres import conninfo_from
    from operations.data_move.source import is_postgres

    if not is_postgres(source):
        return Refused(
            f"Stack '{stack}' is in a cloud and {source} is here: put the file into the image of a job of the stack, "
            f"whose command is `python -m operations data move --from {source}` and whose database_role is owner."
        )
    port = conninfo_to_dict(conninfo_from(source, None, {})).get("port", "5432")  # refuses a password: it would be shown
    tables = [word for table in exclude for word in ("--exclude", table)]
    options = [*tables, *(["--dry-run"] if dry_run else []), *(["--json"] if as_json else [])]
    words = ["python", "-m", "operations", "data", "move", "--from", source, *options]
    return Refused(
        f"Stack '{stack}' is in a cloud, where the job of the other commands may neither call another server nor read its "
        "password: make a job `move` in the stack file with the operations image, `database_role: owner`, "
        f"`egress_ports: [443, {port}]` and PGPASSWORD among its `secrets` (docs/runbook.md, Data), and start it with "
        f"`python -m operations run move --stack {stack} -- {join(words)}`."
    )


def _show(done: Moved, *, dry_run: bool, as_json: bool, text: bool) -> None:
    from operations.data_move.plan import uncompared

    loose = [column for step in done.steps for column in uncompared(step)] if text else []
    if as_json:
        tables = [asdict(table) for table in done.tables]
        print_json(
            {"tables": tables, "rows": done.rows, "compared_by_presence": loose, "dry_run": dry_run, "seconds": done.seconds}
        )
        return
    for table in done.tables:
        typer.echo(f"{table.table}  {count(table.rows, 'row')}{f'  {table.checksum}' if table.checksum else ''}")
    if loose:
        typer.echo(f"Only compared by whether there is a value: {', '.join(loose)}", err=True)
    what = "to be moved, looked at" if dry_run else "moved and compared"
    typer.echo(f"{count(done.rows, 'row')} in {count(len(done.tables), 'table')}: {what} in {done.seconds:.1f} s")
