"""What DatabaseManager costs over a bare psycopg_pool, on ``select 1``: ``python -m bench.pool``.

Both sides run on one server in one run, turn and turn about (A B A B ...), with the same TLS connection, row factory and
pool sizes; each figure is a median. Ends with 1 where a ratio is over its bar.

Two pairs: a block of ``writer()`` against one of the pool's ``connection()``, which both commit; and the guides'
``get_cursor()`` against ``connection()`` with ``cursor()`` and a rollback, the same work by hand.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable
from functools import partial

from psycopg import Connection
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from tests.runtime.cluster import running_cluster

BAR = 1.15
FRESH = 5
"""Times that both pools are made anew."""
CALLS = 600
"""Calls of each side per making. Turns change after every call, so whatever else the machine does falls on both alike."""

Pair = tuple[float, float]


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        # Ours and, by inheritance, the server's. On several CPUs a round trip takes 215 or 330 us, depending on where the
        # scheduler happens to put a server process, and the comparison becomes one of that.
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    writer: list[Pair] = []
    cursor: list[Pair] = []
    with running_cluster() as cluster:
        environment = DatabaseEnvironment.from_environ(cluster.environ())
        parameters = {
            "host": environment.db_host,
            "port": environment.db_port,
            "dbname": environment.db_name,
            "user": environment.db_user,
            "password": cluster.password,
            "sslmode": environment.db_ssl_mode,
            "sslrootcert": environment.db_ssl_root_cert,
            "row_factory": dict_row,
        }
        for _ in range(FRESH):
            pool: ConnectionPool[Connection[DictRow]] = ConnectionPool(kwargs=parameters, min_size=2, max_size=20, open=True)
            with pool, DatabaseManager(environment) as db:
                pool.wait()
                db.open(wait=10)
                writer += in_turns(partial(bare_block, pool), partial(our_block, db))
                cursor += in_turns(partial(bare_cursor, pool), partial(our_cursor, db))
    return 0 if all([report("writer()", writer), report("get_cursor()", cursor)]) else 1


def bare_block(pool: ConnectionPool[Connection[DictRow]]) -> None:
    with pool.connection() as connection:
        connection.execute("select 1").fetchone()


def our_block(db: DatabaseManager) -> None:
    with db.writer() as connection:
        connection.execute("select 1").fetchone()


def bare_cursor(pool: ConnectionPool[Connection[DictRow]]) -> None:
    with pool.connection() as connection, connection.cursor() as cursor:
        cursor.execute("select 1")
        cursor.fetchone()
        connection.rollback()


def our_cursor(db: DatabaseManager) -> None:
    with db.get_cursor() as cursor:
        cursor.execute("select 1")
        cursor.fetchone()


def in_turns(bare: Callable[[], None], ours: Callable[[], None]) -> list[Pair]:
    """Microseconds of each call of both, one after the other; the first ones only warm up."""
    pairs = []
    for turn in range(-20, CALLS):
        started = time.perf_counter()
        bare()
        between = time.perf_counter()
        ours()
        ended = time.perf_counter()
        if turn >= 0:
            pairs.append(((between - started) * 1e6, (ended - between) * 1e6))
    return pairs


def report(name: str, pairs: list[Pair]) -> bool:
    """Prints both medians and their ratio; whether it is within the bar."""
    bare, ours = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio: float = ours / bare
    print(f"{name}: psycopg_pool {bare:.1f} us, DatabaseManager {ours:.1f} us, ratio {ratio:.3f} (bar {BAR})")
    return ratio <= BAR


if __name__ == "__main__":
    sys.exit(main())
