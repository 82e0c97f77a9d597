"""``python -m operations migrate [up|status]``: exit 0 all applied, 1 failed or something pending, 2 bad settings."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json

app = typer.Typer(help="Bring the database's schema up to date.", no_args_is_help=False)

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

Directory = Annotated[Path, typer.Option("--directory", help="Folder of the NNN_name.sql files.")]
AllowNewer = Annotated[bool, typer.Option("--allow-newer", help="Accept a database ahead of the files (an older release).")]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Bring the database's schema up to date. Without a command: `up`. The database is that of the DB_* environment."""
    if context.invoked_subcommand is None:
        up()


@app.command()
def up(directory: Directory = MIGRATIONS, allow_newer: AllowNewer = False, as_json: Json = False) -> None:
    """Apply the files that the database lacks, in order.

    Where DB_APPLICATION_SECRET_ID or DB_PREVIOUS_SECRET_ID is set, the login in that secret is made first: a cloud's database
    begins without it.
    """
    # Imported here, so that `--help` and the other commands of the program do not load a database driver.
    from operations import application_login
    from operations.connection import conninfo_of
    from operations.migrate.runner import migrate

    def progress(line: str) -> None:
        if not as_json:
            typer.echo(line)

    try:
        for variable in ("DB_APPLICATION_SECRET_ID", "DB_PREVIOUS_SECRET_ID"):
            secret = os.environ.get(variable)
            if secret and application_login.ensure(conninfo_of(), conninfo_of({**os.environ, "DB_SECRET_ID": secret})):
                progress(f"the login of {variable} works now")
        report = migrate(conninfo_of(), directory, allow_newer=allow_newer, progress=progress)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(report))
    elif not report.applied:
        typer.echo(f"nothing to do: {report.total} of {report.total} applied")


@app.command()
def status(directory: Directory = MIGRATIONS, allow_newer: AllowNewer = False, as_json: Json = False) -> None:
    """Show what is applied and what is pending; exit 1 unless all is applied and in order."""
    from operations.connection import conninfo_of
    from operations.migrate.runner import status as status_of

    try:
        found = status_of(conninfo_of(), directory, allow_newer=allow_newer)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(found))
    else:
        for entry in found.entries:
            when = f"applied {entry.applied_at:%Y-%m-%d %H:%M:%S %Z} in {entry.seconds:.2f} s" if entry.applied_at else "pending"
            typer.echo(f"{entry.name}  {when}")
        if found.problem:
            typer.echo(f"Error: {found.problem}", err=True)
    raise typer.Exit(1 if found.problem or found.pending else 0)
