"""What a checkout and a connect cost over the bare psycopg_pool and psycopg: ``python -m bench.checkout``.

Both sides on one server in one run, turn and turn about, with the same parameters, row factory and pool sizes. Three pairs: an
empty block (``connection()`` against ``writer()``), the same with a question to the server at each checkout (``check_connection``
against our check made to ask always), and a new connection with SCRAM and TLS verify-full (medians). Of blocks the processor's
time counts, because what we add is nothing else, and the least of all rounds, which other work disturbs least.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool

from runtime.connection import PooledConnection
from runtime.connector import KEEPALIVE, Connector
from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.secrets import CachedSource, TokenSource, source_of
from tests.runtime.cluster import LocalCluster, running_cluster

CHECKOUT_BAR, CHECKED_BAR = 2 / 5.29, 5 / 5.29
"""What we add, in empty blocks of psycopg_pool: 2 and 5 microseconds where such a block takes 5.29."""
CONNECT_BAR = 1.1
"""Times psycopg's own."""
ROUNDS = 30
BLOCKS = 500
"""Blocks in a row of one side, then of the other."""


def main() -> int:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # see bench.pool
    with running_cluster() as cluster:
        environment = DatabaseEnvironment.from_environ(cluster.environ(DB_READER_HOST=None))
        parameters = _parameters(cluster, environment)
        free, free_ours = _blocks(environment, parameters, check=False)
        asked, asked_ours = _blocks(environment, parameters, check=True)
        plain, ours = _connects(environment, parameters)
    within = ours / plain <= CONNECT_BAR
    for name, bare, own, bar in (("checkout", free, free_ours, CHECKOUT_BAR), ("checked", asked, asked_ours, CHECKED_BAR)):
        added = (own - bare) / free
        print(f"  {name}: psycopg_pool {bare:.2f} us, ours {own:.2f} us, {added:+.2f} of an empty block (bar {bar:+.2f})")
        within = within and added <= bar
    print(f"  connect: psycopg {plain:.2f} ms, ours {ours:.2f} ms, ratio {ours / plain:.2f} (bar {CONNECT_BAR})")
    return 0 if within else 1


def _parameters(cluster: LocalCluster, environment: DatabaseEnvironment) -> dict[str, Any]:
    return {
        "host": environment.db_host,
        "port": environment.db_port,
        "dbname": environment.db_name,
        "user": environment.db_user,
        "password": cluster.password,
        "sslmode": environment.db_ssl_mode,
        "sslrootcert": environment.db_ssl_root_cert,
        "target_session_attrs": "read-write",
        "gssencmode": "disable",
        "row_factory": dict_row,
        **KEEPALIVE,
    }


def _blocks(environment: DatabaseEnvironment, parameters: dict[str, Any], *, check: bool) -> tuple[float, float]:
    """Microseconds of an empty block of both."""
    question = ConnectionPool.check_connection if check else None
    pool = ConnectionPool(kwargs=parameters, min_size=2, max_size=20, open=True, check=question)
    blocks = BLOCKS // 10 if check else BLOCKS
    with pool, DatabaseManager(environment) as db, _always_suspect(check):
        pool.wait()
        db.open(wait=10)
        pairs = [(_each(pool.connection, blocks), _each(db.writer, blocks)) for _ in range(-2, ROUNDS)][2:]
    bare, ours = (min(side) for side in zip(*pairs, strict=True))
    return bare, ours


def _each(block: Callable[[], Any], blocks: int) -> float:
    started = time.thread_time()
    for _ in range(blocks):
        with block():
            pass
    return (time.thread_time() - started) / blocks * 1e6


@contextmanager
def _always_suspect(check: bool) -> Iterator[None]:
    own = PooledConnection.is_suspect
    if check:
        PooledConnection.is_suspect = lambda self: own(self) or True  # type: ignore[method-assign]
    try:
        yield
    finally:
        PooledConnection.is_suspect = own  # type: ignore[method-assign]


def _connects(environment: DatabaseEnvironment, parameters: dict[str, Any]) -> tuple[float, float]:
    """Milliseconds of a connect of both."""
    secret = source_of(environment)
    assert not isinstance(secret, TokenSource)
    connector = Connector(
        environment,
        CachedSource(secret),
        hosts=environment.writer_hosts,
        session="read-write",
        read_only=False,
        application_name="bench",
    )
    pairs = []
    for turn in range(-3, ROUNDS):
        started = time.perf_counter()
        psycopg.connect(**parameters).close()
        between = time.perf_counter()
        PooledConnection.connect(connector=connector).close()
        if turn >= 0:
            pairs.append(((between - started) * 1e3, (time.perf_counter() - between) * 1e3))
    plain, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    return plain, ours


if __name__ == "__main__":
    sys.exit(main())
