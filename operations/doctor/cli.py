"""``python -m operations doctor``: exit 0 nothing failed, 1 something did, 2 bad input."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json


def doctor(
    stack: Annotated[
        str | None, typer.Option("--stack", help="The stack. Default: the DB_* environment.", show_default=False)
    ] = None,
    inside: Annotated[
        bool, typer.Option("--inside", help="A stack in a cloud: look from inside its network, in the backups' job.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Find out why a database cannot be reached or used, and say how to mend it. Changes nothing.

    Looks at the environment, the way to each server, TLS, the login, rights, extensions, versions, disk and clock.
    """
    from operations.console import count
    from operations.doctor.examine import examine
    from operations.place import place_of, run_there

    checks = []
    try:
        if inside and stack is not None:
            place = place_of(stack)
            if place.remote:
                raise typer.Exit(run_there(place, ["doctor", *(["--json"] if as_json else [])]))
        for check in examine(stack):
            checks.append(check)
            if not as_json:
                typer.echo(check.line)
    except OperationError as error:
        fail(error, as_json=as_json)
    wrong = [check for check in checks if check.state == "failed"]
    if as_json:
        print_json({"healthy": not wrong, "checks": [asdict(check) for check in checks]})
    else:
        warned = sum(1 for check in checks if check.state == "warning")
        typer.echo(f"{count(len(checks), 'check')}: {len(wrong)} failed, {count(warned, 'warning')}.")
        if stack is not None and any(check.name == "provider" for check in checks):
            typer.echo(f"Its network is closed to us here: `python -m operations doctor --inside --stack {stack}` looks there.")
    raise typer.Exit(1 if wrong else 0)
