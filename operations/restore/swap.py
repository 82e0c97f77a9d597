"""A restored database takes the name of the one that it replaces, in one transaction: clients find one or the other, never none.

A rename needs a database without sessions. ``ALTER DATABASE ... RENAME`` first locks the database, so that new sessions wait,
and then waits five seconds for the old ones; these are ended meanwhile.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import psycopg
from psycopg import sql

from operations.connection import connect
from operations.errors import OperationError
from operations.restore import APPLICATION
from operations.restore.server import MAINTENANCE, Server

TRIES = 3
"""Of five seconds each."""
PAUSE_SECONDS = 0.02

# A superuser's session ends for nobody else, and one refusal would spare the rest.
_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_roles AS r ON r.oid = usesysid
    WHERE datname = %s AND (NOT rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
"""
_HOLDERS = """
    SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = %s AND usename IS NOT NULL
    UNION SELECT 'the prepared transaction ' || gid FROM pg_prepared_xacts WHERE database = %s
"""


def swap(server: Server, *, new: str, kept: str) -> None:
    """*new* becomes the server's database, which is called *kept* from then on. Where it is lost, *new* takes its name.

    Raises OperationError, with all names as they were unless it says that the connection was lost.
    """
    current = server.database
    for attempt in range(1, TRIES + 1):
        try:
            with _without_sessions(server, current), server.session.transaction():
                if server.find(current) is not None:
                    _rename(server, current, kept)
                _rename(server, new, current)
            return
        except psycopg.errors.ObjectInUse as error:
            if attempt == TRIES:
                held = [row[0] for row in server.session.execute(_HOLDERS, [current, current]).fetchall()]
                raise OperationError(
                    f"{current} cannot be renamed: {error.diag.message_detail or 'it is in use'} "
                    f"({', '.join(held) or 'gone by now'}); end that and run the same command again."
                ) from None
        except psycopg.Error as error:
            if server.session.broken:  # perhaps only the answer to the commit is lost
                raise OperationError(
                    f"The connection was lost while {new} was to take the name {current}. It has it if `psql -l` shows {kept}; "
                    "otherwise nothing is changed, and the same command again does it."
                ) from None
            raise OperationError(f"{current} cannot be renamed: {error.diag.message_primary or error}.") from None


def _rename(server: Server, name: str, to: str) -> None:
    server.session.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(sql.Identifier(name), sql.Identifier(to)))


@contextmanager
def _without_sessions(server: Server, database: str) -> Iterator[None]:
    """Ends the sessions of *database* until the block is over, from a connection of its own."""
    over = threading.Event()
    with connect(server.at(MAINTENANCE), APPLICATION) as other:

        def end() -> None:
            while not over.is_set():
                with suppress(psycopg.Error):  # one that it may not end is told of when the rename has failed
                    other.execute(_END, [database])
                over.wait(PAUSE_SECONDS)

        thread = threading.Thread(target=end)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
