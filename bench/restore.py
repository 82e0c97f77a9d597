"""What our restore costs next to psql with the same data as plain SQL: ``python -m bench.restore``.

Both on one server in one run, turn and turn about, each into a new database that ends with statistics. Ours is the whole
command's work: also the copy of the dump and its checksum, the counts of all rows, rights and the swap. psql's checks nothing.
Ends with 1 where the ratio of the medians is over its bar.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from operations.backup.create import create_backup
from operations.backup.pg_client import client_environment, find_client
from operations.backup.stores import store_of
from operations.restore import logical
from operations.restore.server import server_of
from tests.support import LocalPostgres, running_postgres

BAR = 0.85
ROUNDS = 3
ROWS = 1_500_000
FILL = f"""
    create table orders (id bigint primary key, customer bigint, reference text, note text, at timestamptz);
    insert into orders select g, g % 5000, md5(g::text), md5((g * 7)::text) || md5((-g)::text), now() - g * interval '1 second'
    from generate_series(1, {ROWS}) as g;
    create table items (id bigint primary key, order_id bigint, sku text);
    insert into items select g, g % {ROWS} + 1, md5((g * 3)::text) from generate_series(1, {ROWS}) as g;
    create index on orders (customer, at);
    create index on orders (reference);
    create index on items (order_id);
    alter table items add foreign key (order_id) references orders;
    analyze;
"""


def main() -> int:
    plain: list[float] = []
    ours: list[float] = []
    with running_postgres() as postgres, tempfile.TemporaryDirectory() as folder:
        owner = postgres.url(admin=True)
        with psycopg.connect(postgres.superuser("shop"), autocommit=True) as root:
            root.execute("drop extension pg_stat_statements")  # psql, as the owner, could not make it
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute(FILL)
            version = session.info.server_version
        store = store_of({}, str(Path(folder) / "backups"))
        backup = create_backup(owner, store).backup
        client, text = find_client(version), Path(folder) / "plain.sql"
        subprocess.run([client.pg_dump, "-f", text], env=client_environment(owner), check=True)
        for _ in range(ROUNDS):
            plain.append(psql(postgres, client.bindir / "psql", text))
            postgres_rests(postgres)
            began = time.monotonic()
            with server_of(owner) as server:
                logical.restore(server, store, backup, lambda _: None)
                ours.append(time.monotonic() - began)
                for left in server.beside("before"):
                    server.drop(left.name)
    one, other = statistics.median(plain), statistics.median(ours)
    print(f"restore of {ROWS * 2:,} rows: psql {one:.2f} s, ours {other:.2f} s, ratio {other / one:.2f} (bar {BAR})")
    return 1 if other / one > BAR else 0


def psql(postgres: LocalPostgres, program: Path, text: Path) -> float:
    """Seconds of psql into a new database, made for it."""
    owner = postgres.url(admin=True)
    with psycopg.connect(make_conninfo(owner, dbname="postgres"), autocommit=True) as session:
        postgres_rests(postgres)
        began = time.monotonic()
        session.execute("create database plain template template0")
        environment = client_environment(make_conninfo(owner, dbname="plain"))
        subprocess.run(
            [program, "-q", "-X", "-v", "ON_ERROR_STOP=1", "-f", text, "-c", "set client_min_messages = error", "-c", "analyze"],
            env=environment,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        seconds = time.monotonic() - began
        session.execute("drop database plain with (force)")
    return seconds


def postgres_rests(postgres: LocalPostgres) -> None:
    """What the last one wrote is on the disk, and neither side pays for the other."""
    with psycopg.connect(postgres.superuser(), autocommit=True) as root:
        root.execute("checkpoint")


if __name__ == "__main__":
    sys.exit(main())
