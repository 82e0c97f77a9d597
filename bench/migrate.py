"""What a migration run with nothing to do costs over a bare connection: ``python -m bench.migrate``.

Both sides on one server in one run, turn and turn about, in process; each figure is a median. It connects once, takes the lock
and reads the records.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from operations.migrate.runner import migrate
from tests.support import running_postgres

BAR = 2.0
ROUNDS = 30
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> int:
    bare: list[float] = []
    ours: list[float] = []
    with running_postgres() as postgres:
        conninfo = postgres.url(admin=True)
        migrate(conninfo, MIGRATIONS)
        for _ in range(ROUNDS):
            bare.append(milliseconds(lambda: psycopg.connect(conninfo).close()))
            ours.append(milliseconds(lambda: migrate(conninfo, MIGRATIONS)))
    connect, noop = statistics.median(bare), statistics.median(ours)
    print(f"migrate with nothing to do: connect {connect:.1f} ms, migrate {noop:.1f} ms, ratio {noop / connect:.2f} (bar {BAR})")
    return 1 if noop / connect > BAR else 0


if __name__ == "__main__":
    sys.exit(main())
