"""What a migration run with nothing to do costs, against a bare connection to the same server, in one run.

    python bench/migrate.py        (the database of the DB_* environment; it is brought up to date first)

Both are timed in process, alternating; the bar is the whole no-op at 250 ms, most of which are imports in a real job.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from operations.connection import conninfo_of
from operations.migrate import migrate

ROUNDS = 30
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> None:
    conninfo = conninfo_of()
    migrate(conninfo, MIGRATIONS)
    bare: list[float] = []
    ours: list[float] = []
    for _ in range(ROUNDS):
        bare.append(milliseconds(lambda: psycopg.connect(conninfo).close()))
        ours.append(milliseconds(lambda: migrate(conninfo, MIGRATIONS)))
    connect, noop = statistics.median(bare), statistics.median(ours)
    print(json.dumps({"connect_ms": round(connect, 2), "noop_ms": round(noop, 2), "ratio": round(noop / connect, 2)}))


if __name__ == "__main__":
    main()
