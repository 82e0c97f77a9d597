"""How the tests run ``data``, and count what arrived."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from click.testing import Result
from typer.testing import CliRunner

from operations.data_move import cli

SCHEMA = """
    CREATE TABLE users (
        id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, email varchar(60) UNIQUE NOT NULL, boss integer REFERENCES users,
        active boolean NOT NULL DEFAULT true, created timestamptz NOT NULL, born date, wage numeric(8,2), score real,
        token uuid, settings jsonb, photo bytea, seen timestamp, note text
    );
    CREATE TABLE posts (id bigserial PRIMARY KEY, user_id integer NOT NULL REFERENCES users, title text NOT NULL);
    CREATE TABLE empty_one (id int);
    CREATE TABLE schema_migrations (version int);
    INSERT INTO schema_migrations VALUES (1);
"""


def change(path: Path, script: str) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.executescript(script)


def run(*words: str) -> Result:
    done = CliRunner().invoke(cli.app, words)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done


def counts(database: Any) -> tuple[int, int]:
    return database.one("SELECT count(*) FROM users"), database.one("SELECT count(*) FROM posts")
