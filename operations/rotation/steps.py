"""The four steps of a rotation: create, set, test, finish. Each may be cut off anywhere and run again.

Nothing here knows AWS: a secret is a :class:`Store` with a current value and, while it rotates, a pending one.
"""

from __future__ import annotations

import secrets
import string
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from operations import application_login, role_names, roles
from operations.application_login import with_login
from operations.connection import connect, described
from operations.errors import OperationError

Value = dict[str, Any]
Log = Callable[[str], None]

APPLICATION = "managed-postgres rotation"
ALPHABET = string.ascii_letters + string.digits
LENGTH = 32


def same_login(one: Value, other: Value) -> bool:
    """Whether both are one user with one password."""
    return bool(one["username"] == other["username"] and one["password"] == other["password"])


class RotationFailed(OperationError):
    """One sentence: which step, which user, why, and what to do. Secrets Manager tries again in its next window."""


class Store(Protocol):
    """A secret, at one rotation of it."""

    def current(self) -> Value:
        """What applications use."""
        ...

    def pending(self) -> Value | None:
        """What this rotation proposes; still that when it has become the current value."""
        ...

    def propose(self, value: Value) -> None:
        """Make *value* the pending one."""
        ...

    def promote(self) -> None:
        """Make the pending value the current one."""
        ...

    def replace(self, value: Value) -> None:
        """Make *value* the current one, outside of any rotation."""
        ...


@dataclass(frozen=True, kw_only=True)
class Address:
    """Where a login is good for, as the secret says it."""

    host: str
    port: int
    dbname: str
    ca: str

    def put_into(self, value: Value) -> Value:
        """*value* with this address, and a url that fits its user and password."""
        user, password = quote(value["username"], safe=""), quote(value["password"], safe="")
        url = f"postgresql://{user}:{password}@{self.host}:{self.port}/{self.dbname}?sslmode=verify-full&sslrootcert={self.ca}"
        address = {"engine": "postgres", "host": self.host, "port": self.port, "dbname": self.dbname, "url": url}
        return {**value, **address}


class KeptAddress:
    """The address that the secret has already: `pulumi up` writes it."""

    def put_into(self, value: Value) -> Value:
        """*value* with a url that fits its user and password."""
        login = f"{quote(value['username'], safe='')}:{quote(value['password'], safe='')}"
        url = urlsplit(value["url"])
        return {**value, "url": urlunsplit(url._replace(netloc=f"{login}@{url.netloc.rpartition('@')[2]}"))}


class Rotation:
    """What both ways of rotating have in common. *conninfo* gives the database's connection string, with the admin's login."""

    def __init__(self, store: Store, address: Address | KeptAddress, conninfo: Callable[[], str], log: Log) -> None:
        self.store, self.address, self.conninfo, self.log = store, address, conninfo, log

    def run(self) -> None:
        """All four steps. Where a rotation before was cut off, its rest; whoever reads the secret finds a login that works."""
        self.create()
        self.set()
        self.test()
        self.finish()

    def next_user(self, username: str) -> str:
        """Who the next value is for."""
        return username

    def change(self, current: Value, pending: Value) -> None:
        """Make the pending login work in the database."""
        raise NotImplementedError

    def before_promotion(self, current: Value) -> None:
        """What must be done before *current* is no longer the current value."""

    def create(self) -> None:
        """Propose a value with a new password."""
        pending, current = self.store.pending(), self.store.current()
        if pending is not None and self._fits(pending, current):
            return
        username = self.next_user(current["username"])
        password = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        self.store.propose(self.address.put_into({**current, "username": username, "password": password}))
        self.log(f"create: the next login is {username}")

    def set(self) -> None:
        """Make the proposed login work, unless it does."""
        pending = self._pending("set")
        if application_login.works(self._login(pending)):
            self.log(f"set: {pending['username']} has the new password already")
            return
        self.change(self.store.current(), pending)
        self.log(f"set: {pending['username']} has a new password")

    def test(self) -> None:
        """Log in with the proposed value.

        When a schedule is declared AWS calls this step alone, with nothing proposed, to see that the function runs.
        """
        pending = self.store.pending()
        if pending is None or pending["password"] == self.store.current()["password"]:
            self.log("test: nothing is proposed, nothing to test")
            return
        with connect(self._login(pending), APPLICATION) as session:
            session.execute("select 1")
        self.log(f"test: {pending['username']} can log in")

    def finish(self) -> None:
        """Make the proposed value the current one."""
        pending = self._pending("finish")
        current = self.store.current()
        if pending["password"] != current["password"]:
            self.before_promotion(current)
        self.store.promote()
        self.log(f"finish: the login is {pending['username']} from now on")

    def correct_address(self) -> None:
        """Write the address into the current value; user and password stay."""
        current = self.store.current()
        corrected = self.address.put_into(current)
        if corrected != current:
            self.store.replace(corrected)
            self.log(f"address: {current['username']} logs in at {corrected['host']} now")

    def _fits(self, pending: Value, current: Value) -> bool:
        """Whether the proposal is of this turn: one that was given up may be older than the current value."""
        return pending["username"] == self.next_user(current["username"]) or same_login(pending, current)

    def _pending(self, step: str) -> Value:
        pending = self.store.pending()
        if pending is None:
            raise RotationFailed(f"{step}: nothing is proposed; the create step of this rotation has not run")
        return pending

    def _login(self, value: Value) -> str:
        return with_login(self.conninfo(), value["username"], value["password"])


class AlternatingUsers(Rotation):
    """Two users take turns, so the login that running programs hold stays good until the next rotation but one.

    *previous*: a second secret that keeps the login of the turn before, for a proxy, which knows only current values.
    """

    def __init__(
        self,
        store: Store,
        address: Address | KeptAddress,
        conninfo: Callable[[], str],
        log: Log,
        *,
        previous: Store | None = None,
    ) -> None:
        super().__init__(store, address, conninfo, log)
        self.previous = previous

    def next_user(self, username: str) -> str:
        return role_names.other(username)

    def change(self, current: Value, pending: Value) -> None:
        with connect(self.conninfo(), APPLICATION) as session:
            application_login.set_password(session, pending["username"], pending["password"])

    def before_promotion(self, current: Value) -> None:
        if self.previous is not None:
            self.previous.replace(self.address.put_into(current))


class SelfChangingUsers(AlternatingUsers):
    """Two users that take turns and that nobody but they themselves may change: a cloud made them (Cloud SQL).

    *former*: the last logins of a user that are known, newest first.
    """

    def __init__(
        self,
        store: Store,
        address: Address | KeptAddress,
        conninfo: Callable[[], str],
        log: Log,
        *,
        former: Callable[[str], Iterable[Value]],
    ) -> None:
        super().__init__(store, address, conninfo, log)
        self.former = former

    def change(self, current: Value, pending: Value) -> None:
        username = pending["username"]
        login = next((login for login in map(self._login, self.former(username)) if application_login.works(login)), None)
        if login is None:
            raise RotationFailed(
                f"set: none of the passwords that {username} once had is right, so it cannot change it; "
                "raise database.password_version and run `pulumi up`, which sets a new one"
            )
        with connect(login, APPLICATION) as session:
            roles.change_password(session, role=username, password=pending["password"])


class OwnPassword(Rotation):
    """A user changes its own password: the admin, whom nobody else may change."""

    def change(self, current: Value, pending: Value) -> None:
        login = self._login(current)
        if not application_login.works(login):
            raise RotationFailed(
                f"set: neither the current nor the proposed password of {described(login)} is right; "
                "raise database.password_version and run `pulumi up`, which sets a new one"
            )
        with connect(login, APPLICATION) as session:
            roles.change_password(session, role=current["username"], password=pending["password"])
