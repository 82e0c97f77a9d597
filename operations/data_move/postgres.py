"""Rows of another PostgreSQL database."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Self

import psycopg
from psycopg import Copy, sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from operations.connection import Session, connect, conninfo_of, described
from operations.data_move import APPLICATION
from operations.data_move.catalog import Catalog, Table, catalog_of, empty
from operations.data_move.fingerprint import Fingerprint
from operations.data_move.sequences import Position, position, sequences_of
from operations.errors import OperationError, Refused

FORMS = {"datestyle": "ISO", "intervalstyle": "iso_8601", "extra_float_digits": "3", "bytea_output": "hex", "timezone": "UTC"}
"""Settings that the text of a value depends on: the same on both sides."""


class PostgresSource:
    """One snapshot of all tables. Every server will do, a reader too; nothing can be written."""

    def __init__(self, session: Session, where: str) -> None:
        self._session, self.where = session, where
        self._catalog = catalog_of(session)

    @classmethod
    @contextmanager
    def opened(cls, conninfo: str) -> Iterator[Self]:
        """Raises ConnectionFailed; OperationError where the server says no later on."""
        where = described(conninfo)
        with connect(make_conninfo(conninfo, target_session_attrs="any"), APPLICATION) as session:
            try:
                session.execute("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
                # where policies apply to the reader an error, and not a part of the rows that looks like all of them
                session.execute("SET row_security = off")
                session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                set_forms(session)
                yield cls(session, where)
            except psycopg.errors.InsufficientPrivilege as error:
                raise OperationError(
                    f"{where}: {error.diag.message_primary}. Read it as a user with SELECT on all tables and, where they have "
                    "policies of row-level security, BYPASSRLS. Nothing was moved."
                ) from None
            except psycopg.Error as error:
                raise OperationError(f"{where}: {error.diag.message_primary or error}. Nothing was moved.") from None

    def tables(self, catalog: Catalog) -> Mapping[str, Sequence[str]]:
        return {name: list(table.columns) for name, table in self._catalog.items() if not empty(self._session, table)}

    def positions(self, names: Collection[str]) -> Mapping[str, Position]:
        found = {name: sequence for name, sequence in sequences_of(self._session).items() if name in names}
        hidden = [name for name, sequence in found.items() if not (sequence.readable or sequence.owned)]
        if hidden:
            raise OperationError(
                f"{self.where} may not read the sequences {', '.join(hidden)}, and without their values the new database would "
                "give out keys twice: GRANT SELECT ON ALL SEQUENCES IN SCHEMA ... to that user. Nothing was moved."
            )
        return {name: position(self._session, sequence) for name, sequence in found.items() if sequence.readable}

    def count(self, table: str) -> int:
        row = self._session.execute(sql.SQL("SELECT count(*) FROM {}").format(self._catalog[table].identifier)).fetchone()
        return int(row[0]) if row else 0

    def feed(self, table: str, target: Table, columns: Sequence[str], copy: Copy) -> Fingerprint:
        mark = Fingerprint()
        with self._session.cursor().copy(_out(self._catalog[table], columns)) as rows:
            for row in rows:  # libpq hands over one row at a time
                copy.write(row)
                mark.add(row)
        return mark

    def read_back(self, session: Session, target: Table, columns: Sequence[str]) -> Fingerprint:
        mark = Fingerprint()
        with session.cursor().copy(_out(target, columns)) as rows:
            for row in rows:
                mark.add(row)
        return mark


def conninfo_from(address: str, secret: str | None, environ: Mapping[str, str]) -> str:
    """The connection string for *address*, as verified as it can be: ``sslmode`` is verify-full unless it says another.

    Raises Refused for an address that libpq does not take, or that holds a password.
    """
    try:
        given = conninfo_to_dict(address)
    except psycopg.Error:
        raise Refused("--from is no address that PostgreSQL's clients take: postgresql://USER@HOST:PORT/DATABASE.") from None
    if given.get("password"):
        raise Refused(
            "--from holds a password, and everybody on this machine can read a command line: take it out, and give it as "
            "PGPASSWORD, in ~/.pgpass, or as a secret with --from-secret ID."
        )
    given.setdefault("sslmode", environ.get("PGSSLMODE", "verify-full"))
    if secret is None:
        return make_conninfo("", **given)
    wanted = {
        "DB_HOST": given.get("host"),
        "DB_PORT": given.get("port"),
        "DB_NAME": given.get("dbname"),
        "DB_SECRET_ID": secret,
        "DB_SSL_MODE": given["sslmode"],
        "DB_SSL_ROOT_CERT": given.get("sslrootcert"),
    }
    return conninfo_of({name: str(value) for name, value in wanted.items() if value})


def set_forms(session: Session) -> None:
    for name, value in FORMS.items():
        session.execute("SELECT set_config(%s, %s, true)", [name, value])


def _out(table: Table, columns: Sequence[str]) -> sql.Composed:
    """SELECT, because COPY itself takes no partitioned table."""
    chosen = sql.SQL(", ").join(sql.Identifier(column) for column in columns)
    return sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(chosen, table.identifier)
