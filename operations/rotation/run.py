"""A rotation from its beginning to its end, by the kind of secret that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

import psycopg

from operations import application_login
from operations.application_login import with_login
from operations.connection import ConnectionFailed, Session, connect, conninfo_of, described
from operations.errors import Refused
from operations.rotation.steps import (
    APPLICATION,
    AlternatingUsers,
    KeptAddress,
    OwnPassword,
    Rotation,
    RotationFailed,
    SelfChangingUsers,
    Store,
    Value,
)
from runtime.secrets.reference import AWS, FILE, GCP

Who = Literal["application", "admin"]
SECRETS: dict[Who, str] = {"application": "DB_APPLICATION_SECRET_ID", "admin": "DB_SECRET_ID"}
"""Variable of the owner's environment that names each login's secret."""

STARTED_WITH = "DB_STARTED_WITH"
"""Google Cloud: the application's user whose password containers were started with by the last `up`."""

LOCK = 0x6D705F726F74  # "mp_rot"
"""Advisory lock of the database: one rotation at a time."""


class DatedStore(Store, Protocol):
    """A secret that we rotate ourselves."""

    def changed(self) -> datetime:
        """When its current value was written."""
        ...


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """What became of one login."""

    login: Who
    secret: str
    rotated: bool
    """False where it was not due yet."""
    username: str | None = None
    """Who programs log in as from now on; None where a cloud rotated it, which we need not look into."""


def rotate(
    environ: Mapping[str, str], who: tuple[Who, ...], *, older_than: int | None, log: Callable[[str], None]
) -> list[Rotated]:
    """Rotate the logins *who* of the owner's environment *environ*, one after the other.

    *older_than*: only those that are so many days old. A rotation that was cut off is finished first, whatever its age. Raises
    Refused where a secret is not named, another rotation is at work or containers would be locked out; OperationError.
    """
    kinds = {one: environ.get(SECRETS[one], "") for one in ("admin", *who)}
    for one, secret in kinds.items():
        if not secret:
            raise Refused(f"{SECRETS[one]} is missing: set it to the secret with the {one}'s login, or pass --stack.")
    if any(AWS.fullmatch(secret) for secret in kinds.values()):
        if older_than is not None:
            raise Refused(
                "Secrets Manager rotates by its own schedule (database.password_rotation_days): leave --older-than out."
            )
        from operations.rotation.managed import rotate_managed

        for one in who:
            rotate_managed(kinds[one], log)
        return [Rotated(login=one, secret=kinds[one], rotated=True) for one in who]
    stores = {one: store_of(secret) for one, secret in kinds.items()}
    conninfo = _admin(environ, stores["admin"])
    with alone(conninfo):
        return [_rotated(one, kinds[one], stores[one], environ, conninfo, older_than, log) for one in who]


def store_of(secret: str) -> DatedStore:
    """The store of a secret that we rotate ourselves: a file or Google's Secret Manager."""
    if GCP.fullmatch(secret):
        from operations.rotation.google import SecretManagerStore, secret_manager

        return SecretManagerStore(secret, secret_manager())
    if FILE.fullmatch(secret):
        from operations.rotation.files import FileStore

        return FileStore(secret)
    raise Refused(f"{secret} is no secret that can be rotated; it must be a file:///... or projects/P/secrets/S.")


@contextmanager
def alone(conninfo: str) -> Iterator[Session]:
    """Nobody else rotates logins of this database meanwhile. Given back by the server when this process dies."""
    with connect(conninfo, APPLICATION) as session:
        row = session.execute("select pg_try_advisory_lock(%s)", [LOCK]).fetchone()
        if not (row and row[0]):
            raise Refused(f"Another rotation of {session.info.dbname} is at work; run the command again when it is over.")
        try:
            yield session
        finally:
            # to close alone would give it back a moment later, when the server's process has ended
            with suppress(psycopg.Error):
                session.execute("select pg_advisory_unlock(%s)", [LOCK])


def _rotated(
    one: Who,
    secret: str,
    store: DatedStore,
    environ: Mapping[str, str],
    conninfo: str,
    older_than: int | None,
    log: Callable[[str], None],
) -> Rotated:
    def say(line: str) -> None:
        log(f"{one}: {line}")

    rotation = rotation_of(one, store, lambda: conninfo, say)
    current = store.current()
    if store.pending() is None:
        age = datetime.now(UTC) - store.changed()
        if older_than is not None and age < timedelta(days=older_than):
            say(f"{current['username']} has its password for {age.days} days, not due before {older_than}")
            return Rotated(login=one, secret=secret, rotated=False, username=current["username"])
        _check_containers(one, rotation, current, environ)
    try:
        rotation.run()
    except psycopg.Error as error:
        said = error.diag.message_primary or type(error).__name__
        raise RotationFailed(f"{one}: the database refuses: {said}; bring the stack up once, then rotate again") from None
    return Rotated(login=one, secret=secret, rotated=True, username=store.current()["username"])


def rotation_of(one: Who, store: DatedStore, conninfo: Callable[[], str], log: Callable[[str], None]) -> Rotation:
    """The way in which a login is rotated that is ours to rotate; the address in its secret stays as it is."""
    if one == "admin":
        return OwnPassword(store, KeptAddress(), conninfo, log)
    former = getattr(store, "former", None)
    if former:  # the cloud made the users
        return SelfChangingUsers(store, KeptAddress(), conninfo, log, former=former)
    return AlternatingUsers(store, KeptAddress(), conninfo, log)


def _check_containers(one: Who, rotation: Rotation, current: Value, environ: Mapping[str, str]) -> None:
    """Containers that were started with a user's password must not lose it while they run."""
    started, turn = environ.get(STARTED_WITH), rotation.next_user(current["username"])
    if one == "application" and started == turn:
        raise Refused(
            f"It is the turn of {turn}, whose password the containers were started with: run `up` (with --refresh), which gives "
            f"them the login of {current['username']}, then rotate again. Nothing was changed."
        )


def _admin(environ: Mapping[str, str], store: DatedStore) -> str:
    """The admin's connection string. A rotation that was cut off may have left it the proposed password."""
    now = store.current()
    contract = {name: value for name, value in environ.items() if name != "DB_SECRET_ID"}
    conninfo = conninfo_of({**contract, "DB_USER": now["username"], "DB_PASSWORD": now["password"]})
    if application_login.works(conninfo):
        return conninfo
    pending = store.pending()
    proposed = with_login(conninfo, pending["username"], pending["password"]) if pending else conninfo
    if application_login.works(proposed):
        return proposed
    raise ConnectionFailed(
        f"neither the current nor a proposed password of {described(conninfo)} is right; raise database.password_version and run "
        "`pulumi up`, which sets a new one"
    )
