"""Backups of a real database: made, listed, restorable; and what is kept and what goes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from operations.backup.create import create_backup
from operations.backup.manifest import BackupSet, Manifest
from operations.backup.pg_client import client_environment, find_client
from operations.backup.prune import plan
from operations.backup.retention import expired
from operations.backup.store import BackupStore
from operations.backup.stores import store_of
from operations.connection import connect
from operations.errors import OperationError
from operations.migrate.runner import migrate
from operations.restore.check import look

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "backups"


@pytest.fixture
def store(root: Path) -> BackupStore:
    return store_of({}, str(root))


@pytest.fixture
def filled(database: Any, folder: Callable[..., Path]) -> Any:
    rows = "CREATE TABLE t (n int, v text); INSERT INTO t SELECT g, md5(g::text) FROM generate_series(1, 5000) AS g"
    migrate(database.owner, folder(**{"007_t": rows}))
    database.rows("ANALYZE t")
    return database


def verified(store: BackupStore) -> list[BackupSet]:
    return [replace(backup, problem=store.check(backup)) for backup in store.sets()]


def keys(store: BackupStore) -> list[str]:
    return [backup.key for backup in store.sets()]


def test_a_backup_is_published_with_what_is_known_of_it(filled: Any, store: BackupStore, root: Path) -> None:
    report = create_backup(filled.owner, store, now=NOON)
    name = f"{filled.name}_20260331_120000.dump"
    assert (report.backup.key, report.monthly and report.monthly.key) == (f"daily/{name}", f"monthly/{name}")
    assert verified(store) == [report.monthly, report.backup]
    found = report.backup.manifest
    assert (found.database, found.migration_version, found.row_estimates["public.t"]) == (filled.name, 7, 5000)
    assert found.bytes == (root / report.backup.key).stat().st_size
    assert found.toc_entries >= 4
    assert {path.name for path in root.iterdir()} == {".lock", "daily", "monthly"}
    assert {path.stat().st_mode & 0o777 for path in root.rglob("*")} == {0o700, 0o600}
    assert root.stat().st_mode & 0o777 == 0o700


def test_tables_of_extensions_are_not_counted(filled: Any, store: BackupStore) -> None:
    """Where an extension cannot be made again, a restore says so; its tables are not missed."""
    add = "ALTER EXTENSION pg_stat_statements ADD TABLE of_an_extension"
    filled.rows(f"CREATE TABLE of_an_extension (n int); {add}", conninfo=filled.superuser)
    assert "public.of_an_extension" not in create_backup(filled.owner, store).backup.manifest.row_estimates
    with connect(filled.owner, "test") as inside:
        assert sorted(look(inside).tables) == ["public.schema_migrations", "public.t"]


def test_a_backup_can_be_restored(filled: Any, store: BackupStore, root: Path) -> None:
    report = create_backup(filled.owner, store)
    filled.rows("DROP TABLE t, schema_migrations")
    with psycopg.connect(filled.owner) as session:
        client = find_client(session.info.server_version)
    tables = ["--schema", "public", "--table", "t", "--table", "schema_migrations"]
    command: list[str | Path] = [client.pg_restore, "-e", "-d", filled.name, *tables, root / report.backup.key]
    subprocess.run(command, env=client_environment(filled.owner), check=True)
    assert filled.rows("SELECT count(*), count(*) FILTER (WHERE v = md5(n::text)) FROM t") == [(5000, 5000)]
    assert filled.rows("SELECT version FROM schema_migrations") == [(7,)]


def test_the_first_of_a_month_is_kept_twice(filled: Any, store: BackupStore, root: Path) -> None:
    first = create_backup(filled.owner, store, now=NOON)
    second = create_backup(filled.owner, store, now=NOON + timedelta(hours=1))
    april = create_backup(filled.owner, store, now=NOON + timedelta(days=1))
    assert [bool(report.monthly) for report in (first, second, april)] == [True, False, True]
    assert keys(store)[:2] == [april.monthly and april.monthly.key, april.backup.key]
    (root / april.backup.key).unlink()
    assert [backup.problem for backup in verified(store)][:2] == [None, "lost: the dump is not there"]


def test_a_spoilt_monthly_one_is_made_again(filled: Any, store: BackupStore, root: Path) -> None:
    first = create_backup(filled.owner, store, now=NOON)
    assert first.monthly
    (root / first.monthly.key).unlink()
    second = create_backup(filled.owner, store, now=NOON + timedelta(hours=1))
    assert second.monthly
    assert second.monthly.problem is None


def test_what_is_past_its_retention_goes(filled: Any, store: BackupStore) -> None:
    others = [made("daily", day, database="b") for day in (-90, -60)]  # of a database with a longer retention
    for other in others:
        with store.writing(other.manifest.name, 1) as write:
            write(b"x")
        store.publish(other.manifest)
    old = create_backup(filled.owner, store, now=NOON)
    young = create_backup(filled.owner, store, now=NOON + timedelta(days=3))
    report = create_backup(filled.owner, store, now=NOON + timedelta(days=8), retention_days=7)
    assert [backup.key for backup in report.removed] == [old.backup.key]
    kept = {report.backup.key, young.backup.key, old.monthly.key, young.monthly.key}  # type: ignore[union-attr]
    assert set(keys(store)) == kept | {other.key for other in others}
    assert store.contents().unpublished == {}
    at = NOON + timedelta(days=8)
    assert plan(store, {"DB_NAME": filled.name}, at).sets == ()
    assert [one.key for one in plan(store, {"DB_NAME": "b"}, at).sets] == [others[0].key]


def test_two_of_one_second_do_not_overwrite_each_other(filled: Any, store: BackupStore) -> None:
    first = create_backup(filled.owner, store, now=NOON)
    with pytest.raises(OperationError, match=r"There is a backup .*_20260331_120000\.dump already; try again in a second"):
        create_backup(filled.owner, store, now=NOON)
    assert verified(store)[-1] == first.backup


def made(kind: Any, day: int, *, problem: str | None = None, database: str = "a") -> BackupSet:
    started = NOON + timedelta(days=day)
    manifest = Manifest(
        name=f"{database}_{started:%Y%m%d_%H%M%S}.dump",
        database=database,
        started=started,
        ended=started,
        bytes=1,
        sha256="",
        server_version="17",
        client_version="17",
        toc_entries=1,
        migration_version=None,
        row_estimates={},
    )
    return BackupSet(kind=kind, manifest=manifest, problem=problem)


def test_the_last_good_one_stays_however_old() -> None:
    good, spoilt, other = made("daily", -90), made("daily", -1, problem="corrupt"), made("daily", -60, database="b")
    assert expired([good, spoilt, other], now=NOON) == []
    newer = made("daily", -2)
    assert expired([good, spoilt, newer, other], now=NOON) == [good]


def test_a_spoilt_one_goes_by_age_too() -> None:
    good, spoilt = made("daily", -1), made("daily", -31, problem="corrupt")
    assert expired([good, spoilt], now=NOON) == [spoilt]


def test_monthly_ones_stay_a_year() -> None:
    sets = [made("monthly", -364), made("monthly", -366), made("daily", -1)]
    assert expired(sets, now=NOON) == [sets[1]]


SETS = st.lists(
    st.builds(
        made,
        st.sampled_from(["daily", "monthly"]),
        st.integers(-800, 0),
        problem=st.sampled_from([None, "corrupt"]),
        database=st.sampled_from("ab"),
    ),
    max_size=12,
    unique_by=lambda backup: backup.key,
)


@given(SETS, st.integers(1, 60))
def test_no_retention_leaves_a_database_without_its_newest_good_backup(sets: list[BackupSet], days: int) -> None:
    gone = expired(sets, now=NOON, daily_days=days)
    for database in "ab":
        good = [backup for backup in sets if backup.manifest.database == database and backup.problem is None]
        if good:
            newest = max(backup.manifest.started for backup in good)
            assert any(backup.manifest.started == newest for backup in good if backup not in gone)
    assert all(NOON - backup.manifest.started > timedelta(days=min(days, 365)) for backup in gone)


def test_the_manifest_survives_its_file() -> None:
    manifest = made("daily", 0).manifest
    assert Manifest.from_json(manifest.to_json()) == manifest
    for text in ("{}", "[]", "{", json.dumps({**json.loads(manifest.to_json()), "started": "soon"})):
        with pytest.raises(ValueError, match=r".*"):
            Manifest.from_json(text)
