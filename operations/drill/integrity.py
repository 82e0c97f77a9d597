"""Every table and every B-tree index of a database read by amcheck, where the server lets us."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
from psycopg import sql

from operations.connection import Session
from operations.errors import OperationError
from operations.restore.contents import Superuser
from operations.restore.server import said

_RELATIONS = """
    SELECT c.oid, c.oid::regclass::text, c.relkind = 'i'
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_index AS i ON i.indexrelid = c.oid LEFT JOIN pg_am AS a ON a.oid = c.relam
    WHERE c.relpersistence = 'p' AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname NOT LIKE 'pg\\_t%'
      AND (c.relkind = 'r' AND a.amname = 'heap' OR c.relkind = 'i' AND a.amname = 'btree' AND i.indisvalid)
    ORDER BY 2
"""
_HEAP = "SELECT string_agg(DISTINCT msg, '; ') FROM (SELECT msg FROM verify_heapam(%s) LIMIT 3) AS found"
_INDEX = "SELECT bt_index_check(%s, heapallindexed => true)"


def verify(inside: Session, superuser: Superuser | None, tick: Callable[[], None]) -> int | None:
    """Checks the database of *inside*, a copy that may be changed; the number of indexes, None where that is not allowed.

    amcheck is installed in the copy for it. Raises OperationError naming what is damaged.
    """
    try:
        return _verify(inside, tick)
    except psycopg.errors.InsufficientPrivilege:
        if superuser is None:
            return None
    except psycopg.errors.FeatureNotSupported:  # a server without amcheck
        return None
    with said("amcheck failed"), superuser(inside.info.dbname) as root:
        return _verify(root, tick)


def _verify(session: Session, tick: Callable[[], None]) -> int:
    session.execute("SET statement_timeout = 0")  # the copy has the settings of its source
    session.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS amcheck WITH SCHEMA {}").format(sql.Identifier("public")))
    session.execute("SET search_path TO public, pg_catalog")
    indexes = 0
    for oid, name, is_index in session.execute(_RELATIONS).fetchall():
        tick()
        try:
            row = session.execute(_INDEX if is_index else _HEAP, [oid]).fetchone()
        except (psycopg.errors.IndexCorrupted, psycopg.errors.DataCorrupted) as error:
            raise OperationError(f"The restored copy is damaged: {name}: {error.diag.message_primary}.") from None
        if not is_index and row and row[0]:
            raise OperationError(f"The restored copy is damaged: {name}: {row[0]}.")
        indexes += is_index
    return indexes
