"""A database whose logins are ours to rotate: in files, as a local stack has them, or in a pretended Secret Manager."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

from operations.rotation.run import Rotated, Who, rotate
from tests.operations.conftest import Database
from tests.operations.rotate.secret_manager import SecretManager

FIRST, SPARE = "first-of-all-7x", "spare-of-all-7x"
"""Passwords of the application's two users before any rotation."""
BOTH: tuple[Who, ...] = ("application", "admin")


@dataclass(frozen=True)
class Logins:
    """What every rotation is tried on. ``user``: the application's first user; ``store``: the pretended Secret Manager."""

    database: Database
    user: str
    environ: Mapping[str, str]
    folder: Path
    store: SecretManager | None = None

    def value(self, name: str = "db") -> dict[str, Any]:
        """What programs that fetch the login get."""
        return dict(self.store.newest(name) if self.store else json.loads((self.folder / f"{name}.json").read_text()))

    def rotate(self, *who: Who, older_than: int | None = None, **changes: str) -> list[Rotated]:
        environ = {**self.environ, **changes}
        return rotate(environ, who or BOTH, older_than=older_than, log=lambda _: None)

    def pin(self) -> dict[str, str]:
        """What the rotation job knows after an `up` now."""
        return {"DB_STARTED_WITH": self.value()["username"]}


def login(database: Database, username: str, password: str) -> dict[str, Any]:
    """The value of a secret."""
    at = conninfo_to_dict(database.owner)
    place = f"{at['host']}:{at['port']}/{database.name}?sslmode={at['sslmode']}&sslrootcert={at['sslrootcert']}"
    return {
        "username": username,
        "password": password,
        "engine": "postgres",
        "host": at["host"],
        "port": int(str(at["port"])),
        "dbname": database.name,
        "url": f"postgresql://{username}:{password}@{place}",
    }


def environ_of(database: Database, admin: str, application: str) -> dict[str, str]:
    given = {key: value for key, value in database.environ().items() if key not in ("DB_USER", "DB_PASSWORD")}
    return {**given, "DB_SECRET_ID": admin, "DB_APPLICATION_SECRET_ID": application}


def make_users(database: Database, user: str, *, manager: str | None = None) -> None:
    """Both users, by the superuser as a provider does: the second a member of the first. *manager* may change them."""
    names = {"user": sql.Identifier(user), "clone": sql.Identifier(f"{user}_clone"), "db": sql.Identifier(database.name)}
    with psycopg.connect(database.superuser, autocommit=True) as root:
        for statement in (
            f"CREATE ROLE {{user}} LOGIN PASSWORD '{FIRST}'",
            f"CREATE ROLE {{clone}} LOGIN PASSWORD '{SPARE}' IN ROLE {{user}}",
            "GRANT CONNECT ON DATABASE {db} TO {user}",
        ):
            root.execute(sql.SQL(statement).format(**names))
        for role in [user, f"{user}_clone"] if manager else []:
            root.execute(sql.SQL("GRANT {} TO {} WITH ADMIN OPTION").format(sql.Identifier(role), sql.Identifier(str(manager))))


def works(value: Mapping[str, Any]) -> bool:
    try:
        psycopg.connect(value["url"]).close()
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False
    return True
