"""A database with tables and no rows, and a file to fill it from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.operations.conftest import made_database
from tests.operations.data_move.moves import SCHEMA, change
from tests.support import LocalPostgres

FILE = """
    CREATE TABLE users (
        id INTEGER PRIMARY KEY, email TEXT, boss INTEGER, active INTEGER, created TEXT, born TEXT, wage NUMERIC, score REAL,
        token TEXT, settings TEXT, photo BLOB, seen INTEGER, note TEXT
    );
    CREATE TABLE posts (id INTEGER PRIMARY KEY, user_id INTEGER, title TEXT);
    CREATE TABLE __drizzle_migrations (id INTEGER);
    INSERT INTO __drizzle_migrations VALUES (1);
    INSERT INTO users VALUES (7, 'a@x', 9, 1, '2026-01-02 03:04:05.678', '1990-05-06', 1234.5, 0.1,
        '6ba7b8109dad11d180b400c04fd430c8', '{"b": 1.0, "a": [1e2, "ü"]}', x'00ff', 1767322800, 'tab	and\nline');
    INSERT INTO users VALUES (9, 'b@x', NULL, 0, '2026-01-02T03:04:05+09:00', NULL, NULL, NULL, NULL, NULL, NULL,
        1767322800123, '');
    INSERT INTO posts VALUES (3, 9, '題名'), (4, 7, 'second');
"""


@pytest.fixture(scope="module")
def _target(local_postgres: LocalPostgres) -> Iterator[Any]:
    with made_database(local_postgres) as database:
        yield database


@pytest.fixture
def target(_target: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A database with tables and no rows, that the environment contract names."""
    _target.rows("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    _target.rows(SCHEMA)
    for name, value in _target.environ().items():
        monkeypatch.setenv(name, value)
    return _target


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "dev.db"
    change(path, FILE)
    return path
