"""A fresh database for each test, owned by a role that is no superuser, beside an application role; on a real PostgreSQL."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3  # type: ignore[import-untyped]
import psycopg
import pytest
from moto.secretsmanager.models import SecretsManagerBackend
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations import application_login
from operations.application_login import with_login
from operations.rotation.steps import Address
from tests.checkout import ROOT
from tests.moto_server import moto_server
from tests.operations.rotation_stack import FIRST, Stack
from tests.support import LocalPostgres

_NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Database:
    """Connection strings of one database: as its owner, as its application, as the server's superuser."""

    name: str
    owner: str
    app: str
    superuser: str

    def rows(self, query: str, *, conninfo: str | None = None) -> list[tuple[Any, ...]]:
        with psycopg.connect(conninfo or self.owner, autocommit=True) as session:
            cursor = session.execute(query.encode())
            return cursor.fetchall() if cursor.description else []

    def one(self, query: str) -> Any:
        return self.rows(query)[0][0]

    def environ(self, **changes: str) -> dict[str, str]:
        """The environment contract for the owner."""
        given = conninfo_to_dict(self.owner)
        return {
            "DB_NAME": self.name,
            "DB_HOST": str(given["host"]),
            "DB_PORT": str(given["port"]),
            "DB_USER": str(given["user"]),
            "DB_PASSWORD": str(given["password"]),
            "DB_SSL_MODE": str(given["sslmode"]),
            "DB_SSL_ROOT_CERT": str(given.get("sslrootcert", "")),
            **changes,
        }


@pytest.fixture
def database(local_postgres: LocalPostgres) -> Iterator[Database]:
    with made_database(local_postgres) as found:
        yield found


@contextmanager
def made_database(local_postgres: LocalPostgres) -> Iterator[Database]:
    superuser = local_postgres.superuser()
    number = f"{os.getpid()}_{next(_NUMBERS)}"
    name, admin, app = f"shop_{number}", f"shop_{number}_admin", f"shop_{number}_app"
    names = {"db": sql.Identifier(name), "admin": sql.Identifier(admin), "app": sql.Identifier(app)}
    made = make_conninfo(superuser, dbname=name)
    database = Database(
        name,
        make_conninfo(made, user=admin, password="ownerpw-7x"),
        make_conninfo(made, user=app, password="apppw-7x"),
        made,
    )
    with psycopg.connect(superuser, autocommit=True) as root:
        for statement in (
            "CREATE ROLE {admin} LOGIN CREATEROLE PASSWORD 'ownerpw-7x'",
            "CREATE ROLE {app} LOGIN PASSWORD 'apppw-7x'",
            "CREATE DATABASE {db} OWNER {admin}",
        ):
            root.execute(sql.SQL(statement).format(**names))
        with psycopg.connect(made, autocommit=True) as inside:
            inside.execute("CREATE EXTENSION pg_stat_statements")
            grant = "ALTER DEFAULT PRIVILEGES FOR ROLE {admin} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
            inside.execute(sql.SQL(grant).format(**names))
        yield database
        root.execute(sql.SQL("DROP DATABASE {db} WITH (FORCE)").format(**names))
        root.execute(sql.SQL("DROP ROLE {admin}, {app}").format(**names))


@pytest.fixture
def application_user(database: Database) -> Iterator[str]:
    """Name of an application's user that nobody has made yet. It and its clone are gone after the test."""
    name = f"{database.name}_user"
    yield name
    with psycopg.connect(database.superuser, autocommit=True) as root:
        for role in (f"{name}_clone", name):
            if root.execute("SELECT FROM pg_roles WHERE rolname = %s", [role]).fetchone() is not None:
                root.execute(sql.SQL("DROP OWNED BY {role}; DROP ROLE {role}").format(role=sql.Identifier(role)))


@pytest.fixture(scope="session")
def moto() -> Iterator[str]:
    """Address of moto's server, which answers for AWS over HTTP."""
    move = SecretsManagerBackend.update_secret_version_stage

    def move_and_read(backend: Any, secret_id: str, **stage: Any) -> Any:
        # AWS reads the current version by default; moto goes on reading the one before
        answer = move(backend, secret_id=secret_id, **stage)
        backend.secrets[secret_id].default_version_id = stage["move_to_version_id"]
        return answer

    with pytest.MonkeyPatch.context() as patch, moto_server() as address:
        patch.setattr(SecretsManagerBackend, "update_secret_version_stage", move_and_read)
        yield address


@pytest.fixture
def aws(moto: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Makes boto3 clients of an empty account; this process, and those that it starts, talk to moto."""
    request = urllib.request.Request(f"{moto}/moto-api/reset", method="POST")
    urllib.request.urlopen(request, timeout=10).close()
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return lambda service: boto3.client(service, region_name="ap-northeast-1")


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """``folder(**{"001_a": "SELECT 1"})`` writes the files 001_a.sql and so on, and gives their folder."""

    def write(**files: str) -> Path:
        directory = tmp_path / "migrations"
        directory.mkdir(exist_ok=True)
        for name, text in files.items():
            (directory / f"{name}.sql").write_text(text)
        return directory

    return write


@pytest.fixture
def start(database: Database) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts ``python -m operations ...`` as a pipeline would: a process of its own, the contract in its environment."""
    running: list[subprocess.Popen[str]] = []

    def begin(*arguments: str | Path, **changes: str) -> subprocess.Popen[str]:
        environ = {**os.environ, **database.environ(**changes), "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
        process = subprocess.Popen(
            [sys.executable, "-m", "operations", *arguments],
            env=environ,
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def stack(database: Any, application_user: str, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Stack:
    at = conninfo_to_dict(database.owner)
    direct = Address(host=str(at["host"]), port=int(at["port"]), dbname=database.name, ca=str(at["sslrootcert"]))
    secrets = aws("secretsmanager")

    def secret(name: str, username: str, password: str) -> str:
        value = json.dumps(direct.put_into({"username": username, "password": password}))
        return str(secrets.create_secret(Name=f"shop/dev/{name}", SecretString=value)["ARN"])

    admin = secret("db-admin", str(at["user"]), str(at["password"]))
    application = secret("db", application_user, FIRST)
    aws("ecs").create_cluster(clusterName="shop-dev")
    environ = {
        **{key: value for key, value in database.environ().items() if key not in ("DB_USER", "DB_PASSWORD")},
        "DB_SECRET_ID": admin,
        "SECRET_IDS": f"{application},{admin}",
        "APPLICATION_HOST": direct.host,
        "APPLICATION_PORT": str(direct.port),
        "APPLICATION_SSL_ROOT_CERT": direct.ca,
        "ECS_CLUSTER": "shop-dev",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    application_login.ensure(database.owner, with_login(database.owner, application_user, FIRST))
    return Stack(secrets, application, admin, database.owner, application_user)
