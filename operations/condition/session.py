"""Questions to a server that change nothing and are never in anybody's way for long."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, LiteralString

import psycopg
from psycopg import ConnectionInfo, sql
from psycopg.conninfo import make_conninfo

from operations.connection import Session, connect
from operations.errors import OperationError

MARK: LiteralString = "/* managed-postgres asks */"
"""Is in statements of ours that pg_stat_statements would otherwise show as news."""
CONNECT_SECONDS = 5
"""Limit for one server's answer, where many are asked in turn."""

# Ten seconds for a question; two for a table that somebody has locked, since a waiting question holds up everybody behind it.
# For the transaction only: what is set for a session would stay behind in a pooler, for the next client. What is sent at once is
# one transaction, without a BEGIN and a COMMIT that would be counted among the statements of a quiet server.
_LIMITS: LiteralString = (
    f"SET {MARK} TRANSACTION READ ONLY; SET {MARK} LOCAL statement_timeout = '10s'; SET {MARK} LOCAL lock_timeout = '2s'; "
)


class Asked:
    """A server that is asked, each question in a read-only transaction of its own. Raises ``psycopg.Error``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @property
    def info(self) -> ConnectionInfo:
        """Who is asked as whom."""
        return self._session.info

    @property
    def encrypted(self) -> bool:
        """Whether this side of the connection is."""
        return bool(self._session.pgconn.ssl_in_use)

    def rows(self, query: LiteralString | sql.Composed, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows."""
        text = sql.SQL(_LIMITS) + (sql.SQL(query) if isinstance(query, str) else query)
        with psycopg.ClientCursor(self._session) as cursor:  # several statements at once take no parameters from the server
            cursor.execute(text, values or None)
            while cursor.nextset():
                pass
            return cursor.fetchall()

    def row(self, query: LiteralString | sql.Composed, values: Sequence[Any] = ()) -> tuple[Any, ...]:
        """The one row of a question that always has one."""
        (found,) = self.rows(query, values)
        return found


@contextmanager
def asking(conninfo: str, application: str, *, host: str = "") -> Iterator[Asked]:
    """The server that takes writes, or *host* whatever its role.

    Raises ConnectionFailed (an OperationError) where there is none, OperationError where a question fails.
    """
    at = make_conninfo(conninfo, host=host, target_session_attrs="any") if host else conninfo
    with connect(make_conninfo(at, connect_timeout=CONNECT_SECONDS), f"managed-postgres {application}") as session:
        try:
            yield Asked(session)
        except psycopg.Error as error:
            server, text = f"{session.info.host}:{session.info.port}", " ".join(str(error).split())
            raise OperationError(f"the server {server} does not answer as it should: {text}") from None
