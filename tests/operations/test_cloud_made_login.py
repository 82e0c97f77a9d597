"""Users that the cloud made, as Cloud SQL does: with a password, without rights, not the owner's to alter. Real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from operations.application_login import ensure, with_login, works
from operations.errors import OperationError
from tests.operations.driver import ended

Write = Callable[..., Path]
PASSWORD = "made-by-the-cloud-7X_"


@pytest.fixture
def cloud(database: Any, application_user: str) -> Iterator[Any]:
    """The database as Cloud SQL leaves it: owned by a role that the admin is a member of; both users are a superuser's work."""
    names = {
        "owner": sql.Identifier(f"{database.name}_superuser"),
        "admin": sql.Identifier(f"{database.name}_admin"),
        "db": sql.Identifier(database.name),
        "app": sql.Identifier(application_user),
        "clone": sql.Identifier(f"{application_user}_clone"),
        "person": sql.Identifier(f"{database.name}@example.com"),
        "stranger": sql.Identifier(f"{database.name}_stranger"),
        "password": sql.Literal(PASSWORD),
    }

    def run(*statements: str) -> None:
        with psycopg.connect(database.superuser, autocommit=True) as session:
            for statement in statements:
                session.execute(sql.SQL(statement).format(**names))

    run(
        "CREATE ROLE {owner} NOLOGIN CREATEROLE CREATEDB",
        "GRANT {owner} TO {admin}",
        "ALTER DATABASE {db} OWNER TO {owner}",
        "CREATE ROLE {app} LOGIN PASSWORD {password} IN ROLE pg_read_all_settings",
        "CREATE ROLE {clone} LOGIN PASSWORD {password} IN ROLE {app}",
        "CREATE ROLE {person} LOGIN PASSWORD {password} IN ROLE pg_read_all_data",
        "CREATE ROLE {stranger} LOGIN PASSWORD {password}",
    )
    yield database
    run(
        "DROP ROLE {person}, {stranger}",
        "ALTER DATABASE {db} OWNER TO {admin}",
        "DROP OWNED BY {owner}",
        "DROP ROLE {owner}",
    )


@pytest.fixture
def login(cloud: Any, application_user: str) -> str:
    return with_login(cloud.owner, application_user, PASSWORD)


@pytest.fixture
def clone(cloud: Any, application_user: str) -> str:
    return with_login(cloud.owner, f"{application_user}_clone", PASSWORD)


def refused(conninfo: str, statement: str) -> None:
    with psycopg.connect(conninfo) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement.encode())


def state(database: Any, role: str) -> list[tuple[Any, ...]]:
    """Everything about a role but what it was granted."""
    return list(database.rows(f"SELECT * FROM pg_authid WHERE rolname = '{role}'", conninfo=database.superuser))


def test_gcp_complaint_14_a_user_that_the_cloud_made_gets_its_rights(cloud: Any, login: str, application_user: str) -> None:
    cloud.rows("CREATE TABLE before (n int)")
    assert works(login), "it can log in from the start"
    refused(login, "INSERT INTO before VALUES (1)")
    made = state(cloud, application_user)
    assert ensure(cloud.owner, login) is True
    cloud.rows("CREATE TABLE later (id serial, n int)")
    for statement in ("INSERT INTO before VALUES (1)", "INSERT INTO later (n) VALUES (1)"):
        cloud.rows(statement, conninfo=login)
    for statement in ("CREATE TABLE mine (n int)", "DROP TABLE later", "TRUNCATE before"):
        refused(login, statement)
    assert state(cloud, application_user) == made, "its password and attributes are the cloud's business"


def test_rights_are_given_once(cloud: Any, login: str, application_user: str) -> None:
    ensure(cloud.owner, login)
    cloud.rows(f"CREATE TABLE audit (n int); REVOKE DELETE ON audit FROM {application_user}")
    assert ensure(cloud.owner, login) is False
    refused(login, "DELETE FROM audit")


def test_the_second_user_has_the_rights_of_the_first(cloud: Any, login: str, clone: str) -> None:
    """Also where its turn comes first, on a database that is made with an even password_version."""
    assert ensure(cloud.owner, clone) is True
    cloud.rows("CREATE TABLE t (n int)")
    cloud.rows("INSERT INTO t VALUES (1)", conninfo=clone)
    cloud.rows("INSERT INTO t VALUES (1)", conninfo=login)
    assert ensure(cloud.owner, login) is False, "a new turn needs no new rights"


def test_two_migration_jobs_at_once(cloud: Any, login: str) -> None:
    cloud.rows("CREATE TABLE t (n int)")
    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(lambda _: ensure(cloud.owner, login), range(4)))
    cloud.rows("INSERT INTO t VALUES (1)", conninfo=login)


def test_people_who_may_read_everything_may_come_in_and_nobody_else(cloud: Any, login: str) -> None:
    cloud.rows("CREATE TABLE t (n int)")
    person, stranger = (
        with_login(cloud.owner, name, PASSWORD) for name in (f"{cloud.name}@example.com", f"{cloud.name}_stranger")
    )
    ensure(cloud.owner, login)
    assert cloud.rows("SELECT count(*) FROM t", conninfo=person) == [(0,)]
    refused(person, "INSERT INTO t VALUES (1)")
    with pytest.raises(psycopg.OperationalError, match="does not have CONNECT privilege"):
        psycopg.connect(stranger)


def test_a_password_that_only_the_cloud_can_change_is_one_sentence(cloud: Any, login: str, application_user: str) -> None:
    wrong = with_login(login, application_user, "not-this-one-3k")
    with pytest.raises(OperationError) as caught:
        ensure(cloud.owner, wrong)
    text = str(caught.value)
    assert text.startswith(f"{application_user} has another password than its secret says")
    assert text.endswith("raise database.password_version and run `pulumi up`, which sets a new one")
    assert "not-this-one-3k" not in text
    assert ensure(cloud.owner, login) is False, "the rights are there nonetheless"


def test_migrate_up_gives_the_rights_first(
    cloud: Any, login: str, application_user: str, folder: Write, start: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "db.json"
    secret.write_text(json.dumps({"username": application_user, "password": PASSWORD}))
    directory = folder(**{"001_a": "CREATE TABLE t (n int)"})
    first = ended(start("migrate", "up", "--directory", directory, DB_APPLICATION_SECRET_ID=secret.as_uri()))
    assert (first.code, first.err) == (0, "")
    assert first.out.splitlines()[0] == "the login of DB_APPLICATION_SECRET_ID works now"
    cloud.rows("INSERT INTO t VALUES (1)", conninfo=login)
    refused(login, "DELETE FROM schema_migrations")
    again = ended(start("migrate", "up", "--directory", directory, DB_APPLICATION_SECRET_ID=secret.as_uri()))
    assert (again.code, again.text) == (0, "nothing to do: 1 of 1 applied\n")


def test_a_password_that_is_wrong_ends_migrate_up_in_that_sentence(
    cloud: Any, application_user: str, folder: Write, start: Any, tmp_path: Path
) -> None:
    secret = tmp_path / "db.json"
    secret.write_text(json.dumps({"username": application_user, "password": "not-this-one-3k"}))
    variable = {"DB_APPLICATION_SECRET_ID": secret.as_uri()}
    result = ended(start("migrate", "up", "--directory", folder(**{"001_a": "CREATE TABLE t (n int)"}), **variable))
    assert (result.code, result.out) == (1, "")
    assert "raise database.password_version" in result.err
    assert "Traceback" not in result.err
    assert cloud.one("SELECT to_regclass('t')") is None
