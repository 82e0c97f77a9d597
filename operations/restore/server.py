"""The server seen from its database ``postgres``: what there is, who may do what, and one restore of a database at a time.

A database cannot be made, renamed or dropped from within itself.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.connection import ConnectionFailed, Session, connect
from operations.errors import OperationError, Refused
from operations.restore import APPLICATION
from operations.restore.names import Mark, is_beside

MAINTENANCE = "postgres"
"""Every server has it, and nobody keeps data in it."""
LEAVE_SECONDS = 5.0
"""How long a superuser's session, which only a superuser may end, has to leave a database that is dropped."""
LOCK = 0x6D707273  # "mprs"
"""Class of the advisory locks; they lie in the database ``postgres``."""

_RIGHTS = """
    SELECT rolsuper OR rolcreatedb, rolsuper OR pg_has_role(current_user, 'pg_signal_backend', 'USAGE')
    FROM pg_roles WHERE rolname = current_user
"""
_FOUND = "SELECT pg_database_size(oid), pg_stat_get_db_numbackends(oid) FROM pg_database WHERE datname = %s"


@dataclass(frozen=True, kw_only=True)
class Found:
    """A database that is there: its size in bytes, and how many sessions are in it."""

    name: str
    size: int
    sessions: int


class Server:
    """A session of the owner to ``postgres``, in autocommit. *database* is the one that all this is about."""

    def __init__(self, session: Session, conninfo: str) -> None:
        self.session, self.conninfo = session, conninfo
        given = conninfo_to_dict(conninfo)
        self.database = str(given["dbname"])
        self.user = session.info.user
        self.address = f"{session.info.host}:{session.info.port}"
        self.version = session.info.server_version
        """libpq's number: 170010 for 17.10."""

    def at(self, database: str) -> str:
        """The connection string for another database of the server."""
        return make_conninfo(self.conninfo, dbname=database)

    def find(self, name: str) -> Found | None:
        row = self.session.execute(_FOUND, [name]).fetchone()
        return Found(name=name, size=row[0], sessions=row[1]) if row else None

    def beside(self, mark: Mark) -> list[Found]:
        """The databases of that mark beside the database, oldest first."""
        rows = self.session.execute("SELECT datname FROM pg_database ORDER BY datname").fetchall()
        found = [self.find(name) for (name,) in rows if is_beside(name, self.database, mark)]
        return [one for one in found if one is not None]

    def drop(self, name: str) -> None:
        """Drops the database *name* and ends its sessions; one that is not there is no error."""
        deadline = time.monotonic() + LEAVE_SECONDS
        with said(f"Cannot drop the database {name}"):
            while True:
                try:
                    self.session.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
                    return
                except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ObjectInUse):
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)

    def require_rights(self, *, replaces: bool) -> None:
        """Raises Refused unless the user may make databases and, where one is to be replaced, end its sessions."""
        row = self.session.execute(_RIGHTS).fetchone()
        assert row is not None
        lacking = [] if row[0] else [f"may not make databases (ALTER ROLE {self.user} CREATEDB)"]
        if replaces and not row[1]:
            lacking.append(f"may not end the sessions of others (GRANT pg_signal_backend TO {self.user})")
        if lacking:
            raise Refused(
                f"{self.user} {' and '.join(lacking)} on {self.address}: have the server's administrator run that; "
                "a local stack gets it by `make up`. Nothing was done."
            )

    @contextmanager
    def alone(self, mark: Mark) -> Iterator[None]:
        """Holds the lock of this work on the database until the block ends; the server frees it when its holder dies.

        Raises Refused where another run holds it.
        """
        key = [LOCK, f"{mark} {self.database}"]
        row = self.session.execute("SELECT pg_try_advisory_lock(%s, hashtext(%s))", key).fetchone()
        if row is None or not row[0]:
            what = {"drill": "drill", "verify": "check of the migrations"}.get(mark, "restore")
            raise Refused(f"Another {what} of {self.database} is at work on {self.address}; try again when it is over.")
        try:
            yield
        finally:
            if not self.session.closed:
                self.session.execute("SELECT pg_advisory_unlock(%s, hashtext(%s))", key)


@contextmanager
def server_of(conninfo: str) -> Iterator[Server]:
    """The server of *conninfo*, whose database need not be there. Raises OperationError."""
    try:
        session = connect(make_conninfo(conninfo, dbname=MAINTENANCE), APPLICATION)
    except ConnectionFailed as error:
        if "permission denied for database" not in str(error):
            raise
        user = conninfo_to_dict(conninfo).get("user", "")
        raise Refused(
            f"{user} may not connect to the database {MAINTENANCE}, from which databases are made and renamed: have the server's "
            f"administrator run GRANT CONNECT ON DATABASE {MAINTENANCE} TO {user}; a local stack gets it by `make up`."
        ) from None
    with said(f"The server at {session.info.host}:{session.info.port}"), session:
        session.execute("SET idle_session_timeout = 0")  # it waits while the dump is loaded
        session.execute("SET statement_timeout = 0")  # CREATE and DROP DATABASE take their time
        yield Server(session, conninfo)


@contextmanager
def said(what: str) -> Iterator[None]:
    """An error of the server becomes an OperationError that begins with *what*."""
    try:
        yield
    except psycopg.Error as error:
        text = error.diag.message_primary or " ".join(str(error).split())
        detail = f" ({error.diag.message_detail})" if error.diag.message_detail else ""
        raise OperationError(f"{what}: {text}{detail}.") from None
