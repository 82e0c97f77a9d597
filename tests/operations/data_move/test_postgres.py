"""``data move`` from another PostgreSQL: rows that policies hide, sequences that no column owns."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.operations.conftest import made_database
from tests.operations.data_move.moves import SCHEMA, counts, run
from tests.support import LocalPostgres


@dataclass(frozen=True)
class Old:
    """A database to move from."""

    database: Any
    monkeypatch: pytest.MonkeyPatch

    def move(self, conninfo: str, *options: str) -> Any:
        given = conninfo_to_dict(conninfo)
        self.monkeypatch.setenv("PGPASSWORD", str(given["password"]))
        self.monkeypatch.setenv("PGSSLROOTCERT", str(given["sslrootcert"]))  # as the runbook's job gets it
        where = f"{str(given['host']).partition(',')[0]}:{given['port']}/{self.database.name}"
        return run("move", "--from", f"postgresql://{given['user']}@{where}", *options)


@pytest.fixture
def old(target: Any, local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Old]:
    with made_database(local_postgres) as database:
        database.rows(SCHEMA)
        database.rows("INSERT INTO users (email, created) SELECT g || '@x', now() FROM generate_series(1, 4) g")
        yield Old(database, monkeypatch)


def test_rows_that_policies_hide_are_no_reason_to_leave_them(target: Any, old: Old) -> None:
    old.database.rows("ALTER TABLE users ENABLE ROW LEVEL SECURITY; CREATE POLICY half ON users USING (id % 2 = 0)")
    assert len(old.database.rows("SELECT id FROM users", conninfo=old.database.app)) == 2, "the reader sees a half"
    for options in (["--dry-run"], []):
        failed = old.move(old.database.app, *options)
        assert failed.exit_code == 1, failed.output
        assert 'row-level security policy for table "users". Read it as a user with SELECT on all tables' in failed.stderr
        assert "BYPASSRLS" in failed.stderr
    assert counts(target) == (0, 0)
    assert old.move(old.database.owner).exit_code == 0, "policies do not apply to the owner"
    assert counts(target) == (4, 0)


def test_sequences_that_no_column_owns(target: Any, old: Old) -> None:
    """Of a default, of the application alone, falling, not used yet, and one that is further in the new database."""
    sequences = (
        "CREATE SEQUENCE by_default; CREATE TABLE orders (id bigint PRIMARY KEY DEFAULT nextval('by_default'));"
        'CREATE SEQUENCE "by Hibernate" INCREMENT 50; CREATE SEQUENCE falling INCREMENT -1; CREATE SEQUENCE unused;'
        "CREATE SEQUENCE further; CREATE SEQUENCE further_down INCREMENT -1;"
    )
    target.rows(sequences + "SELECT setval('further', 900), setval('further_down', -900)")
    old.database.rows(
        sequences + "CREATE SEQUENCE only_here; INSERT INTO orders SELECT FROM generate_series(1, 7);"
        "SELECT setval('\"by Hibernate\"', 451), setval('falling', -30), setval('unused', 1000, false),"
        " setval('further', 20), setval('further_down', -20), setval('users_id_seq', 60)"
    )
    names = "by_default", '"by Hibernate"', "falling", "unused", "further", "further_down"
    assert old.move(old.database.owner, "--dry-run").exit_code == 0
    assert target.one("SELECT nextval('unused')") == 1, "a dry run sets none"
    done = old.move(old.database.owner)
    assert done.exit_code == 0, done.output
    assert [target.one(f"SELECT nextval('{name}')") for name in names] == [8, 501, -31, 1000, 901, -901]
    assert target.one("INSERT INTO users (email, created) VALUES ('new', now()) RETURNING id") == 61, "keys of deleted rows too"
    target.rows("INSERT INTO orders DEFAULT VALUES")


def test_a_sequence_that_may_not_be_read(target: Any, old: Old) -> None:
    for database in (target, old.database):
        database.rows("CREATE SEQUENCE hidden")
    app = conninfo_to_dict(old.database.app)["user"]
    old.database.rows(f"REVOKE ALL ON SEQUENCE hidden, users_id_seq FROM {app}")
    failed = old.move(old.database.app, "--dry-run")
    assert failed.exit_code == 1, failed.output
    assert "may not read the sequences public.hidden, and" in failed.stderr
    assert "GRANT SELECT ON ALL SEQUENCES" in failed.stderr
    old.database.rows("DROP SEQUENCE hidden")
    assert old.move(old.database.app).exit_code == 0, "of an own sequence the rows tell enough"
    assert target.one("INSERT INTO users (email, created) VALUES ('new', now()) RETURNING id") == 5


def test_a_right_that_is_missing_in_the_new_database_is_not_asked_of_the_old_one(target: Any, old: Old) -> None:
    target.rows("REVOKE SELECT ON users FROM current_user")
    failed = old.move(old.database.owner, "--dry-run")
    assert failed.exit_code == 1, failed.output
    assert f"{target.name}: permission denied for table users. Nothing was moved." in failed.stderr
    assert "BYPASSRLS" not in failed.stderr
