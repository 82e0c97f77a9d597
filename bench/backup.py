"""What a verified backup costs over a bare pg_dump with the same flags, and its memory: ``python -m bench.backup``.

Both sides dump one database of one server in one run, turn and turn about, each into a file; the figure is the ratio of the
best times, for both keep two cores busy and whatever else the machine does only adds to them. Ours also computes a SHA-256,
restores the dump in full (``pg_restore -f /dev/null``) while it is written, writes a manifest and syncs. Memory is the peak of
the process that makes the backup: into a folder for a database and one sixteen times larger, into a bucket (moto's S3, the
emulator of Cloud Storage) for one and one twice as large, for the parts under way are full only from some 60 MB of dump on.
Ends with 1 where a figure is over its bar.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import boto3  # type: ignore[import-untyped]
import psycopg
import pytest
from google.cloud import storage
from moto.server import ThreadedMotoServer

from operations.backup.create import create_backup
from operations.backup.dump import dump_command
from operations.backup.pg_client import Client, client_environment, find_client
from operations.backup.stores import store_of
from tests.operations.storage_emulator import running_storage
from tests.support import LocalPostgres, running_postgres

BAR = 1.10
MEMORY_BAR = 1.10
ROUNDS = 5
ROWS = 3_200_000
"""About 600 MB of table, 150 MB of dump."""
SMALL, HALF = ROWS // 16, ROWS // 2
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
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder, buckets() as environment:
        conninfo = postgres.url(admin=True)

        def peak(to: str) -> int:
            return peak_of(conninfo, to, environment)

        fill(conninfo, SMALL)
        small = {"folder, 16 times the database": peak(f"{folder}/small")}
        fill(conninfo, HALF - SMALL)
        small |= {f"{scheme}, twice the database": peak(f"{scheme}://backups/half") for scheme in ("s3", "gs")}
        fill(conninfo, ROWS - HALF)
        places = (f"{folder}/large", "s3://backups/whole", "gs://backups/whole")
        growth = [grown(what, before, peak(place)) for (what, before), place in zip(small.items(), places, strict=True)]
        slower = compare(postgres, Path(folder))
    return 1 if slower > BAR or max(growth) > MEMORY_BAR else 0


def grown(what: str, small: int, large: int) -> float:
    """The ratio of two peaks in KiB, printed."""
    print(f"memory, {what}: {small / 1024:.0f} MiB, {large / 1024:.0f} MiB, ratio {large / small:.2f} (bar {MEMORY_BAR})")
    return large / small


@contextmanager
def buckets() -> Iterator[dict[str, str]]:
    """The environment in which there are two buckets, both called backups."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # a line for each request
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    account = {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    with running_storage() as (address, _), pytest.MonkeyPatch.context() as patch:
        for name, value in {**account, "AWS_DEFAULT_REGION": "us-east-1", "STORAGE_EMULATOR_HOST": address}.items():
            patch.setenv(name, value)
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket="backups")
        encrypt = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
        s3.put_bucket_encryption(Bucket="backups", ServerSideEncryptionConfiguration={"Rules": [encrypt]})
        storage.Client().create_bucket("backups").client.close()
        yield dict(os.environ)
    server.stop()


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


def peak_of(conninfo: str, to: str, environment: Mapping[str, str]) -> int:
    """KiB of memory that one backup took at most, in a process of its own; pg_dump and pg_restore are others."""
    command = [sys.executable, "-c", MEASURED, to]
    return int(subprocess.run(command, input=conninfo, env=environment, stdout=subprocess.PIPE, text=True, check=True).stdout)


def seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    sys.exit(main())
