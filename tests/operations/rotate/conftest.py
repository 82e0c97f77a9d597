"""Logins that are ours to rotate, in files and in a pretended Secret Manager; one database for all tests of a file."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from operations.rotation.google import EMULATOR
from tests.grpc_server import serving
from tests.operations.conftest import Database, made_database
from tests.operations.rotate.logins import FIRST, SPARE, Logins, environ_of, login, make_users
from tests.operations.rotate.secret_manager import SecretManager
from tests.support import LocalPostgres


@pytest.fixture(scope="module")
def database(local_postgres: LocalPostgres) -> Iterator[Database]:
    """One for all tests here: each has users of its own, and the admin its first password."""
    with made_database(local_postgres) as found:
        yield found


@pytest.fixture(autouse=True)
def admin(database: Database) -> None:
    at: dict[str, Any] = conninfo_to_dict(database.owner)
    database.rows(f"ALTER ROLE {at['user']} PASSWORD '{at['password']}'", conninfo=database.superuser)


@pytest.fixture(scope="module")
def _server() -> Iterator[SecretManager]:
    with serving(SecretManager()) as server:
        yield server


@pytest.fixture
def server(_server: SecretManager, monkeypatch: pytest.MonkeyPatch) -> SecretManager:
    _server.values.clear()
    _server.calls.clear()
    _server.latest.clear()
    _server.before = lambda _method, _name: None
    monkeypatch.setenv(EMULATOR, f"127.0.0.1:{_server.port}")
    return _server


@pytest.fixture
def in_files(database: Database, application_user: str, tmp_path: Path) -> Logins:
    at = conninfo_to_dict(database.owner)
    make_users(database, application_user, manager=str(at["user"]))
    for name, user, password in (("db", application_user, FIRST), ("db-admin", str(at["user"]), str(at["password"]))):
        (tmp_path / f"{name}.json").write_text(json.dumps(login(database, user, password)))
    environ = environ_of(database, (tmp_path / "db-admin.json").as_uri(), (tmp_path / "db.json").as_uri())
    return Logins(database, application_user, environ, tmp_path)


@pytest.fixture
def at_google(database: Database, application_user: str, server: SecretManager, tmp_path: Path) -> Logins:
    """As `pulumi up` leaves it: users that only they themselves may change, and the second one's login in `db-next`."""
    at = conninfo_to_dict(database.owner)
    make_users(database, application_user)
    first = login(database, application_user, FIRST)
    admin = login(database, str(at["user"]), str(at["password"]))
    for name, value in (("db", first), ("db-admin", admin)):
        server.put(name, value)
        server.put(f"{name}-password", value["password"])
        server.put(f"{name}-url", value["url"])
    server.put("db-next", login(database, f"{application_user}_clone", SPARE))
    server.put("db-admin-next", admin)
    environ = environ_of(database, "projects/shop-1/secrets/db-admin", "projects/shop-1/secrets/db")
    return Logins(database, application_user, environ, tmp_path, server)
