"""``python -m operations migrate [up|status|new|verify|init]``: exit 0 all applied, 1 failed or something pending, 2 refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import OperationError, Refused
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.place import Place

app = typer.Typer(help="Bring the database's schema up to date.", no_args_is_help=False)

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"

Directory = Annotated[Path, typer.Option("--directory", help="Folder of the NNN_name.sql files.")]
AllowNewer = Annotated[bool, typer.Option("--allow-newer", help="Accept a database ahead of the files (an older release).")]
Stack = Annotated[str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)]
Json = Annotated[bool, typer.Option("--json", help="One JSON object on standard output, nothing else.")]


@app.callback(invoke_without_command=True)
def default(context: typer.Context) -> None:
    """Bring the database's schema up to date. Without a command: `up`. The database is that of the DB_* environment."""
    if context.invoked_subcommand is None:
        up()


@app.command()
def up(directory: Directory = MIGRATIONS, allow_newer: AllowNewer = False, stack: Stack = None, as_json: Json = False) -> None:
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
        place = _place("up", stack, directory, _options(allow_newer, as_json))
        for variable in ("DB_APPLICATION_SECRET_ID", "DB_PREVIOUS_SECRET_ID") if stack is None else ():
            secret = place.environ.get(variable)
            own = conninfo_of(place.environ)
            if secret and application_login.ensure(own, conninfo_of({**place.environ, "DB_SECRET_ID": secret})):
                progress(f"the login of {variable} works now")
        report = migrate(conninfo_of(place.environ), directory, allow_newer=allow_newer, progress=progress)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(report))
    elif not report.applied:
        typer.echo(f"nothing to do: {report.total} of {report.total} applied")


@app.command()
def status(
    directory: Directory = MIGRATIONS, allow_newer: AllowNewer = False, stack: Stack = None, as_json: Json = False
) -> None:
    """Show what is applied and what is pending; exit 1 unless all is applied and in order."""
    from operations.connection import conninfo_of
    from operations.migrate.runner import status as status_of

    try:
        place = _place("status", stack, directory, _options(allow_newer, as_json))
        found = status_of(conninfo_of(place.environ), directory, allow_newer=allow_newer)
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


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it does: add_orders.")],
    directory: Directory = MIGRATIONS,
    as_json: Json = False,
) -> None:
    """Make the next file, NNN_<name>.sql, for you to write the SQL into."""
    from operations.migrate.new import new_file

    try:
        path = new_file(directory, name)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"file": path})
    else:
        typer.echo(path)


@app.command()
def verify(directory: Directory = MIGRATIONS, stack: Stack = None, as_json: Json = False) -> None:
    """Compare the files with what was applied, and try all of them on an empty database that is dropped afterwards."""
    from operations.connection import conninfo_of
    from operations.console import count
    from operations.migrate.verify import verify as verify_files
    from operations.restore.local import superuser_of

    try:
        place = _place("verify", stack, directory, _options(False, as_json))
        superuser = superuser_of(place.handles)
        done = verify_files(conninfo_of(place.environ), directory, lambda line: typer.echo(line, err=True), superuser)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(done))
        return
    pending = f"; the database lacks {', '.join(done.pending)}" if done.pending else ""
    typer.echo(f"{count(done.files, 'file')} can be applied, in {done.seconds:.1f} s{pending}")


@app.command()
def init(
    file: Annotated[Path, typer.Option("--file", help="The SQL file, NNN_name.sql.")],
    endpoint: Annotated[str | None, typer.Option("--endpoint", help="In the place of DB_HOST.", show_default=False)] = None,
    secret: Annotated[str | None, typer.Option("--secret", help="In the place of DB_SECRET_ID.", show_default=False)] = None,
    database: Annotated[str | None, typer.Option("--database", help="In the place of DB_NAME.", show_default=False)] = None,
    stack: Stack = None,
    as_json: Json = False,
) -> None:
    """Begin a database with one SQL file: it and those before it are applied and recorded, so that `up` goes on from there."""
    from operations.connection import conninfo_of
    from operations.migrate.files import version_of
    from operations.migrate.runner import migrate

    try:
        if not file.is_file():
            raise Refused(
                f"There is no file {file}: --file takes the path of the SQL file, as in migrations/001_initial_schema.sql."
            )
        last = version_of(file)
        if last is None:
            raise Refused(f"{file} is not named like a migration: call it 001_what_it_does.sql; it is recorded and run once.")
        words = {"--file": f"{MIGRATIONS.name}/{file.name}", "--endpoint": endpoint, "--secret": secret, "--database": database}
        given = [word for option, value in words.items() if value for word in (option, value)]
        place = _place("init", stack, file.parent, [*given, *_options(False, as_json)])
        changes = {"DB_HOST": endpoint, "DB_SECRET_ID": secret, "DB_NAME": database}
        environ = {**place.environ, **{name: value for name, value in changes.items() if value}}
        if secret:  # it has user and password of its own
            environ = {name: value for name, value in environ.items() if name not in ("DB_USER", "DB_PASSWORD")}
        report = migrate(conninfo_of(environ), file.parent, last=last, progress=lambda line: typer.echo(line, err=as_json))
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json(asdict(report))
    elif not report.applied:
        typer.echo(f"nothing to do: {file.name} is applied")


def _options(allow_newer: bool, as_json: bool) -> list[str]:
    return [*(("--allow-newer",) if allow_newer else ()), *(("--json",) if as_json else ())]


def _place(command: str, stack: str | None, directory: Path, options: Sequence[str]) -> Place:
    """Where it works. A stack in a cloud does it itself, with the files of its operations image, and this process ends."""
    from operations.place import place_of, run_there

    place = place_of(stack)
    if not place.remote:
        return place
    if directory.resolve() != MIGRATIONS:
        raise Refused(
            f"Stack '{stack}' is in a cloud, where {directory} is not: its operations image has the files in migrations/. Put "
            f"them there, build the image, and run `migrate up --stack {stack}`."
        )
    raise typer.Exit(run_there(place, ["migrate", command, *options]))
