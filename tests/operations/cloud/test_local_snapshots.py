"""Snapshots of a local stack and what is restored from them, on a real cluster."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import psutil
import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from components.local.host.postgres import postmaster, snapshots
from operations.cloud import database_control
from operations.cloud.local.database import LocalDatabase
from operations.errors import OperationError, Refused
from tests.support import LocalPostgres, running_postgres

NAME = "shop-test-drill-1"


def handles(postgres: LocalPostgres) -> dict[str, object]:
    database = {"backend": "local", "cluster": str(postgres.cluster_dir)}
    return {"provider": "local", "app": "shop", "prefix": "shop-test", "database": database}


def quiet(line: str) -> None:
    del line


@pytest.fixture(scope="module")
def postgres() -> Iterator[LocalPostgres]:
    """With one snapshot, ``before``, of a table with the row 1; the row 2 came later."""
    with running_postgres() as found:
        with psycopg.connect(found.url(admin=True), autocommit=True) as session:
            session.execute("CREATE TABLE t (n int)")
            session.execute("INSERT INTO t VALUES (1)")
            database_control(handles(found)).create_snapshot("before", quiet)
            session.execute("INSERT INTO t VALUES (2)")
        yield found


@pytest.fixture
def control(postgres: LocalPostgres) -> LocalDatabase:
    return LocalDatabase(handles(postgres))


def test_a_snapshot_is_whole_and_taken_once(postgres: LocalPostgres, control: LocalDatabase) -> None:
    [snapshot] = control.snapshots()
    assert (snapshot.id, snapshot.automated, snapshot.ready, snapshot.encrypted) == ("before", False, True, False)
    assert abs((datetime.now(UTC) - snapshot.created).total_seconds()) < 300
    assert snapshot.size_gib is not None
    assert 0.01 < snapshot.size_gib < 1
    assert control.create_snapshot("before", quiet) == snapshot
    assert control.window() is None
    half = postgres.cluster_dir / "snapshots" / ".killed.1234"
    half.mkdir()
    with ThreadPoolExecutor() as two:
        newer, same = two.map(lambda _: control.create_snapshot("newer", quiet), range(2))
    assert newer == same
    assert not half.exists(), "what a killed run left is swept"
    assert [found.id for found in control.snapshots()] == ["newer", "before"]

    def delete(_: int) -> str:
        try:
            control.delete_snapshot(newer.id)
        except Refused as error:
            return str(error)
        return "deleted"

    with ThreadPoolExecutor() as two:
        said = sorted(two.map(delete, range(2)))
    assert said[0] == "deleted"
    assert said[1] == "there is no snapshot 'newer' of this database (there: before)."
    assert [found.id for found in control.snapshots()] == ["before"]
    assert {path.name for path in (postgres.cluster_dir / "snapshots").iterdir()} == {"before"}


@pytest.mark.parametrize("name", ["../up", "Upper", "", "a" * 101])
def test_bad_names_are_refused(control: LocalDatabase, name: str) -> None:
    with pytest.raises(Refused, match="is no name for a snapshot"):
        control.create_snapshot(name, quiet)


def test_what_is_not_there_is_refused(control: LocalDatabase, tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"no snapshot 'gone' of this database \(there: before\)"):
        control.delete_snapshot("gone")
    with pytest.raises(Refused, match=r"no snapshot 'gone'"):
        control.restore_snapshot("gone", NAME, "drill", quiet)
    assert control.copies("drill") == []
    with pytest.raises(Refused, match="begins with shop-test-drill-"):
        control.restore_snapshot("before", "shop-test-restore-1", "drill", quiet)
    with pytest.raises(Refused, match="keeps no archive of its changes"):
        control.restore_moment(datetime.now(UTC), NAME, "drill", quiet)
    with pytest.raises(Refused, match="no copy 'main'"):
        control.delete_copy("main", quiet)
    with pytest.raises(Refused, match="The database is gone"):
        LocalDatabase({"app": "shop", "prefix": "p", "database": {"cluster": str(tmp_path / "none")}})


def test_a_snapshot_that_fails_leaves_nothing(
    postgres: LocalPostgres, control: LocalDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        _[2].mkdir()  # type: ignore[attr-defined]
        raise snapshots.LocalError("pg_basebackup was killed")

    monkeypatch.setattr(snapshots.datadir, "run_basebackup", broken)
    with pytest.raises(OperationError, match="pg_basebackup was killed"):
        control.create_snapshot("broken", quiet)
    assert {path.name for path in (postgres.cluster_dir / "snapshots").iterdir()} == {"before"}


def test_a_restored_copy_is_a_database_of_its_own(postgres: LocalPostgres, control: LocalDatabase) -> None:
    copy = control.restore_snapshot("before", NAME, "drill", quiet)
    assert copy.ready
    assert control.restore_snapshot("before", NAME, "drill", quiet) == copy
    assert control.copies("drill") == [copy]
    assert control.copies("restore") == []
    conninfo = control.login(copy)
    given = conninfo_to_dict(conninfo)
    assert (given["user"], given["sslmode"], given["dbname"]) == ("shop_admin", "verify-full", "shop")
    with psycopg.connect(conninfo, autocommit=True) as session:
        assert session.execute("SELECT n FROM t").fetchall() == [(1,)]
        session.execute("INSERT INTO t VALUES (3)")
    assert control.login(copy) == conninfo
    with psycopg.connect(postgres.url(admin=True)) as session:  # the original knows nothing of it, its password included
        assert session.execute("SELECT n FROM t ORDER BY n").fetchall() == [(1,), (2,)]
    password = str(given["password"])
    assert not [process for process in psutil.process_iter(["cmdline"]) if password in " ".join(process.info["cmdline"] or [])]
    control.create_snapshot("other", quiet)
    with pytest.raises(Refused, match="was made of before"):
        control.restore_snapshot("other", NAME, "drill", quiet)
    control.delete_snapshot("other")
    control.delete_copy(NAME, quiet)
    assert control.copies("drill") == []
    assert not list((postgres.cluster_dir / "copies").iterdir())
    assert postmaster.orphans(postgres.cluster_dir / "copies") == []


def test_a_restore_killed_half_way_is_found_finished_and_deleted(postgres: LocalPostgres, control: LocalDatabase) -> None:
    program = """
import json, sys
from operations.cloud import database_control
database_control(json.loads(sys.argv[1])).restore_snapshot("before", sys.argv[2], "drill", print)
"""
    words = [sys.executable, "-c", program, json.dumps(handles(postgres)), NAME]
    mark = postgres.cluster_dir / "copies" / f"{NAME}.json"
    with subprocess.Popen(words, stdout=subprocess.DEVNULL) as process:
        deadline = time.monotonic() + 60
        while not mark.exists():
            assert time.monotonic() < deadline
            time.sleep(0.005)
        process.kill()
    [left] = control.copies("drill")
    assert (left.name, left.ready, left.state) == (NAME, False, "unfinished")
    with pytest.raises(OperationError, match="is unfinished; restore it again"):
        control.login(left)
    assert control.restore_snapshot("before", NAME, "drill", quiet).ready
    with psycopg.connect(control.login(left)) as session:
        assert session.execute("SELECT n FROM t").fetchall() == [(1,)]
    control.delete_copy(NAME, quiet)
    mark.write_text(json.dumps({"purpose": "drill", "source": "before", "created": "2026-01-01T00:00:00+00:00", "ready": False}))
    assert [copy.name for copy in control.copies("drill")] == [NAME], "a deletion that was killed leaves the mark"
    control.delete_copy(NAME, quiet)
    assert control.copies("drill") == []
