"""A database whose owner may restore it, with rows, rights and settings, and one good backup of it."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
from psycopg import sql
from typer.testing import CliRunner

from operations import roles
from operations.backup.create import create_backup
from operations.backup.manifest import BackupSet
from operations.backup.pg_client import find_client
from operations.backup.store import BackupStore
from operations.backup.stores import store_of
from operations.migrate.runner import migrate
from operations.restore import logical
from operations.restore.server import server_of

ROWS = 5000
TABLES = f"""
    CREATE SCHEMA extra;
    CREATE TABLE t (n int PRIMARY KEY, v text);
    INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, {ROWS}) AS g;
    CREATE TABLE extra.u (n int REFERENCES t, d date) PARTITION BY RANGE (d);
    CREATE TABLE extra.u_2026 PARTITION OF extra.u FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
    INSERT INTO extra.u SELECT g, '2026-05-01' FROM generate_series(1, 10) AS g;
    CREATE VIEW w AS SELECT count(*) AS many FROM t;
"""


@pytest.fixture
def filled(database: Any, folder: Callable[..., Path]) -> Iterator[Any]:
    """As the application's role is given it; afterwards no database of a restore is left."""
    app = f"{database.name}_app"
    with psycopg.connect(database.superuser, autocommit=True) as root:
        roles.ensure_restore_rights(root, role=f"{database.name}_admin", maintenance="postgres")
        names = {"db": sql.Identifier(database.name), "app": sql.Identifier(app)}
        for statement in (
            "REVOKE ALL ON DATABASE {db} FROM public",
            "GRANT CONNECT ON DATABASE {db} TO {app}",
            "ALTER DATABASE {db} SET search_path TO public, extra",
            "ALTER DATABASE {db} SET statement_timeout TO '59s'",
            "COMMENT ON DATABASE {db} IS 'the shop'",
        ):
            root.execute(sql.SQL(statement).format(**names))
    migrate(database.owner, folder(**{"007_t": TABLES}))
    database.rows("ANALYZE")
    yield database
    with psycopg.connect(database.superuser, dbname="postgres", autocommit=True) as root:
        for name in beside(database):
            root.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


@pytest.fixture
def store(tmp_path: Path) -> BackupStore:
    return store_of({}, str(tmp_path / "backups"))


@pytest.fixture
def backup(filled: Any, store: BackupStore) -> BackupSet:
    return create_backup(filled.owner, store).backup


@pytest.fixture
def stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a shell script in the place of pg_restore when it loads; in it, $REAL is the true one."""

    def put(script: str) -> None:
        folder = tmp_path / "bin"
        folder.mkdir()
        client = find_client(170000)
        (folder / "pg_dump").symlink_to(client.pg_dump)
        real = f"REAL={shlex.quote(str(client.pg_restore))}"
        lines = ["#!/bin/sh", real, 'case "$*" in *-L*) ;; *) exec "$REAL" "$@";; esac', script]
        (folder / "pg_restore").write_text("\n".join(lines))
        (folder / "pg_restore").chmod(0o755)
        monkeypatch.setenv("PG_BINDIR", str(folder))

    return put


def beside(database: Any) -> list[str]:
    """Databases that were made beside *database*."""
    query = f"SELECT datname FROM pg_database WHERE datname ~ '^{database.name}_(restored|before|drill)' ORDER BY 1"
    with psycopg.connect(database.superuser, dbname="postgres", autocommit=True) as root:
        return [name for (name,) in root.execute(query.encode()).fetchall()]


def restore(database: Any, store: BackupStore, backup: BackupSet) -> tuple[logical.Restored, list[str]]:
    """In this process, as the owner; and what was said."""
    said: list[str] = []
    with server_of(database.owner) as server:
        return logical.restore(server, store, backup, said.append), said


def command(app: typer.Typer, *words: str, **environ: str) -> tuple[int, str, str]:
    """A command in this process, with no terminal: exit code, standard output, standard error."""
    handler = signal.getsignal(signal.SIGTERM)
    try:
        done = CliRunner().invoke(app, words, env=environ)
    finally:
        signal.signal(signal.SIGTERM, handler)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def place(store: BackupStore) -> str:
    return store.where.removeprefix("file://")
