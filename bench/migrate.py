"""What a migration run with nothing to do costs over a bare connection: ``python -m bench.migrate``.

Both sides on one server in one run, turn and turn about; each figure is a median. In process: it connects once, takes the lock
and reads the records. As the command that a deployment runs, next to a Python process that only connects.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from operations.migrate.runner import migrate
from tests.operations.condition.owner import owner
from tests.support import running_postgres

BAR = 2.0
COMMAND_BAR = 1.8
"""250 ms where a process that only connects takes 137 ms, as it did where the bar was set."""
ROUNDS = 30
COMMAND_ROUNDS = 11
CONNECT = "import os, psycopg; psycopg.connect(os.environ['CONNINFO']).close()"
MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


def milliseconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return (time.perf_counter() - started) * 1000


def main() -> int:
    with running_postgres() as postgres:
        conninfo = postgres.url(admin=True)
        migrate(conninfo, MIGRATIONS)
        environment = {**os.environ, **owner(postgres), "CONNINFO": conninfo}

        def process(*words: str) -> None:
            subprocess.run([sys.executable, *words], env=environment, cwd=MIGRATIONS.parent, check=True, capture_output=True)

        over = compare("connect", lambda: psycopg.connect(conninfo).close(), lambda: migrate(conninfo, MIGRATIONS), ROUNDS, BAR)
        over |= compare(
            "a process that connects",
            lambda: process("-c", CONNECT),
            lambda: process("-m", "operations", "migrate", "up"),
            COMMAND_ROUNDS,
            COMMAND_BAR,
        )
    return int(over)


def compare(name: str, bare: Callable[[], object], ours: Callable[[], object], rounds: int, bar: float) -> bool:
    """Whether the ratio of the medians, printed, is over *bar*."""
    pairs = [(milliseconds(bare), milliseconds(ours)) for _ in range(rounds)]
    one, other = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio: float = other / one
    print(f"migrate with nothing to do: {name} {one:.1f} ms, ours {other:.1f} ms, ratio {ratio:.2f} (bar {bar})")
    return ratio > bar


if __name__ == "__main__":
    sys.exit(main())
