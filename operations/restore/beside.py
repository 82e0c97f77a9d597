"""A new database beside one: empty and like it at first, with its rights and settings in the end."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from operations import roles
from operations.connection import Session
from operations.restore.server import Server, said

_LIKE = "SELECT to_jsonb(d), pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database AS d WHERE datname = %s"
_RIGHTS = """
    SELECT rolname, privilege_type, is_grantable
    FROM pg_database AS d, aclexplode(coalesce(datacl, acldefault('d', datdba))) AS acl
    LEFT JOIN pg_roles AS r ON r.oid = acl.grantee
    WHERE datname = %s AND acl.grantee <> datdba AND (acl.grantee = 0 OR rolname IS NOT NULL)
"""
_SETTINGS = """
    SELECT unnest(setconfig), rolname FROM pg_db_role_setting AS s JOIN pg_database AS d ON d.oid = s.setdatabase
    LEFT JOIN pg_roles AS r ON r.oid = s.setrole WHERE datname = %s AND (setrole = 0 OR rolname IS NOT NULL)
"""
# A login that may read or write something inside, but whose right to connect went with the lost database.
_INSIDE = """
    SELECT DISTINCT rolname FROM pg_class AS c, aclexplode(c.relacl) AS acl JOIN pg_roles AS r ON r.oid = acl.grantee
    WHERE acl.grantee <> c.relowner AND rolname NOT LIKE 'pg\\_%'
"""
# What makes filling it faster; gone before anybody uses it.
_FAST = ("synchronous_commit = off", "maintenance_work_mem = '256MB'")


def create(server: Server, name: str) -> None:
    """An empty database *name* with owner, encoding and locale of the server's database, closed to everybody else.

    Where that database is lost: of the session's user, with the server's own locale. Raises OperationError.
    """
    row = server.session.execute(_LIKE, [server.database]).fetchone()
    options = _options(row[0], row[1], row[2]) if row else [sql.SQL("owner {}").format(sql.Identifier(server.user))]
    new = sql.Identifier(name)
    with said(f"Cannot make the database {name}"):
        server.session.execute(sql.SQL("create database {} template template0 {}").format(new, sql.SQL(" ").join(options)))
        server.session.execute(sql.SQL("revoke all on database {} from public").format(new))
        for setting in _FAST:
            server.session.execute(sql.SQL("alter database {} set {}").format(new, sql.SQL(setting)))


def equip(server: Server, name: str, inside: Session) -> list[str]:
    """Gives the database *name* the rights and settings of the server's database; *inside* is a session to *name*.

    Returns a line for each setting that only a superuser may make again. Where the database is lost: who has rights on tables
    inside may connect. Raises OperationError.
    """
    new = sql.Identifier(name)
    left = []
    with said(f"Cannot give the database {name} its rights"):
        server.session.execute(sql.SQL("alter database {} reset all").format(new))
        if server.find(server.database) is None:
            for (role,) in inside.execute(_INSIDE).fetchall():
                server.session.execute(sql.SQL("grant connect on database {} to {}").format(new, sql.Identifier(role)))
            roles.let_in_readers(server.session, dbname=name)
            return []
        for role, privilege, grantable in server.session.execute(_RIGHTS, [server.database]).fetchall():
            statement = sql.SQL("grant {} on database {} to {}{}").format(
                sql.SQL(privilege),
                new,
                sql.Identifier(role) if role else sql.SQL("public"),
                sql.SQL(" with grant option" if grantable else ""),
            )
            server.session.execute(statement)
        for setting, role in server.session.execute(_SETTINGS, [server.database]).fetchall():
            key, _, value = setting.partition("=")
            whose = (
                sql.SQL("role {} in database {}").format(sql.Identifier(role), new)
                if role
                else sql.SQL("database {}").format(new)
            )
            try:
                with inside.transaction():  # FROM CURRENT: lists such as search_path keep their form; inside, where its names are
                    inside.execute("SELECT set_config(%s, %s, true)", [key, value])
                    parts = sql.SQL(".").join(sql.Identifier(part) for part in key.split("."))
                    inside.execute(sql.SQL("alter {} set {} from current").format(whose, parts))
            except psycopg.Error as error:
                denied = isinstance(error, psycopg.errors.InsufficientPrivilege)
                why = "needs a superuser" if denied else f"is refused ({error.diag.message_primary or type(error).__name__})"
                of = f"{role} in {server.database}" if role else server.database
                left.append(f"the setting {key} of {of} {why} and was not made again")
    return left


def _options(row: dict[str, Any], encoding: str, owner: str) -> list[sql.Composable]:
    options: list[sql.Composable] = [
        sql.SQL("owner {}").format(sql.Identifier(owner)),
        sql.SQL("encoding {} lc_collate {} lc_ctype {}").format(encoding, row["datcollate"], row["datctype"]),
    ]
    locale = row.get("datlocale") or row.get("daticulocale")  # PostgreSQL 17; 15 and 16
    match row.get("datlocprovider"):
        case "i":
            options.append(sql.SQL("locale_provider icu icu_locale {}").format(locale))
        case "b":
            options.append(sql.SQL("locale_provider builtin builtin_locale {}").format(locale))
    if row["datconnlimit"] != -1:
        options.append(sql.SQL("connection limit {}").format(row["datconnlimit"]))
    return options
