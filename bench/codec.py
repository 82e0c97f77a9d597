"""What packing a dump and reading it again cost: ``python -m bench.codec``. Ends with 1 over a bar.

One database of one server is dumped to a file unpacked, packed as backups are, and packed as pg_dump does by itself (gzip), in
turns, best times; then ``pg_restore -f /dev/null`` reads the packed one in full, as every backup is read while it is written.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from bench.backup import ROWS, fill, seconds
from operations.backup.dump import METHODS, dump_command
from operations.backup.pg_client import Client, client_environment, find_client
from tests.support import running_postgres

ROUNDS = 3
TIME_BAR = 1.3
"""Packed as ours to not packed at all."""
SIZE_BAR = 1.0
"""Packed as ours to gzip."""
READ_BAR = 0.4
"""Reading it to dumping it."""
WAYS = {"unpacked": "none", "ours": METHODS[0], "gzip": "gzip"}


def main() -> int:
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        conninfo = postgres.url(admin=True)
        fill(conninfo, ROWS)
        with psycopg.connect(conninfo) as session:
            client = find_client(session.info.server_version)
        files = {way: Path(folder) / way for way in WAYS}
        taken: dict[str, list[float]] = {way: [] for way in (*WAYS, "read")}
        for _ in range(ROUNDS):
            for way, method in WAYS.items():
                taken[way].append(seconds(lambda: _dump(client, conninfo, method, files[way])))  # noqa: B023  # called at once
            taken["read"].append(seconds(lambda: _read(client, files["ours"])))
        best = {way: min(times) for way, times in taken.items()}
        sizes = {way: file.stat().st_size for way, file in files.items()}
    packed = f"packed by {METHODS[0]} ({best['ours']:.2f} s) to not packed ({best['unpacked']:.2f} s)"
    size = f"its size ({sizes['ours'] >> 20} MiB) to gzip's ({sizes['gzip'] >> 20} MiB, {best['gzip']:.2f} s)"
    figures = (
        (packed, best["ours"] / best["unpacked"], TIME_BAR),
        (f"reading it in full ({best['read']:.2f} s) to dumping it", best["read"] / best["ours"], READ_BAR),
        (size, sizes["ours"] / sizes["gzip"], SIZE_BAR),
    )
    for what, figure, bar in figures:
        print(f"  {what}: {figure:.2f} (bar {bar})")
    return int(any(figure > bar for _, figure, bar in figures))


def _dump(client: Client, conninfo: str, method: str, target: Path) -> None:
    with target.open("wb") as file:
        subprocess.run(dump_command(client, method), env=client_environment(conninfo), stdout=file, check=True)


def _read(client: Client, dump: Path) -> None:
    subprocess.run([client.pg_restore, "-f", "/dev/null", dump], check=True)


if __name__ == "__main__":
    sys.exit(main())
