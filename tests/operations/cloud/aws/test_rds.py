"""RDS through moto: what differs from Aurora: members, the window, copies, failover by reboot, promotion."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from moto.rds.models import DBInstance, DBInstanceAutomatedBackup, DBSnapshot, RDSBackend
from psycopg.conninfo import conninfo_to_dict

from operations.cloud.copies import PURPOSE
from operations.errors import OperationError, Refused
from tests.operations.cloud.aws.stack import REGION, Account

COPY, BASE = "shop-dev-drill-20261121", "shop-dev-base"


@pytest.fixture(autouse=True)
def like_aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """What moto leaves out: the window of the automated backups, and that a promoted replica has no source."""
    now = datetime.now(UTC)
    window = {"EarliestTime": now - timedelta(days=7), "LatestTime": now - timedelta(minutes=5)}
    monkeypatch.setattr(DBInstanceAutomatedBackup, "restore_window", window, raising=False)
    promote = RDSBackend.promote_read_replica

    def alone(backend: RDSBackend, db_kwargs: dict[str, Any]) -> Any:
        done = promote(backend, db_kwargs)
        backend.databases[done.source_db_instance_identifier].remove_replica(done)
        done.source_db_instance_identifier = None
        return done

    monkeypatch.setattr(RDSBackend, "promote_read_replica", alone)


def test_members(account: Account) -> None:
    writer, reader = account.instance(replicas=1).members()
    assert (writer.name, writer.role, writer.zone, writer.size) == ("shop-dev", "writer", f"{REGION}a", "db.t4g.medium")
    assert (reader.name, reader.role, reader.lag_seconds) == ("shop-dev-2", "reader", None)


def test_snapshots_and_the_window(account: Account) -> None:
    database = account.instance()
    made = database.create_snapshot("before-upgrade", account.say)
    assert (made.id, made.ready, made.encrypted, made.automated, made.size_gib) == (
        "shop-dev-before-upgrade",
        True,
        True,
        False,
        20,
    )
    assert database.create_snapshot("before-upgrade", account.say) == made
    window = database.window()
    assert window is not None
    assert window.earliest <= window.latest
    database.delete_snapshot("shop-dev-before-upgrade")
    assert all(one.automated for one in database.snapshots())


def test_a_copy_of_a_snapshot_and_its_end(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    database = account.instance(standby=True)
    database.create_snapshot(BASE, account.say)
    restore, asked = RDSBackend.restore_db_instance_from_db_snapshot, dict[str, Any]()

    def watched(backend: Any, snapshot: str, overrides: dict[str, Any]) -> Any:
        asked.update(overrides)
        return restore(backend, snapshot, {**overrides, "deletion_protection": overrides["deletion_protection"]})

    monkeypatch.setattr(RDSBackend, "restore_db_instance_from_db_snapshot", watched)
    copy = database.restore_snapshot(BASE, COPY, "drill", account.say)
    assert (copy.name, copy.ready, copy.port) == (COPY, True, 5432)
    assert asked["db_subnet_group_name"] == "shop-dev"
    assert asked["vpc_security_group_ids"] == [account.group]
    assert asked["db_parameter_group_name"] == "shop-dev"
    assert (asked["multi_az"], asked["publicly_accessible"], asked["deletion_protection"]) == (False, False, False)
    assert asked["backup_retention_period"] == 0, "the first backup of a copy for a drill would only slow it down"
    described = account.rds.describe_db_instances(DBInstanceIdentifier=COPY)["DBInstances"][0]
    assert account.tags(described["DBInstanceArn"])[PURPOSE] == "drill"
    assert database.restore_snapshot(BASE, COPY, "drill", account.say).name == COPY, "taken up"
    given: list[str] = []
    monkeypatch.setattr(DBInstance, "master_user_password", property(lambda self: "", lambda self, value: given.append(value)))
    login = conninfo_to_dict(database.login(copy))
    assert (login["user"], login["dbname"], login["password"]) == ("shop_admin", "shop", given[-1])
    database.delete_copy(COPY, account.say)
    assert database.copies("drill") == []


def test_a_copy_of_a_moment(account: Account) -> None:
    database = account.instance()
    window = database.window()
    assert window is not None
    copy = database.restore_moment(window.latest, "shop-dev-restore-1", "restore", account.say)
    assert [one.name for one in database.copies("restore")] == [copy.name]
    with pytest.raises(Refused, match="cannot be restored"):
        database.restore_moment(datetime.now(UTC) + timedelta(days=1), "shop-dev-restore-2", "restore", account.say)


def test_a_failover_to_the_standby(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a reboot; it is over when the server answers from another zone."""
    database = account.instance(standby=True)
    asked: list[str] = []
    states = iter(["rebooting", "rebooting"])

    def reboot(backend: RDSBackend, db_instance_identifier: str, **more: Any) -> Any:
        asked.append(db_instance_identifier)
        one = backend.databases[db_instance_identifier]
        monkeypatch.setattr(RDSBackend, "describe_db_instances", after(one))
        return one

    def after(one: Any) -> Any:
        describe = RDSBackend.describe_db_instances

        def answer(backend: Any, *args: Any, **given: Any) -> Any:
            one.status = next(states, "available")
            if one.status == "available":
                one.availability_zone = f"{REGION}c"
            return describe(backend, *args, **given)

        return answer

    monkeypatch.setattr(RDSBackend, "reboot_db_instance", reboot)
    database.switchover(None, account.say)
    assert asked == ["shop-dev"]
    assert database.members()[0].zone == f"{REGION}c"
    assert any("failing over (rebooting" in line for line in account.lines)


@pytest.mark.parametrize("failover", [True, False])
def test_a_reboot_under_way_may_be_a_failover(account: Account, monkeypatch: pytest.MonkeyPatch, failover: bool) -> None:
    """RDS has one word for both; a plain reboot leaves the writer where it is, and is no failover."""
    database = account.instance(standby=True)
    describe, states, asked = RDSBackend.describe_db_instances, iter(["rebooting", "rebooting"]), list[str]()

    def answer(backend: RDSBackend, *args: Any, **given: Any) -> Any:
        backend.databases["shop-dev"].status = next(states, "available")
        return describe(backend, *args, **given)

    def reboot(backend: RDSBackend, db_instance_identifier: str, **more: Any) -> Any:
        asked.append(db_instance_identifier)
        backend.databases["shop-dev"].availability_zone = f"{REGION}c"
        return backend.databases["shop-dev"]

    event = SimpleNamespace(source_identifier="shop-dev", source_type="db-instance", event_categories=["failover"])
    monkeypatch.setattr(RDSBackend, "describe_events", lambda *_, **__: [event] if failover else [])
    monkeypatch.setattr(RDSBackend, "describe_db_instances", answer)
    monkeypatch.setattr(RDSBackend, "reboot_db_instance", reboot)
    database.failover(None, account.say)
    assert asked == ([] if failover else ["shop-dev"])
    assert any("rebooting already" in line for line in account.lines)


def test_a_snapshot_that_aws_gives_up(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    database = account.instance()
    monkeypatch.setattr(DBSnapshot, "status", property(lambda _: "failed", lambda *_: None), raising=False)
    with pytest.raises(OperationError, match="AWS gave up making snapshot shop-dev-s: `snapshot delete shop-dev-s`, then make"):
        database.create_snapshot("s", account.say)


def test_failovers_that_cannot_be(account: Account) -> None:
    database = account.instance(replicas=1)
    with pytest.raises(Refused, match=r"has no standby; set database\.ha"):
        database.failover(None, account.say)
    with pytest.raises(Refused, match="promote shop-dev-2"):
        database.failover("shop-dev-2", account.say)


def test_a_promotion(account: Account) -> None:
    database = account.instance(replicas=1)
    with pytest.raises(Refused, match="shop-dev-9 is no reader of shop-dev; its readers are shop-dev-2"):
        database.promote("shop-dev-9", account.say)
    database.promote("shop-dev-2", account.say)
    described = account.rds.describe_db_instances(DBInstanceIdentifier="shop-dev-2")["DBInstances"][0]
    assert not described.get("ReadReplicaSourceDBInstanceIdentifier")
    assert described["BackupRetentionPeriod"] == 7
    database.promote("shop-dev-2", account.say)


def test_alarms_that_fire(account: Account) -> None:
    """Only those of this stack, though the name of another one's begins the same."""
    for name, environment, state in (
        ("shop-dev-monitoring-writer-cpu", "dev", "ALARM"),
        ("shop-dev-monitoring-memory", "dev", "OK"),
        ("shop-dev-2-monitoring-writer-cpu", "dev-2", "ALARM"),
    ):
        account.cloudwatch.put_metric_alarm(
            AlarmName=name,
            AlarmDescription="The CPU is busy.",
            MetricName="CPUUtilization",
            Namespace="AWS/RDS",
            Statistic="Average",
            Period=60,
            EvaluationPeriods=5,
            Threshold=80,
            ComparisonOperator="GreaterThanOrEqualToThreshold",
            Tags=[{"Key": "app", "Value": "shop"}, {"Key": "environment", "Value": environment}],
        )
        account.cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")
    (line,) = account.known("rds").alarms()
    assert line.startswith("monitoring-writer-cpu since 2")
    assert line.endswith(" UTC: The CPU is busy.")
