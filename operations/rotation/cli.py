"""``python -m operations rotate``: exit 0 rotated, 1 failed (the same command again goes on), 2 refused, nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from operations.errors import OperationError
from operations.output import fail, print_json

if TYPE_CHECKING:
    from operations.place import Place
    from operations.rotation.run import Who


class Logins(StrEnum):
    application = "application"
    admin = "admin"
    all = "all"


def rotate(
    logins: Annotated[Logins, typer.Argument(help="Whose password: the application's, the admin's, or both.")] = Logins.all,
    stack: Annotated[str | None, typer.Option("--stack", help="The stack; without it the DB_* environment.")] = None,
    older_than: Annotated[int | None, typer.Option("--older-than", min=0, help="Only passwords of so many days.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON value on standard output, nothing else.")] = False,
) -> None:
    """Give the database's users new passwords, while everything goes on running.

    The application has two users that take turns, so the login that programs hold stays good until the next rotation but one.
    A rotation that was cut off is finished by the next.
    """
    from operations.place import place_of, run_there
    from operations.rotation.run import rotate as run

    who: tuple[Who, ...] = ("application", "admin") if logins is Logins.all else (logins.value,)  # type: ignore[assignment]

    def progress(line: str) -> None:
        if not as_json:
            typer.echo(line)

    try:
        place = place_of(stack)
        if place.remote and place.handles and place.handles["provider"] == "gcp":
            words = ["rotate", logins.value, *(["--older-than", str(older_than)] if older_than is not None else [])]
            raise typer.Exit(run_there(_by_its_own_job(place), [*words, *(["--json"] if as_json else [])]))
        with _alone_on_this_machine(place, stack):
            done = run(place.environ, who, older_than=older_than, log=progress)
    except OperationError as error:
        fail(error, as_json=as_json)
    if as_json:
        print_json([asdict(one) for one in done])
        return
    for one in done:
        user = f" as {one.username}" if one.username else ""
        typer.echo(f"{one.login}: {'programs log in' + user + ' with a new password' if one.rotated else 'left as it is'}")


@contextmanager
def _alone_on_this_machine(place: Place, stack: str | None) -> Iterator[None]:
    """A local stack's `up` writes passwords and secrets too, so it must not be at work."""
    if stack is None or place.remote:
        yield
        return
    from operations.engine.checkout import find_checkout
    from operations.engine.lock import stack_lock

    with stack_lock(find_checkout().lock_file(stack), stack=stack, command=f"python -m operations rotate --stack {stack}"):
        yield


def _by_its_own_job(place: Place) -> Place:
    """The stack's rotation job has rights on the secrets that no other has."""
    assert place.handles is not None
    return replace(place, handles={**place.handles, "backups": {"job": place.handles["database"]["rotation"]}})
