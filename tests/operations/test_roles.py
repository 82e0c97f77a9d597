"""The role SQL as a cloud's administrator runs it: not a superuser, and more than once."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from operations import role_names, roles
from tests.support import LocalPostgres

PASSWORD = "only-for-this-test"


@pytest.fixture
def administrator(local_postgres: LocalPostgres) -> Iterator[str]:
    """Connection string of a user with the rights that RDS gives its master user."""
    with psycopg.connect(local_postgres.superuser(), autocommit=True) as session:
        session.execute(f"create role cloud_master login createrole createdb password '{PASSWORD}'")
        session.execute("grant pg_monitor to cloud_master with admin option")
        session.execute("grant connect on database postgres to cloud_master")
    # RDS lets its master user create this extension; here it comes with the template.
    with psycopg.connect(local_postgres.superuser("template1"), autocommit=True) as session:
        session.execute("create extension pg_stat_statements")
    yield make_conninfo(local_postgres.superuser(), user="cloud_master", password=PASSWORD)
    with psycopg.connect(local_postgres.superuser("template1"), autocommit=True) as session:
        session.execute("drop extension pg_stat_statements")
    with psycopg.connect(local_postgres.superuser(), autocommit=True) as session:
        roles.drop(session, dbname="my-app", owner="my_app_admin", users=["my_app_app"])
        session.execute("drop owned by cloud_master")
        session.execute("drop role cloud_master")


def build(administrator: str, version: str) -> tuple[str, str]:
    """Both passwords, after everything was made."""
    admin, app = role_names.admin_role("my-app"), role_names.application_role("my-app")
    assert (admin, app) == ("my_app_admin", "my_app_app")
    with psycopg.connect(administrator, autocommit=True) as session:
        roles.ensure_admin_role(session, role=admin, password=f"admin-{version}")
        roles.ensure_database(session, dbname="my-app", owner=admin)
    with psycopg.connect(administrator, dbname="my-app", autocommit=True) as session:
        roles.ensure_schema_rights(session, owner=admin)
        roles.ensure_application_role(session, role=app, password=f"app-{version}", admin=admin, dbname="my-app")
    return f"admin-{version}", f"app-{version}"


def test_a_cloud_administrator_can_make_it_and_again(administrator: str) -> None:
    build(administrator, "one")
    admin_password, app_password = build(administrator, "two")
    owner = make_conninfo(administrator, user="my_app_admin", password=admin_password, dbname="my-app")
    with psycopg.connect(owner) as session:
        session.execute("create schema extra")
        session.execute("create table t (id serial primary key)")
        session.execute("create table extra.t (id serial primary key)")
    app = make_conninfo(administrator, user="my_app_app", password=app_password, dbname="my-app")
    with psycopg.connect(app, autocommit=True) as session:
        session.execute("insert into t default values")
        session.execute("insert into extra.t default values")
        for statement in (
            "create table mine (n int)",
            "create table extra.mine (n int)",
            "drop table t",
            "create temp table x (n int)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement.encode())
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(app, password="app-one")


def test_tables_from_before_the_role_are_granted(administrator: str) -> None:
    admin_password, app_password = build(administrator, "one")
    with psycopg.connect(administrator, user="my_app_admin", password=admin_password, dbname="my-app") as session:
        session.execute("create table old (id serial primary key)")
        session.execute("revoke all on old from my_app_app")
    build(administrator, "one")
    with psycopg.connect(administrator, user="my_app_app", password=app_password, dbname="my-app") as session:
        session.execute("insert into old default values")


def test_a_role_that_owns_something_elsewhere_keeps_no_login(administrator: str, local_postgres: LocalPostgres) -> None:
    build(administrator, "one")
    with psycopg.connect(local_postgres.superuser(), autocommit=True) as session:
        session.execute("create database copy owner my_app_admin")
        roles.drop(session, dbname="my-app", owner="my_app_admin", users=["my_app_app", "never_was"])
        found = session.execute("select rolname, rolcanlogin from pg_roles where rolname like 'my_app%'").fetchall()
        assert found == [("my_app_admin", False)]
        session.execute("drop database copy")
