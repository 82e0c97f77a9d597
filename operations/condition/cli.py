"""``python -m operations status``: of a stack, or of the one database that an environment names."""

from __future__ import annotations

import json
import os
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.place import Place

RUNNING, DOWN = 0, 1


def status(
    stack: Annotated[
        str | None,
        typer.Option("--stack", help="The stack. Default: that of the DB_* environment, or local.", show_default=False),
    ] = None,
    inside: Annotated[
        bool, typer.Option("--inside", help="A stack in a cloud: ask its database from inside its network, too.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Say what runs and how the database is. Exit code 0: all of it; 1: something is down; 2: it cannot be told.

    Without --stack: the database that DB_HOST and its like name, as in a container; where they are not set, the stack local.
    """
    if stack is None and os.environ.get("DB_HOST"):
        raise typer.Exit(_of_environment(as_json=as_json))
    try:
        code = _of_stack(stack or "local", inside=inside, as_json=as_json)
    except OperationError as error:
        if not as_json:
            raise
        fail(error, as_json=True)
    raise typer.Exit(code)


def _of_stack(name: str, *, inside: bool, as_json: bool) -> int:
    from operations import status as operation
    from operations.console import make_console
    from operations.engine.checkout import find_checkout
    from operations.place import place_of

    if inside:
        place = place_of(name)
        if place.remote:
            return _inside(place, find_checkout().root, as_json=as_json)
    return operation.status(find_checkout(), name, make_console(), as_json=as_json)


def _inside(place: Place, root: Path, *, as_json: bool) -> int:
    """From inside what needs SQL, and from here what nobody knows there; the exit code is that of the inside."""
    from operations.condition.condition import known_outside
    from operations.condition.text import outside
    from operations.place import run_there

    if not as_json:
        code = run_there(place, ["status"])
        for line in outside(known_outside(place, root)):
            typer.echo(line)
        return code
    with redirect_stdout(StringIO()) as answer:
        code = run_there(place, ["status", "--json"])
    try:
        told = json.loads(answer.getvalue() or "{}")
    except ValueError:  # it ended before it could answer: what it said is all there is
        typer.echo(answer.getvalue(), nl=False, err=True)
        return code or 1
    known, database = known_outside(place, root), told.get("database")
    if database:
        facts = known.as_json()
        database |= {"alarms": facts["alarms"], "last_drill": facts["last_drill"]}
        database["problems"] = [*database.get("problems", ()), *known.problems]
    print_json({**told, "alarms": known.alarms})
    return code


def _of_environment(*, as_json: bool) -> int:
    from operations.condition.condition import condition_of
    from operations.condition.text import lines
    from operations.place import place_of

    try:
        found = condition_of(place_of(None))
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json({"state": "running" if found.healthy else "down", "database": found.as_json()})
    else:
        for line in lines(found, drills=False):
            typer.echo(line)
    return RUNNING if found.healthy else DOWN
