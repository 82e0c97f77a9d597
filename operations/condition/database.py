"""One database as its writer knows it: sessions against the maximum, the oldest transaction, sizes."""

from __future__ import annotations

from dataclasses import dataclass

import psycopg

from operations.condition.session import Asked, asking

LARGEST = 5
"""So many of the largest tables are named."""

_STATES = """
    SELECT coalesce(state, 'starting'), count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' GROUP BY 1 ORDER BY 1
"""
# A prepared transaction holds back vacuum as an open one does, and no session shows it.
_OLDEST = """
    SELECT pid, usename, application_name, state, extract(epoch FROM clock_timestamp() - xact_start)::float8
    FROM pg_stat_activity WHERE xact_start IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()
    UNION ALL
    SELECT NULL, owner, gid, 'prepared', extract(epoch FROM clock_timestamp() - prepared)::float8 FROM pg_prepared_xacts
    ORDER BY 5 DESC LIMIT 1
"""
# The clouds' own databases let nobody look: a size that may not be asked is NULL.
_DATABASES = """
    SELECT datname, pg_database_size(oid) FROM pg_database
    WHERE NOT datistemplate AND datallowconn AND datname NOT IN ('postgres', 'rdsadmin', 'cloudsqladmin')
        AND (has_database_privilege(oid, 'CONNECT') OR pg_has_role(current_user, 'pg_read_all_stats', 'USAGE'))
    ORDER BY datname <> current_database(), datname
"""
_TABLES = """
    SELECT c.oid::regclass::text, pg_total_relation_size(c.oid) AS bytes FROM pg_class AS c
    WHERE c.relkind IN ('r', 'm') AND c.relnamespace <> 'pg_catalog'::regnamespace
        AND c.relnamespace <> 'information_schema'::regnamespace
    ORDER BY bytes DESC NULLS LAST, 1 LIMIT %s
"""
_LIMITS = """
    SELECT current_setting('max_connections')::int, (100.0 * max(age(datfrozenxid)) / 2147483648)::float8 FROM pg_database
"""


@dataclass(frozen=True, kw_only=True)
class OldestTransaction:
    """The transaction that is open longest; *state* is the session's, or ``prepared``."""

    pid: int | None
    user: str
    application: str
    state: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Size:
    """Bytes on disk of a database, or of a table with its indexes."""

    name: str
    bytes: int


@dataclass(frozen=True, kw_only=True)
class Database:
    """What the writer says of itself and of the database."""

    name: str
    connections: int
    max_connections: int
    states: dict[str, int]
    """Sessions of clients by state, this one included."""
    oldest_transaction: OldestTransaction | None
    transaction_ids_percent: float
    """Used of the 2^31 after which PostgreSQL takes no writes."""
    databases: tuple[Size, ...]
    """This one first; then the server's others: copies that a restore left, for example."""
    tables: tuple[Size, ...] | None
    """The largest, largest first; None where one of them was locked for longer than the question waits."""


def database_of(conninfo: str) -> Database:
    """Ask the writer. Raises OperationError, one sentence, where it cannot be asked."""
    with asking(conninfo, "status") as server:
        states = {str(state): int(number) for state, number in server.rows(_STATES)}
        most, ids = server.row(_LIMITS)
        oldest = server.rows(_OLDEST)
        return Database(
            name=server.info.dbname,
            connections=sum(states.values()),
            max_connections=most,
            states=states,
            oldest_transaction=_oldest(*oldest[0]) if oldest else None,
            transaction_ids_percent=round(ids, 3),
            databases=tuple(Size(name=name, bytes=size) for name, size in server.rows(_DATABASES)),
            tables=_tables(server),
        )


def _oldest(pid: int | None, user: str | None, application: str | None, state: str | None, seconds: float) -> OldestTransaction:
    return OldestTransaction(pid=pid, user=user or "", application=application or "", state=state or "", seconds=seconds)


def _tables(server: Asked) -> tuple[Size, ...] | None:
    try:
        rows = server.rows(_TABLES, [LARGEST])
    except (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled):
        return None
    return tuple(Size(name=name, bytes=size) for name, size in rows if size is not None)
