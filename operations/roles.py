"""The SQL that gives an application its database: an owner for migrations, a user with least rights for the application.

The same statements serve every cloud: as the local superuser, or as the administrator that RDS or Cloud SQL provides. All of
it can be run again at any time. Passwords are sent as SCRAM verifiers, so they appear in no server log.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql

Connection = psycopg.Connection[tuple[Any, ...]]

EXTENSIONS = ("pg_stat_statements",)
"""Extensions of every application database; creating them needs the superuser (or the cloud's stand-in for it)."""


def ensure_admin_role(connection: Connection, *, role: str, password: str) -> None:
    """Role *role* with LOGIN and CREATEROLE, this password, and the right to see all sessions and statistics."""
    _ensure_login(connection, role, password, sql.SQL("createrole"))
    connection.execute(sql.SQL("grant pg_monitor to {}").format(sql.Identifier(role)))


def ensure_restore_rights(connection: Connection, *, role: str, maintenance: str) -> None:
    """Role *role* may put a restored database in the place of its own, as the administrators of RDS and Cloud SQL may.

    :param maintenance: the database from which others are made and renamed.
    """
    names = {"role": sql.Identifier(role), "maintenance": sql.Identifier(maintenance)}
    connection.execute(sql.SQL("alter role {role} createdb").format(**names))
    connection.execute(sql.SQL("grant pg_signal_backend to {role}").format(**names))
    # to the group: a right of its own on another database would keep the role from being dropped
    connection.execute(sql.SQL("grant connect on database {maintenance} to pg_signal_backend").format(**names))


def ensure_database(connection: Connection, *, dbname: str, owner: str) -> None:
    """Database *dbname* owned by *owner*, closed to everybody who is not granted it.

    :param connection: in autocommit, to any database of the server; CREATE DATABASE runs in no transaction.
    """
    exists = connection.execute("select 1 from pg_database where datname = %s", [dbname]).fetchone()
    names = {"database": sql.Identifier(dbname), "owner": sql.Identifier(owner)}
    if exists is None:
        if not _is_superuser(connection):  # RDS and Cloud SQL: only a member of a role may give it a database
            connection.execute(sql.SQL("grant {owner} to current_user").format(**names))
        connection.execute(sql.SQL("create database {database} owner {owner}").format(**names))
    connection.execute(sql.SQL("revoke all on database {database} from public").format(**names))


def ensure_schema_rights(connection: Connection, *, owner: str) -> None:
    """Inside the database: extensions, and only *owner* creates in schema public (PostgreSQL 14 lets everybody).

    :param connection: to the application's database.
    """
    for name in EXTENSIONS:
        connection.execute(sql.SQL("create extension if not exists {}").format(sql.Identifier(name)))
    connection.execute("revoke create on schema public from public")
    connection.execute(sql.SQL("grant usage, create on schema public to {}").format(sql.Identifier(owner)))


def ensure_application_role(connection: Connection, *, role: str, password: str, admin: str, dbname: str) -> None:
    """Role *role* that reads and writes rows of what *admin* creates in *dbname*, and nothing else: no DDL, no other database.

    :param connection: to the database *dbname*, as a superuser or a member of *admin*.
    """
    _ensure_login(connection, role, password, sql.SQL("nocreaterole"))
    grant_application_rights(connection, role=role, admin=admin, dbname=dbname)


def grant_application_rights(connection: Connection, *, role: str, admin: str, dbname: str) -> None:
    """The rights of :func:`ensure_application_role` for a role that is there; nothing else about it changes.

    Enough is to own what is granted: from PostgreSQL 16 on nobody may alter a role that a cloud's own superuser made.
    """
    names = {"role": sql.Identifier(role), "admin": sql.Identifier(admin), "database": sql.Identifier(dbname)}
    for statement in (
        "grant connect on database {database} to {role}",
        "grant usage on schema public to {role}",
        "grant select, insert, update, delete on all tables in schema public to {role}",
        "grant usage, select on all sequences in schema public to {role}",
        "alter default privileges for role {admin} grant usage on schemas to {role}",
        "alter default privileges for role {admin} grant select, insert, update, delete on tables to {role}",
        "alter default privileges for role {admin} grant usage, select on sequences to {role}",
    ):
        connection.execute(sql.SQL(statement).format(**names))


def ensure_clone(connection: Connection, *, role: str, password: str, of: str) -> None:
    """Login *role* that is a member of the role *of* and has its rights. Two such logins alternate when passwords rotate."""
    _ensure_login(connection, role, password, sql.SQL("nocreaterole inherit"))
    connection.execute(sql.SQL("grant {of} to {role}").format(of=sql.Identifier(of), role=sql.Identifier(role)))


def let_manage(connection: Connection, *, role: str, by: str) -> None:
    """Let the role *by* change *role*'s password and make clones of it, which from PostgreSQL 16 on only its maker may.

    :param connection: as a superuser.
    """
    names = {"role": sql.Identifier(role), "by": sql.Identifier(by)}
    connection.execute(sql.SQL("grant {role} to {by} with admin option").format(**names))


def change_password(connection: Connection, *, role: str, password: str) -> None:
    """Change nothing but the password of *role*, which may be the session's own."""
    statement = sql.SQL("alter role {} password {}")
    connection.execute(statement.format(sql.Identifier(role), _verifier(connection, role, password)))


def exists(connection: Connection, role: str) -> bool:
    """Whether there is a role *role*."""
    return connection.execute("select from pg_roles where rolname = %s", [role]).fetchone() is not None


def has_application_rights(connection: Connection, role: str) -> bool:
    """Whether *role* was once given this database: it may connect in its own name, and not only as everybody may at first."""
    query = """
        select from pg_database, aclexplode(datacl) as entry
        where datname = current_database() and entry.privilege_type = 'CONNECT' and entry.grantee = to_regrole(%s)
    """
    return connection.execute(query, [sql.Identifier(role).as_string(connection)]).fetchone() is not None


def let_in_readers(connection: Connection, *, dbname: str) -> None:
    """Whoever is a member of ``pg_read_all_data`` may connect to *dbname*; reading it is their right already."""
    connection.execute(sql.SQL("grant connect on database {} to pg_read_all_data").format(sql.Identifier(dbname)))


def drop(connection: Connection, *, dbname: str, owner: str, users: Sequence[str]) -> None:
    """Drop the database, ending its sessions, then the roles *owner* and *users*. What is not there is no error.

    A role that owns something elsewhere (a restored copy, for example) stays, without its login.
    """
    connection.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(dbname)))
    for role in (*users, owner):
        try:
            connection.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
        except psycopg.errors.DependentObjectsStillExist:
            connection.execute(sql.SQL("alter role {} nologin").format(sql.Identifier(role)))


def _ensure_login(connection: Connection, role: str, password: str, rights: sql.SQL) -> None:
    statement = sql.SQL("{verb} role {role} login {rights} password {verifier}").format(
        verb=sql.SQL("alter" if exists(connection, role) else "create"),
        role=sql.Identifier(role),
        rights=rights,
        verifier=_verifier(connection, role, password),
    )
    connection.execute(statement)


def _verifier(connection: Connection, role: str, password: str) -> sql.Literal:
    return sql.Literal(connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode())


def _is_superuser(connection: Connection) -> bool:
    row = connection.execute("select rolsuper from pg_roles where rolname = current_user").fetchone()
    return row is not None and bool(row[0])
