"""How long an application is without its database, over psycopg_pool as its documentation has it: ``python -m bench.outages``.

Real servers, each fault for both pools at once: a standby is promoted; the server comes back after 35 s; twenty connections lie
idle while the server restarts; the network goes without a word (not ours against theirs, but ours against libpq's defaults,
which are still waiting when we stop looking after 20 s). Ends with 1 where ours is over its bar.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import psycopg
from psycopg_pool import ConnectionPool

from components.local.host.postgres import node
from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from tests.runtime.cluster import ROOT, LocalCluster, running_cluster
from tests.runtime.network import SERVER, far_network

PROMOTION_BAR, RETURN_BAR, STALE_BAR, NETWORK_BAR = 1.3, 2.0, 0.2, 6.0
"""Seconds: without a write from before a promotion until after it; until the first answer after a server's return; for one call
that meets twenty stale connections; until a lost network is noticed, waiting as well as sending."""

AWAY = 35
IDLE = 20
PATIENCE = 60.0
"""Seconds we look at the other side at most."""

Pool = ConnectionPool[psycopg.Connection[Any]]
Ask = Callable[[], object]


@dataclass
class Client:
    """Asks all the time, and notes when it asked what was answered, when it was, and how often not."""

    ask: Ask
    answered: list[tuple[float, float]] = field(default_factory=list)
    errors: int = 0

    def first_after(self, moment: float) -> float:
        """Seconds from *moment* to the first answer to a question asked after it."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            later = [answered for asked, answered in self.answered if asked > moment]
            if later:
                return later[0] - moment
            time.sleep(0.01)
        return PATIENCE

    @property
    def longest_gap(self) -> float:
        """Seconds between two answers."""
        return max(later - at for (_, at), (_, later) in pairwise(self.answered))

    def work(self, stop: threading.Event) -> None:
        while not stop.is_set():
            asked = time.monotonic()
            try:
                self.ask()
                self.answered.append((asked, time.monotonic()))
            except psycopg.Error:
                self.errors += 1
            time.sleep(0.005)


def main() -> int:
    logging.disable(logging.WARNING)
    results = [promotion(), comes_back(), stale(), lost_network()]
    return 0 if all(results) else 1


@contextmanager
def pools(cluster: LocalCluster) -> Iterator[tuple[DatabaseManager, Pool]]:
    """Ours, and psycopg_pool as its documentation recommends it, on all nodes."""
    environment = DatabaseEnvironment.from_environ(cluster.environ(DB_READER_HOST=None))
    parameters = {"target_session_attrs": "read-write", "connect_timeout": 3}
    check = ConnectionPool.check_connection
    with (
        ConnectionPool(cluster.postgres.url(), kwargs=parameters, min_size=2, max_size=IDLE, check=check, open=True) as pool,
        DatabaseManager(environment, max_size=IDLE) as ours,
    ):
        pool.wait()
        ours.open(wait=10)
        yield ours, pool


def asking(ours: DatabaseManager, pool: Pool) -> tuple[Ask, Ask]:
    def ask_ours() -> None:
        with ours.writer() as connection:
            connection.execute("INSERT INTO asked VALUES (1)")

    def ask_pool() -> None:
        with pool.connection() as connection:
            connection.execute("INSERT INTO asked VALUES (1)")

    return ask_ours, ask_pool


@contextmanager
def clients(ours: DatabaseManager, pool: Pool) -> Iterator[tuple[Client, Client]]:
    """One client on each, at work."""
    stop = threading.Event()
    mine, other = (Client(ask) for ask in asking(ours, pool))
    threads = [threading.Thread(target=client.work, args=(stop,), daemon=True) for client in (mine, other)]
    for thread in threads:
        thread.start()
    time.sleep(1)
    try:
        yield mine, other
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE)


@contextmanager
def prepared(nodes: int) -> Iterator[LocalCluster]:
    with running_cluster(nodes=nodes) as cluster:
        cluster.execute("CREATE TABLE asked (n int)")
        cluster.execute("GRANT ALL ON asked TO shop_app")
        yield cluster


def promotion() -> bool:
    with prepared(2) as cluster, pools(cluster) as (ours, pool), clients(ours, pool) as (mine, other):
        node.promote(cluster.servers[1].spec)
        promoted = time.monotonic()
        for client in (mine, other):
            client.first_after(promoted)
        name = f"writes over a promotion ({mine.errors} and {other.errors} errors)"
        return report(name, mine.longest_gap, other.longest_gap, PROMOTION_BAR)


def comes_back() -> bool:
    with prepared(1) as cluster, pools(cluster) as (ours, pool), clients(ours, pool) as (mine, other):
        cluster.kill()
        time.sleep(AWAY)
        cluster.start()
        back = time.monotonic()
        return report(f"answers after {AWAY} s without a server", mine.first_after(back), other.first_after(back), RETURN_BAR)


def stale() -> bool:
    with prepared(1) as cluster, pools(cluster) as (ours, pool):
        for block in (ours.writer, pool.connection):
            with ExitStack() as stack:
                for _ in range(IDLE):
                    stack.enter_context(block()).execute("SELECT 1")
        cluster.kill()
        cluster.start()
        took, errors = [], []
        for ask in asking(ours, pool):
            started = time.monotonic()
            try:
                ask()
                errors.append(0)
            except psycopg.Error:
                errors.append(1)
            took.append(time.monotonic() - started)
        name = f"one call over {IDLE} stale connections ({errors[0]} and {errors[1]} errors)"
        return report(name, took[0], took[1], STALE_BAR) and not errors[0]


def lost_network() -> bool:
    with prepared(1) as cluster, far_network(("127.0.0.1", cluster.postgres.port)) as network:
        port = str(network.port)
        environ = cluster.environ(
            DB_HOST=SERVER, DB_PORT=port, DB_READER_HOST=None, DB_SSL_MODE="verify-ca", PYTHONPATH=str(ROOT)
        )
        command = [*network.prefix, sys.executable, "-m", "tests.runtime.far_client", str(PATIENCE / 3)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        runs = [[*command, kind] for kind in ("ours", "libpq")]
        running = [
            subprocess.Popen(run, cwd=ROOT, env=environ | {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}, **pipes) for run in runs
        ]
        for client in running:
            assert client.stdout is not None
            client.stdout.readline()
        network.cut()
        ended = [json.loads(client.communicate("cut\n")[0]) for client in running]
    results = []
    for name in ("waiting", "sending"):
        seconds, theirs = (of.get(name, (PATIENCE / 3,))[0] for of in ended)
        results.append(report(f"a lost network, {name}", seconds, theirs, NETWORK_BAR))
    return all(results)


def report(name: str, ours: float, theirs: float, bar: float) -> bool:
    print(f"  {name}: {ours:.2f} s, without us {theirs:.2f} s, ratio {ours / theirs:.3f} (bar {bar} s)", flush=True)
    return ours <= bar


if __name__ == "__main__":
    sys.exit(main())
