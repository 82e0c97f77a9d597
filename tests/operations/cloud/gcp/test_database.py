"""Cloud SQL over HTTP: members, backups, failover, promotion, alarms."""

from __future__ import annotations

import pytest

from operations.cloud.gcp.database import GcpDatabase
from operations.errors import OperationError, Refused
from operations.failover.plan import make_plan
from tests.operations.cloud.gcp.conftest import ID
from tests.operations.cloud.gcp.sql_server import PROJECT, CloudSql, Refusal, backup

REPLICA = f"{ID}-replica-1"


def test_members(sql: CloudSql, database: GcpDatabase) -> None:
    labels = {"database_id": f"{PROJECT}:{REPLICA}"}
    sql.monitoring["timeSeries"] = [{"resource": {"labels": labels}, "points": [{"value": {"int64Value": "4"}}]}]
    writer, reader = database.members()
    assert (writer.name, writer.role, writer.healthy, writer.zone) == (ID, "writer", True, "asia-northeast1-a")
    assert (writer.size, writer.version, writer.lag_seconds) == ("db-custom-1-3840", "POSTGRES_17_6", None)
    assert (reader.name, reader.role, reader.lag_seconds) == (REPLICA, "reader", 4)
    assert f'resource.labels.database_id = "{PROJECT}:{REPLICA}"' in sql.queries[0]["filter"]


def test_members_do_not_depend_on_monitoring(sql: CloudSql, database: GcpDatabase) -> None:
    """A failover must go on while it is down."""
    sql.monitoring["timeSeries"] = [{"resource": {"labels": {"database_id": "x:y"}}, "points": [{"value": {"int64Value": "-1"}}]}]
    assert [one.lag_seconds for one in database.members()] == [None, None]


def test_a_reader_that_no_longer_follows_is_not_healthy(sql: CloudSql, database: GcpDatabase) -> None:
    """Its lag is a negative number; who promotes it would lose what was written since."""
    labels = {"database_id": f"{PROJECT}:{REPLICA}"}
    sql.monitoring["timeSeries"] = [{"resource": {"labels": labels}, "points": [{"value": {"int64Value": "-1"}}]}]
    writer, reader = database.members()
    assert (writer.healthy, reader.healthy, reader.state, reader.lag_seconds) == (True, False, "not following", None)
    with pytest.raises(Refused, match=f"{REPLICA} is not following"):
        make_plan("promote", [writer, reader], backend="cloudsql", target=REPLICA)
    sql.instances[REPLICA]["state"] = "STOPPED"
    assert database.members()[1].state == "STOPPED"


def test_snapshots(sql: CloudSql, database: GcpDatabase) -> None:
    """Backup runs that failed are none; the id is what database.restore.snapshot takes."""
    states = (("SUCCESSFUL", "AUTOMATED"), ("FAILED", "AUTOMATED"), ("RUNNING", "ON_DEMAND"), ("DELETED", "ON_DEMAND"))
    sql.runs[ID] = [backup(number, status=status, type=kind) for number, (status, kind) in enumerate(states, 1)]
    newest, oldest = database.snapshots()
    assert (newest.id, newest.ready, newest.automated) == (f"{ID}/3", False, False)
    assert (oldest.id, oldest.ready, oldest.automated, oldest.encrypted, oldest.size_gib) == (f"{ID}/1", True, True, True, 3)
    with pytest.raises(Refused, match="is an automated one"):
        database.delete_snapshot(f"{ID}/1")
    for wrong in (f"{ID}/9", f"{ID}/2", "other/1", "before-upgrade"):
        with pytest.raises(Refused, match="no snapshot"):
            database.delete_snapshot(wrong)


def test_a_snapshot_is_made_taken_up_and_deleted(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    made = database.create_snapshot("before-upgrade", lines.append)
    assert (made.id, made.ready) == (f"{ID}/1", True)
    assert sql.bodies[f"POST instances/{ID}/backupRuns"] == {"description": "before-upgrade", "location": "asia-northeast1"}
    assert any("backup volume" in line for line in lines)
    assert database.create_snapshot("before-upgrade", lines.append) == made
    assert len(sql.asked) == 1, "one that is there is taken up"
    database.delete_snapshot(made.id)
    assert database.snapshots() == []


def test_two_at_once_make_one_snapshot(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """The second is refused while the first is at work, looks again and takes that one up."""
    sql.refuse("POST", Refusal(409, "operationInProgress", "busy"), then=lambda: sql.make_backup(ID, "nightly"))
    assert database.create_snapshot("nightly", lines.append).id == f"{ID}/1"
    assert len(sql.runs[ID]) == 1
    assert any("waiting for another operation" in line for line in lines)


def test_a_snapshot_that_failed_is_said_and_tried_again(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    sql.problem = "disk trouble"
    with pytest.raises(OperationError, match="snapshot nightly failed: disk trouble"):
        database.create_snapshot("nightly", lines.append)
    sql.runs[ID][0]["status"] = "FAILED"
    assert database.create_snapshot("nightly", lines.append).ready


def test_the_window(sql: CloudSql, database: GcpDatabase) -> None:
    window = database.window()
    assert window is not None
    assert f"{window.earliest:%d %H:%M} {window.latest:%d %H:%M}" == "14 12:00 21 12:00"
    sql.instances[ID]["settings"]["backupConfiguration"]["pointInTimeRecoveryEnabled"] = False
    assert database.window() is None


def test_a_failover_to_the_standby(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    database.switchover(None, lines.append)
    assert sql.bodies[f"POST instances/{ID}/failover"] == {"failoverContext": {"settingsVersion": "7"}}
    assert database.members()[0].zone == "asia-northeast1-b"
    database.failover(ID, lines.append)
    assert lines[-1] == f"{ID} is the writer already"


def test_a_failover_under_way_is_waited_for(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    sql.begin("FAILOVER", ID)
    database.failover(None, lines.append)
    assert sql.asked == []
    assert sql.operations[0]["status"] == "DONE"


def test_failovers_that_cannot_be(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    with pytest.raises(Refused, match=f"`promote {REPLICA}`"):
        database.failover(REPLICA, lines.append)
    sql.instances[ID]["settings"]["availabilityType"] = "ZONAL"
    with pytest.raises(Refused, match=r"has no standby; set database\.ha"):
        database.failover(None, lines.append)
    sql.instances[ID]["state"] = "MAINTENANCE"
    with pytest.raises(Refused, match="is MAINTENANCE: nothing is sure to be kept"):
        database.switchover(None, lines.append)
    assert sql.asked == []


def test_a_promotion_once(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    with pytest.raises(Refused, match=f"its readers are {REPLICA}"):
        database.promote("shop-dev", lines.append)
    for _ in range(2):
        database.promote(REPLICA, lines.append)
    assert sql.asked == [f"POST instances/{REPLICA}/promoteReplica"]


def test_alarms_that_fire(sql: CloudSql, database: GcpDatabase) -> None:
    def alert(name: str, environment: str, state: str = "OPEN") -> dict[str, object]:
        labels = {"app": "shop", "environment": environment}
        policy = {"displayName": name, "severity": "CRITICAL", "userLabels": labels}
        where = {"labels": {"database_id": f"{PROJECT}:{ID}", "project_id": PROJECT}}
        return {"state": state, "openTime": "2026-11-21T11:30:00Z", "policy": policy, "resource": where}

    sql.monitoring["alerts"] = [
        alert("shop-dev-monitoring-cpu", "dev"),
        alert("shop-dev-monitoring-disk", "dev", "CLOSED"),
        alert("shop-dev-2-monitoring-cpu", "dev-2"),
    ]
    assert database.alarms() == [f"monitoring-cpu (critical) since 2026-11-21 11:30 UTC: {PROJECT}:{ID}"]
    assert sql.queries[0]["filter"] == 'state = "OPEN"'


def test_what_passes_is_tried_again(sql: CloudSql, database: GcpDatabase) -> None:
    sql.refusals = [
        Refusal(503, "backendError", "later"),
        Refusal(429, "rateLimitExceeded", "slowly"),
        Refusal(409, "operationInProgress", "busy"),
    ]
    assert len(database.members()) == 2


def test_refusals_are_one_sentence(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    sql.refusals = [Refusal(403, "notAuthorized", "The client is not authorized to make this request.")]
    with pytest.raises(OperationError) as found:
        database.members()
    assert str(found.value) == (
        f"cannot look at instance {ID}: Google denies it (The client is not authorized to make this request); "
        "allow cloudsql.instances.get to the identity that runs this command"
    )
    del sql.instances[ID]
    with pytest.raises(OperationError, match=f"there is no Cloud SQL instance {ID} in project {PROJECT}"):
        database.members()


def test_a_change_is_never_sent_twice(sql: CloudSql, database: GcpDatabase, lines: list[str]) -> None:
    """A server error does not say whether it was begun."""
    sql.runs[ID] = [backup(1, status="SUCCESSFUL", type="ON_DEMAND")]
    sql.refusals = []
    real = sql.answer

    def answer(method: str, *rest: object) -> dict[str, object]:
        if method == "POST":
            real(method, *rest)  # type: ignore[arg-type]
            raise Refusal(503, "backendError", "lost")
        return real(method, *rest)  # type: ignore[arg-type]

    sql.answer = answer  # type: ignore[method-assign,assignment]
    try:
        with pytest.raises(OperationError, match=r"lost \(backendError\)"):
            database.create_snapshot("nightly", lines.append)
    finally:
        del sql.answer
    assert database.create_snapshot("nightly", lines.append).id == f"{ID}/2"
    assert len(sql.asked) == 1
