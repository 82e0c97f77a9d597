"""The way to a database from where this command is run, and the login there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from psycopg.conninfo import make_conninfo

from operations.connection import conninfo_of
from operations.errors import Refused
from operations.place import Place, place_of

LOGIN = ("DB_USER", "DB_PASSWORD", "DB_LOGIN")
"""Variables of a login other than its secret."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What was asked for."""

    reader: bool = False
    application: bool = False
    """As the application's user instead of the owner."""
    through: str | None = None
    """AWS: the machine, or task with a shell, to go through."""
    identity: str | None = None
    """Google Cloud: who logs in, without a password."""


@contextmanager
def way(stack: str | None, wish: Wish) -> Iterator[str]:
    """A libpq connection string that works as long as the block runs. It may hold a password: never print it.

    Raises Refused where something is missing on this machine, OperationError where the way in fails.
    """
    place = place_of(stack)
    provider = place.handles["provider"] if place.remote and place.handles else "local"
    for option, value, of in (("--through", wish.through, "aws"), ("--identity", wish.identity, "gcp")):
        if value and provider != of:
            raise Refused(f"{option} is for stacks on {'AWS' if of == 'aws' else 'Google Cloud'}: leave it out.")
    match provider:
        case "aws":
            from operations.connect.aws import tunnelled

            with tunnelled(place, wish) as conninfo:
                yield conninfo
        case "gcp":
            from operations.connect.gcp import proxied

            with proxied(place, wish) as conninfo:
                yield conninfo
        case _:
            yield direct(place, wish)


def direct(place: Place, wish: Wish) -> str:
    """Where the database can be reached from here."""
    environ = as_wished(place.environ, wish)
    if wish.reader:
        environ["DB_HOST"] = environ.get("DB_READER_HOST") or environ.get("DB_HOST", "")
    return make_conninfo(conninfo_of(environ), target_session_attrs=attributes(wish))


def attributes(wish: Wish) -> str:
    """Which server of those that answer."""
    return "prefer-standby" if wish.reader else "read-write"


def as_wished(environ: Mapping[str, str], wish: Wish) -> dict[str, str]:
    """*environ* with the login that was asked for. Raises Refused where only the one login is known."""
    if not wish.application:
        return dict(environ)
    secret = environ.get("DB_APPLICATION_SECRET_ID")
    if not secret:
        raise Refused(
            "DB_APPLICATION_SECRET_ID is not set, so the application's login is not known here: leave --application out."
        )
    return {**{name: value for name, value in environ.items() if name not in LOGIN}, "DB_SECRET_ID": secret}
