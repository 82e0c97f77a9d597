"""What a rotation costs an application under load: ``python -m bench.rotation``.

Three threads work through ``DatabaseManager`` while the application's login is rotated again and again (``operations rotate``,
secrets in files) and every connection is made anew after each. Bar: no request fails, and the slowest of a round with a rotation
takes at most 20 times what it takes in one without, where connections are made anew just the same. Else it ends with 1.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Callable

from operations.rotation.run import rotate
from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from tests.runtime.cluster import LocalCluster, running_cluster

ROUNDS = 8
"""Rotations, and as many rounds without."""
CLIENTS = 3
SECONDS = 1.0
"""A round: long enough for every client to use a new connection."""
BAR = 20.0
"""A new login is looked for at most once a second, a refused connection is tried again after half of one."""


def main() -> int:
    errors: list[Exception] = []
    without: list[float] = []
    rotated: list[float] = []
    requests = 0
    with running_cluster() as cluster, _manager(cluster) as db:
        db.open(wait=30)
        for _ in range(ROUNDS):
            for slowest, change in ((without, _nothing), (rotated, lambda: _rotate(cluster))):
                times = _round(db, change, errors)
                requests += len(times)
                slowest.append(max(times))
    usual, worst = statistics.median(without), statistics.median(rotated)
    print(
        f"rotation: {requests} requests, {len(errors)} errors (bar 0); slowest of a round {usual * 1e3:.1f} ms, "
        f"with a rotation {worst * 1e3:.1f} ms, ratio {worst / usual:.2f} (bar {BAR:g})"
    )
    for error in errors[:3]:
        print(f"  {error}")
    return 0 if not errors and worst / usual <= BAR else 1


def _manager(cluster: LocalCluster) -> DatabaseManager:
    return DatabaseManager(DatabaseEnvironment.from_environ(cluster.environ(DB_READER_HOST=None)), max_size=6)


def _round(db: DatabaseManager, change: Callable[[], None], errors: list[Exception]) -> list[float]:
    """Seconds of each request while *change* happens and all connections are made anew."""
    stop, times = threading.Event(), list[float]()

    def work() -> None:
        while not stop.is_set():
            began = time.perf_counter()
            try:
                with db.writer() as connection:
                    connection.execute("SELECT 1")
                times.append(time.perf_counter() - began)
            except Exception as error:
                errors.append(error)
            time.sleep(0.002)

    threads = [threading.Thread(target=work) for _ in range(CLIENTS)]
    for thread in threads:
        thread.start()
    change()
    db._writer.clear()
    time.sleep(SECONDS)
    stop.set()
    for thread in threads:
        thread.join()
    return times


def _nothing() -> None:
    """The round that the other is compared with."""


def _rotate(cluster: LocalCluster) -> None:
    environ = {
        **cluster.environ(DB_USER=None, DB_PASSWORD=None),
        "DB_SECRET_ID": cluster.postgres.admin_secret.as_uri(),
        "DB_APPLICATION_SECRET_ID": cluster.secret.as_uri(),
    }
    rotate(environ, ("application",), older_than=None, log=lambda _: None)


if __name__ == "__main__":
    sys.exit(main())
