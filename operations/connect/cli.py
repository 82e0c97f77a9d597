"""``python -m operations connect``: ends with psql's exit code; 1 the way in failed, 2 something is missing."""

from __future__ import annotations

from typing import Annotated

import typer

STACK = typer.Option("--stack", help="The stack. Without it: the DB_* environment.", show_default=False)
READER = typer.Option("--reader", help="A reader; the writer where there is none.")
APPLICATION = typer.Option("--application", help="As the application's user instead of the owner.")
THROUGH = typer.Option(
    "--through", help="AWS: the machine to go through, i-0123... By default a task with exec_access.", show_default=False
)
IDENTITY = typer.Option(
    "--identity", help="Google Cloud: log in as this address of database.iam_users, without a password.", show_default=False
)
ARGUMENTS = typer.Argument(help="For psql, after two dashes: connect --stack dev -- -c 'select 1'.", show_default=False)


def connect(
    arguments: Annotated[list[str] | None, ARGUMENTS] = None,
    stack: Annotated[str | None, STACK] = None,
    reader: Annotated[bool, READER] = False,
    application: Annotated[bool, APPLICATION] = False,
    through: Annotated[str | None, THROUGH] = None,
    identity: Annotated[str | None, IDENTITY] = None,
) -> None:
    """Open a SQL prompt on a stack's database: TLS checked, the password in no argument."""
    from operations.connect.psql import prompt
    from operations.connect.way import Wish, way

    wish = Wish(reader=reader, application=application, through=through, identity=identity)
    with way(stack, wish) as conninfo:
        code = prompt(conninfo, arguments or [])
    raise typer.Exit(code)
