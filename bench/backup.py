"""What a verified backup costs over a bare pg_dump with the same flags, and its memory: ``python -m bench.backup``.

Both sides dump one database of one server in one run, turn and turn about, each into a file; the figure is the ratio of the
best times, for both keep two cores busy and whatever else the machine does only adds to them. Ours also computes a SHA-256,
restores the dump in full (``pg_restore -f /dev/null``) while it is written, writes a manifest and syncs. Memory is the peak of
the process that makes the backup, for a small and a sixteen times larger database. Ends with 1 where a figure is over its bar.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

from operations.backup.create import create_backup
from operations.backup.dump import dump_command
from operations.backup.pg_client import Client, client_environment, find_client
from operations.backup.stores import store_of
from tests.support import LocalPostgres, running_postgres

BAR = 1.10
MEMORY_BAR = 1.10
ROUNDS = 5
ROWS = 3_200_000
"""About 600 MB of table, 150 MB of dump."""
SMALL = ROWS // 16
FILL = """
    CREATE TABLE IF NOT EXISTS t (n bigint, at timestamptz, v text, w text);
    INSERT INTO t SELECT g, now() - g * interval '1 second', md5(g::text) || md5((-g)::text), repeat('word ' || g % 97, 8)
    FROM generate_series(1, %s) AS g
"""
MEASURED = """
import re, sys
from pathlib import Path
from operations.backup.create import create_backup
from operations.backup.stores import store_of
create_backup(sys.stdin.read(), store_of({}, sys.argv[1]))
print(re.search("VmHWM: *\\t *([0-9]+)", Path("/proc/self/status").read_text())[1])
"""
"""Not ru_maxrss, which holds the peak of the process that started this one."""


def main() -> int:
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        conninfo = postgres.url(admin=True)
        fill(conninfo, SMALL)
        small = peak(conninfo, Path(folder) / "small")
        fill(conninfo, ROWS - SMALL)
        large = peak(conninfo, Path(folder) / "large")
        slower = compare(postgres, Path(folder))
    growth = large / small
    print(f"memory: {small / 1024:.0f} MiB, 16 times the database {large / 1024:.0f} MiB, ratio {growth:.2f} (bar {MEMORY_BAR})")
    return 1 if slower > BAR or growth > MEMORY_BAR else 0


def fill(conninfo: str, rows: int) -> None:
    with psycopg.connect(conninfo) as session:
        session.execute(FILL.replace("%s", str(rows)).encode())


def compare(postgres: LocalPostgres, folder: Path) -> float:
    """The ratio of the best times, printed."""
    conninfo = postgres.url(admin=True)
    with psycopg.connect(conninfo) as session:
        client = find_client(session.info.server_version)
    store = store_of({}, str(folder / "ours"))
    bare: list[float] = []
    ours: list[float] = []
    for turn in range(ROUNDS + 1):
        pair = (seconds(lambda: raw(client, conninfo, folder / "raw")), seconds(lambda: create_backup(conninfo, store)))
        if turn:  # the first one only warms up
            bare.append(pair[0])
            ours.append(pair[1])
        for old in store.sets():
            store.remove(old)
    plain, whole = min(bare), min(ours)
    print(f"dump: pg_dump {plain:.2f} s, verified backup {whole:.2f} s, ratio {whole / plain:.3f} (bar {BAR})")
    return whole / plain


def raw(client: Client, conninfo: str, target: Path) -> None:
    with target.open("wb") as file:
        subprocess.run(dump_command(client), env=client_environment(conninfo), stdout=file, check=True)
        os.fsync(file.fileno())


def peak(conninfo: str, folder: Path) -> int:
    """KiB of memory that one backup took at most, in a process of its own; pg_dump and pg_restore are others."""
    command = [sys.executable, "-c", MEASURED, str(folder)]
    return int(subprocess.run(command, input=conninfo, stdout=subprocess.PIPE, text=True, check=True).stdout)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
