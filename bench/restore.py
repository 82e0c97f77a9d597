"""What our restore costs next to psql with the same data as plain SQL: ``python -m bench.restore``.

Both on one server in one run, turn and turn about, each into a new database that ends with statistics. Ours is the whole
command's work: also the copy of the dump and its checksum, the counts of all rows, rights and the swap. psql's checks nothing.
The server has the memory of the laptop's smallest size. What is gained lies in tables and indexes that are filled side by side:
the bar is for an application's ordinary schema; where one table is most of it, ours must not be slower.
Ends with 1 where a ratio of the medians is over its bar.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg.conninfo import make_conninfo

from components.local.postgres import PARAMETERS
from operations.backup.create import create_backup
from operations.backup.pg_client import client_environment, find_client
from operations.backup.stores import store_of
from operations.restore import logical
from operations.restore.server import server_of
from tests.support import LocalPostgres, running_postgres

ROUNDS = 3
TWO = """
    create table orders (id bigint primary key, customer bigint, reference text, note text, at timestamptz);
    insert into orders select g, g % 5000, md5(g::text), md5((g * 7)::text) || md5((-g)::text), now() - g * interval '1 second'
    from generate_series(1, 1500000) as g;
    create table items (id bigint primary key, order_id bigint, sku text);
    insert into items select g, g % 1500000 + 1, md5((g * 3)::text) from generate_series(1, 1500000) as g;
    create index on orders (customer, at);
    create index on orders (reference);
    create index on items (order_id);
    alter table items add foreign key (order_id) references orders;
    analyze;
"""
"""One table that is most of it, and another that refers to it: little can be done side by side."""
SHOP = """
    create table customers (id bigint primary key, email text, name text, at timestamptz);
    insert into customers select g, md5(g::text) || '@example.com', md5((g * 5)::text), now() - g * interval '1 minute'
    from generate_series(1, 200000) as g;
    create table products (id bigint primary key, sku text, description text, price numeric(10, 2));
    insert into products select g, md5((g * 3)::text), repeat(md5(g::text), 4), g % 1000 + 0.99
    from generate_series(1, 50000) as g;
    create table orders (id bigint primary key, customer_id bigint, reference text, at timestamptz);
    insert into orders select g, g % 200000 + 1, md5(g::text), now() - g * interval '1 second'
    from generate_series(1, 750000) as g;
    create table items (id bigint primary key, order_id bigint, product_id bigint, quantity int);
    insert into items select g, g % 750000 + 1, g % 50000 + 1, g % 7 + 1 from generate_series(1, 1000000) as g;
    create table payments (id bigint primary key, order_id bigint, token text, amount numeric(10, 2));
    insert into payments select g, g % 750000 + 1, md5((-g)::text), g % 1000 + 0.5 from generate_series(1, 500000) as g;
    create table events (id bigint primary key, kind text, body jsonb, at timestamptz);
    insert into events select g, 'kind-' || g % 20, jsonb_build_object('customer', g % 200000, 'trace', md5(g::text)),
    now() - g * interval '1 second' from generate_series(1, 500000) as g;
    create unique index on customers (email);
    create unique index on products (sku);
    create index on orders (customer_id, at);
    create index on orders (reference);
    create index on items (order_id);
    create index on items (product_id);
    create index on payments (order_id);
    create index on events (kind, at);
    alter table orders add foreign key (customer_id) references customers;
    alter table items add foreign key (order_id) references orders;
    alter table items add foreign key (product_id) references products;
    alter table payments add foreign key (order_id) references orders;
    analyze;
"""
"""3,000,000 rows in six tables, as an application has them."""


@dataclass(frozen=True)
class Case:
    """What is restored, and the largest ratio."""

    what: str
    fill: LiteralString
    bar: float


CASES = (Case("six tables", SHOP, 0.85), Case("two tables", TWO, 1.0))


def main() -> int:
    return max(map(run, CASES))


def run(case: Case) -> int:
    """1 where *case* is over its bar."""
    plain: list[float] = []
    ours: list[float] = []
    with running_postgres(parameters=PARAMETERS["small"]) as postgres, tempfile.TemporaryDirectory() as folder:
        owner = postgres.url(admin=True)
        with psycopg.connect(postgres.superuser("shop"), autocommit=True) as root:
            root.execute("drop extension pg_stat_statements")  # psql, as the owner, could not make it
        with psycopg.connect(owner, autocommit=True) as session:
            session.execute(case.fill)
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
    ratio = other / one
    print(f"restore of 3,000,000 rows in {case.what}: psql {one:.2f} s, ours {other:.2f} s, ratio {ratio:.2f} (bar {case.bar})")
    return 1 if ratio > case.bar else 0


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
