"""The application's login, made and mended by ``migrate up`` on a real PostgreSQL, whose owner is no superuser."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from operations import roles
from operations.application_login import ensure, with_login, works
from operations.connection import ConnectionFailed
from operations.role_names import base_of, other
from tests.operations.driver import ended

Write = Callable[..., Path]
PASSWORD = "first-of-all-7x"


@pytest.fixture
def login(database: Any, application_user: str) -> str:
    """Connection string of the application, as its secret says; the database does not know it yet."""
    return with_login(database.owner, application_user, PASSWORD)


def refused(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement.encode())


def test_users_take_turns() -> None:
    assert other("shop_app") == "shop_app_clone"
    assert other("shop_app_clone") == "shop_app"
    assert base_of("shop_app_clone") == base_of("shop_app") == "shop_app"


def test_migrate_up_makes_the_login_first(
    database: Any, login: str, application_user: str, folder: Write, start: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "db.json"
    secret.write_text(json.dumps({"username": application_user, "password": PASSWORD}))
    # the migration itself counts on the role
    directory = folder(**{"001_a": f"CREATE TABLE t (n int); GRANT TRUNCATE ON t TO {application_user}"})
    first = ended(start("migrate", "up", "--directory", directory, DB_APPLICATION_SECRET_ID=secret.as_uri()))
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[0] == "the login of DB_APPLICATION_SECRET_ID works now"
    assert PASSWORD not in first.out
    database.rows("INSERT INTO t VALUES (1)", conninfo=login)
    refused(login, "CREATE TABLE mine (n int)")
    refused(login, "DELETE FROM schema_migrations")

    again = ended(start("migrate", "up", "--directory", directory, DB_APPLICATION_SECRET_ID=secret.as_uri()))
    assert (again.code, again.text) == (0, "nothing to do: 1 of 1 applied\n")


def test_without_the_variable_no_login_is_made(database: Any, application_user: str, folder: Write, start: Any) -> None:
    assert ended(start("migrate", "up", "--directory", folder(**{"001_a": "SELECT 1"}))).code == 0
    with psycopg.connect(database.owner) as session:
        assert not roles.exists(session, application_user)


def test_nobody_else_gets_into_the_database(database: Any, login: str) -> None:
    ensure(database.owner, login)
    assert not database.one(f"SELECT has_database_privilege('pg_monitor', '{database.name}', 'CONNECT')")


def test_a_login_that_works_keeps_its_password_and_what_migrations_took_from_it(
    database: Any, login: str, application_user: str
) -> None:
    assert ensure(database.owner, login) is True
    database.rows(f"CREATE TABLE audit (n int); REVOKE DELETE ON audit FROM {application_user}")
    verifier = f"SELECT rolpassword FROM pg_authid WHERE rolname = '{application_user}'"
    before = database.rows(verifier, conninfo=database.superuser)
    assert ensure(database.owner, login) is False
    assert database.rows(verifier, conninfo=database.superuser) == before
    refused(login, "DELETE FROM audit")


def test_a_restored_database_gets_the_password_of_the_secret(database: Any, login: str, application_user: str) -> None:
    ensure(database.owner, login)
    with psycopg.connect(database.owner, autocommit=True) as session:
        roles.change_password(session, role=application_user, password="of-the-snapshot")
    assert not works(login)
    assert ensure(database.owner, login) is True
    assert works(login)


def test_a_secret_that_names_the_clone(database: Any, login: str, application_user: str) -> None:
    """After a rotation, on a database that was made anew: both users are made, the first without a known password."""
    clone = with_login(login, f"{application_user}_clone", PASSWORD)
    assert ensure(database.owner, clone) is True
    database.rows("CREATE TABLE t (n int)")
    database.rows("INSERT INTO t VALUES (1)", conninfo=clone)
    refused(clone, "CREATE TABLE mine (n int)")
    assert not works(login)
    assert ensure(database.owner, clone) is False


def test_a_failure_on_the_way_leaves_nothing_half_made(
    database: Any, login: str, application_user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone = with_login(login, f"{application_user}_clone", PASSWORD)

    def cut(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(roles, "ensure_clone", cut)
        with pytest.raises(KeyboardInterrupt):
            ensure(database.owner, clone)
    with psycopg.connect(database.owner) as session:
        assert not roles.exists(session, application_user)
    assert ensure(database.owner, clone) is True


def test_two_migration_jobs_at_once(database: Any, login: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(lambda _: ensure(database.owner, login), range(4)))
    assert works(login)


def test_a_server_that_does_not_answer_is_no_wrong_password(database: Any, login: str, application_user: str) -> None:
    gone = make_conninfo(login, port=1)
    with pytest.raises(ConnectionFailed, match="check DB_HOST and DB_PORT"):
        ensure(database.owner, gone)
    with psycopg.connect(database.owner) as session:
        assert not roles.exists(session, application_user)


def test_the_secret_of_secrets_manager(aws: Any, login: str, application_user: str, folder: Write, start: Any) -> None:
    client, directory = aws("secretsmanager"), folder(**{"001_a": "SELECT 1"})
    value = json.dumps({"username": application_user, "password": PASSWORD})
    arn = client.create_secret(Name="shop/dev/db", SecretString=value)["ARN"]
    result = ended(start("migrate", "up", "--directory", directory, DB_APPLICATION_SECRET_ID=arn))
    assert (result.code, result.err, works(login)) == (0, "", True)
    assert PASSWORD not in result.out


def test_the_second_user_of_a_proxy(aws: Any, login: str, application_user: str, folder: Write, start: Any) -> None:
    """A proxy is told both users, so both must be there before the first rotation."""
    secrets = [
        aws("secretsmanager").create_secret(Name=name, SecretString=json.dumps({"username": user, "password": PASSWORD}))["ARN"]
        for name, user in (("shop/dev/db", application_user), ("shop/dev/db-previous", f"{application_user}_clone"))
    ]
    variables = dict(zip(("DB_APPLICATION_SECRET_ID", "DB_PREVIOUS_SECRET_ID"), secrets, strict=True))
    result = ended(start("migrate", "up", "--directory", folder(**{"001_a": "SELECT 1"}), **variables))
    assert (result.code, result.err) == (0, "")
    assert works(login)
    assert works(make_conninfo(login, user=f"{application_user}_clone"))


@pytest.mark.usefixtures("aws")
def test_a_secret_that_is_not_there_stops_the_migration(database: Any, folder: Write, start: Any) -> None:
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/dev/none-AbCdEf"
    result = ended(start("migrate", "up", "--directory", folder(**{"001_a": "SELECT 1"}), DB_APPLICATION_SECRET_ID=arn))
    assert (result.code, result.out) == (1, "")
    assert f"there is no secret {arn} in ap-northeast-1" in result.err
    assert database.one("SELECT to_regclass('schema_migrations')") is None
