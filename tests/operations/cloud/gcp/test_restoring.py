"""Copies of a Cloud SQL instance, over HTTP: made, cut off, taken up, logged in to, deleted."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from psycopg.conninfo import conninfo_to_dict

from operations.cloud.gcp.database import GcpDatabase
from operations.errors import OperationError, Refused
from tests.operations.cloud.gcp.conftest import ID
from tests.operations.cloud.gcp.sql_server import CERTIFICATE, CloudSql, Refusal, backup
from tests.operations.cloud.killed import killed_at

COPY, MOMENT = "shop-dev-drill-20261121", datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
STEPS = ["POST instances", f"POST instances/{COPY}/restoreBackup"]


@pytest.fixture(autouse=True)
def backups(sql: CloudSql) -> None:
    sql.runs[ID] = [backup(2, status="SUCCESSFUL", type="AUTOMATED"), backup(1, status="SUCCESSFUL", type="AUTOMATED")]


def test_a_copy_of_a_backup(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    copy = database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    assert (copy.name, copy.ready, copy.host, copy.port) == (COPY, True, "10.0.0.3", 5432)
    assert sql.asked == STEPS
    made = sql.bodies[STEPS[0]]
    assert (made["databaseVersion"], made["region"]) == ("POSTGRES_17", "asia-northeast1")
    settings = made["settings"]
    assert settings["ipConfiguration"]["privateNetwork"].endswith("/shop-dev")
    assert settings["ipConfiguration"]["ipv4Enabled"] is False
    assert settings["dataDiskSizeGb"] == "37", "a smaller disk than the source has now is refused"
    assert (settings["availabilityType"], settings["deletionProtectionEnabled"]) == ("ZONAL", False)
    assert settings["backupConfiguration"] == {"enabled": False}
    assert settings["userLabels"] == {
        "app": "shop",
        "environment": "dev",
        "managed-by": "managed-postgres",
        "managed-postgres-purpose": "drill",
        "managed-postgres-source": ID,
        "managed-postgres-from": "backup-2",
    }
    context = sql.bodies[STEPS[1]]["restoreBackupContext"]
    assert context == {"backupRunId": "2", "instanceId": ID, "project": "shop-1"}
    assert [one.name for one in database.copies("drill")] == [COPY]
    assert database.copies("restore") == []


@pytest.mark.parametrize("at", range(1, 12))
def test_a_restore_killed_at_any_look_is_taken_up(
    sql: CloudSql, database: GcpDatabase, lines: list[str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """One instance and one restore, wherever the first run ended."""
    with killed_at(at, monkeypatch):
        database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    assert database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append).ready
    assert sql.asked == STEPS


@pytest.mark.parametrize("at", range(1, 9))
def test_a_clone_killed_at_any_look_is_taken_up(
    sql: CloudSql, database: GcpDatabase, lines: list[str], monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    name = "shop-dev-restore-1"
    with killed_at(at, monkeypatch):
        database.restore_moment(MOMENT, name, "restore", lines.append)
    assert database.restore_moment(MOMENT, name, "restore", lines.append).ready
    assert sql.asked.count(f"POST instances/{ID}/clone") == 1
    assert sql.instances[name]["settings"]["userLabels"]["managed-postgres-purpose"] == "restore"


def test_two_at_once_make_one_copy(sql: CloudSql, database: GcpDatabase, handles: dict[str, Any], lines: list[str]) -> None:
    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(one.restore_snapshot, f"{ID}/2", COPY, "drill", lines.append) for one in (database, GcpDatabase(handles))
        ]
        assert all(one.result(timeout=60).ready for one in both)
    assert [one for one in sql.instances if one.startswith("shop-dev-drill")] == [COPY]
    assert sql.asked.count(STEPS[1]) == 1, "the data are not written over while the first looks at them"


def test_a_copy_of_a_moment(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """A clone has its source's protection; a copy must not."""
    copy = database.restore_moment(MOMENT, COPY, "drill", lines.append)
    assert copy.ready
    context = sql.bodies[f"POST instances/{ID}/clone"]["cloneContext"]
    assert context == {"destinationInstanceName": COPY, "pointInTime": "2026-11-20T08:30:00.000000Z"}
    assert sql.instances[COPY]["settings"]["deletionProtectionEnabled"] is False
    assert [one.name for one in database.copies("drill")] == [COPY]
    with pytest.raises(Refused, match=r"choose a moment from 2026-11-14 12:00:00 to 2026-11-21 12:00:00 UTC"):
        database.restore_moment(datetime(2026, 10, 1, tzinfo=UTC), "shop-dev-drill-2", "drill", lines.append)


def test_a_clone_that_was_cut_off_is_swept(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """It has no mark yet, but a copy's name and this stack's labels, and it is protected like its source."""
    sql.instance(COPY)
    (found,) = database.copies("drill")
    assert not found.ready
    labels = sql.instances[COPY]["settings"].pop("userLabels")
    made = sql.instances[COPY]
    made["state"] = "PENDING_CREATE"  # its labels come at the end
    sql.begin("CLONE", ID, lambda: made.update(state="RUNNABLE", settings={**made["settings"], "userLabels": labels}))
    database.delete_copy(COPY, lines.append)
    assert COPY not in sql.instances


def test_a_restore_that_failed_is_begun_again(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    sql.operations[0]["error"] = {"errors": [{"code": "X", "message": "the disk is too small"}]}
    assert [one.state for one in database.copies("drill")] == ["not restored yet"]
    assert database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append).ready
    assert sql.asked == [*STEPS, STEPS[1]]


def test_the_restore_of_a_deleted_copy_is_not_the_new_ones(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """A name can be taken again at once; Google still tells what was done to the instance that had it before."""
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    database.delete_copy(COPY, lines.append)
    sql.instance(COPY)["settings"]["userLabels"] = sql.bodies[STEPS[0]]["settings"]["userLabels"]
    assert [one.state for one in database.copies("drill")] == ["not restored yet"]
    del sql.instances[COPY]
    assert database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append).ready
    assert sql.asked == [*STEPS, f"DELETE instances/{COPY}", *STEPS]


def test_a_failed_restore_says_why(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    real = sql.begin

    def begin(kind: str, *rest: Any) -> dict[str, Any]:
        sql.problem = "quota" if kind == "RESTORE_VOLUME" else ""
        return real(kind, *rest)

    sql.begin = begin  # type: ignore[method-assign]
    try:
        with pytest.raises(OperationError, match=f"{COPY} failed: quota"):
            database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    finally:
        del sql.begin


def test_what_is_there_already_and_is_something_else(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    with pytest.raises(Refused, match="is there already, from backup-2 and not from backup-1"):
        database.restore_snapshot(f"{ID}/1", COPY, "drill", lines.append)
    sql.instances[COPY]["settings"]["userLabels"] = {"app": "other"}
    for act in (
        lambda: database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append),
        lambda: database.delete_copy(COPY, lines.append),
    ):
        with pytest.raises(Refused, match="is not marked as a copy"):
            act()
    assert database.copies("drill") == []
    with pytest.raises(Refused, match="no copy of this stack"):
        database.delete_copy(ID, lines.append)


def test_a_name_that_google_keeps(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """That of an instance deleted less than a week ago is refused as if it were there."""
    sql.refuse(
        "POST", Refusal(409, "instanceAlreadyExists", "The Cloud SQL instance already exists. When you delete an instance …")
    )
    with pytest.raises(Refused, match="was deleted not long ago"):
        database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)


def test_a_copy_behind_private_service_connect(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    sql.instances[ID]["settings"]["ipConfiguration"]["pscConfig"] = {"pscEnabled": True}
    with pytest.raises(Refused, match="has no endpoint of its own"):
        database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    with pytest.raises(Refused, match="has no endpoint of its own"):
        database.restore_moment(MOMENT, COPY, "drill", lines.append)
    assert sql.asked == []


def test_the_owner_of_a_copy_gets_a_new_password(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """One that the password policy takes; TLS with the copy's own authority."""
    copy = database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    login = conninfo_to_dict(database.login(copy))
    sent = sql.bodies[f"PUT instances/{COPY}/users"]
    assert sent == {"name": login["user"], "password": login["password"]}
    password = str(login["password"])
    assert len(password) == 32
    assert all(re.search(kind, password) for kind in ("[a-z]", "[A-Z]", "[0-9]", "[-_]"))
    assert (login["host"], login["port"], login["dbname"], login["sslmode"]) == ("10.0.0.3", "5432", "shop", "verify-ca")
    assert Path(str(login["sslrootcert"])).read_text() == CERTIFICATE
    assert password not in "\n".join(lines)


def test_a_job_that_may_not_change_users_has_the_owners_login(
    sql: CloudSql, database: GcpDatabase, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    real = sql.answer

    def answer(method: str, *rest: Any) -> dict[str, Any]:
        if method == "PUT":
            raise Refusal(403, "forbidden", "denied")
        return real(method, *rest)

    monkeypatch.setattr(sql, "answer", answer)
    with pytest.raises(OperationError, match=r"allow cloudsql\.users\.update"):
        database.login(copy)
    contract = {
        "DB_HOST": "10.0.0.2",
        "DB_NAME": "shop",
        "DB_USER": "shop_admin",
        "DB_PASSWORD": "owners",
        "DB_SSL_MODE": "require",
    }
    for name, value in contract.items():
        monkeypatch.setenv(name, value)
    login = conninfo_to_dict(database.login(copy))
    assert (login["host"], login["password"], login["sslmode"]) == ("10.0.0.3", "owners", "verify-ca")


def test_a_copy_is_deleted_once(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    sql.begin("DELETE", COPY, lambda: sql.instances.pop(COPY)).update(left=12)
    database.delete_copy(COPY, lines.append)
    assert COPY not in sql.instances
    assert not [one for one in sql.asked if one.startswith("DELETE")], "a deletion under way is waited for"
    database.delete_copy(COPY, lines.append)
    assert lines[-1] == f"{COPY} is gone already"


def test_a_copy_that_is_busy_is_deleted_afterwards(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    busy = sql.begin("RESTORE_VOLUME", COPY)
    database.delete_copy(COPY, lines.append)
    assert busy["status"] == "DONE"
    assert COPY not in sql.instances


def test_a_copy_that_somebody_protected_is_kept(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.restore_snapshot(f"{ID}/2", COPY, "drill", lines.append)
    sql.instances[COPY]["settings"]["deletionProtectionEnabled"] = True
    with pytest.raises(OperationError, match="The instance is protected"):
        database.delete_copy(COPY, lines.append)
    assert COPY in sql.instances
