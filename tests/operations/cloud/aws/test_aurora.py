"""Aurora through moto's RDS: members, snapshots and failover; its copies are beside this."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from moto.rds.exceptions import InvalidDBClusterStateFault
from moto.rds.models import RDSBackend

from operations.cloud.aws.database import AwsDatabase
from operations.errors import OperationError, Refused
from tests.operations.cloud.aws.stack import Account

COPY, BASE = "shop-dev-drill-20261121", "shop-dev-base"


def test_members(account: Account) -> None:
    database = account.aurora()
    now = datetime.now(UTC)
    account.cloudwatch.put_metric_data(
        Namespace="AWS/RDS",
        MetricData=[
            {
                "MetricName": "AuroraReplicaLag",
                "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": "shop-dev-2"}],
                "Timestamp": now - timedelta(minutes=2),
                "Value": 23.0,
            }
        ],
    )
    writer, reader = database.members()
    assert (writer.name, writer.role, writer.healthy, writer.lag_seconds) == ("shop-dev-1", "writer", True, None)
    assert (reader.name, reader.role, reader.state, reader.size) == ("shop-dev-2", "reader", "available", "db.serverless")
    assert reader.lag_seconds == pytest.approx(0.023)


def test_a_snapshot_is_made_taken_up_and_deleted(account: Account) -> None:
    database = account.aurora()
    made = database.create_snapshot("before-upgrade", account.say)
    assert made.ready
    assert made.encrypted
    assert not made.automated
    assert database.create_snapshot("before-upgrade", account.say) == made, "one that is there is taken up"
    automated = next(one for one in database.snapshots() if one.automated)
    assert {one.id for one in database.snapshots()} == {"shop-dev-before-upgrade", automated.id}
    database.delete_snapshot("shop-dev-before-upgrade")
    assert database.snapshots() == [automated]
    with pytest.raises(Refused, match="is an automated one"):
        database.delete_snapshot(automated.id)
    with pytest.raises(Refused, match="no snapshot 'shop-dev-before-upgrade'"):
        database.delete_snapshot("shop-dev-before-upgrade")


def test_a_snapshot_that_is_still_being_made_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that was killed left it; the next one makes no second one."""
    database = account.aurora()
    account.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="shop-dev-slow", DBClusterIdentifier="shop-dev")
    describe, states = RDSBackend.describe_db_cluster_snapshots, iter(["creating"] * 3)

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        found = describe(backend, *args, **asked)
        state = next(states, "available")
        for one in found:
            one.status = state
        return found

    monkeypatch.setattr(RDSBackend, "describe_db_cluster_snapshots", answer)
    assert database.create_snapshot("slow", account.say).ready
    assert any("being made" in line for line in account.lines)


def test_a_snapshot_name_that_aws_would_not_take(account: Account) -> None:
    for name in ("Before", "a--b", "-a", "a b", "ends-"):
        with pytest.raises(Refused, match="cannot be called"):
            account.known().create_snapshot(name, account.say)


def test_a_snapshot_waits_for_what_is_at_work(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as the daily backup: AWS refuses a snapshot meanwhile."""
    database = account.aurora()
    create, refusals = RDSBackend.create_db_cluster_snapshot, iter(range(2))

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        if next(refusals, None) is not None:
            raise InvalidDBClusterStateFault("the cluster is not in available state")
        return create(backend, *args, **asked)

    monkeypatch.setattr(RDSBackend, "create_db_cluster_snapshot", answer)
    assert database.create_snapshot("busy", account.say).ready
    assert any("refused for now" in line for line in account.lines)


def test_two_at_once_make_one_snapshot_and_one_copy(account: Account) -> None:
    account.aurora()

    def both(act: Callable[[AwsDatabase], Any]) -> list[Any]:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(act, [account.known(), account.known()]))

    one, other = both(lambda database: database.create_snapshot("base", account.say))
    assert one == other
    one, other = both(lambda database: database.restore_snapshot(BASE, COPY, "drill", account.say))
    assert one.name == other.name
    assert len(account.rds.describe_db_instances()["DBInstances"]) == 3
    both(lambda database: database.delete_copy(COPY, account.say))
    assert len(account.rds.describe_db_instances()["DBInstances"]) == 2


def test_a_name_of_another_databases_snapshot(account: Account) -> None:
    database = account.aurora()
    account.rds.create_db_cluster(
        DBClusterIdentifier="other", Engine="aurora-postgresql", MasterUsername="root1", MasterUserPassword="password1"
    )
    account.rds.create_db_cluster_snapshot(DBClusterSnapshotIdentifier="shop-dev-mine", DBClusterIdentifier="other")
    with pytest.raises(Refused, match="of another database"):
        database.create_snapshot("mine", account.say)


def test_failover_and_switchover(account: Account) -> None:
    database = account.aurora(instances=3)
    database.failover("shop-dev-3", account.say)
    assert database.members()[0].name == "shop-dev-3"
    database.failover("shop-dev-3", account.say)
    assert account.lines[-1] == "shop-dev-3 is the writer already"
    database.switchover(None, account.say)
    assert database.members()[0].name != "shop-dev-3"


def test_a_failover_under_way_is_waited_for(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    database = account.aurora()
    describe, states = RDSBackend.describe_db_clusters, iter(["failing-over", "failing-over"])

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        found = describe(backend, *args, **asked)
        found[0].status = next(states, "available")
        return found

    asked: list[str] = []
    monkeypatch.setattr(RDSBackend, "describe_db_clusters", answer)
    monkeypatch.setattr(RDSBackend, "failover_db_cluster", lambda *args, **given: asked.append("failover"))
    database.failover(None, account.say)
    assert asked == []


def test_failovers_that_cannot_be(account: Account) -> None:
    database = account.aurora(instances=1)
    with pytest.raises(Refused, match="has no reader that could take over"):
        database.failover(None, account.say)
    account.rds.create_db_instance(
        DBInstanceIdentifier="shop-dev-2",
        DBClusterIdentifier="shop-dev",
        Engine="aurora-postgresql",
        DBInstanceClass="db.serverless",
    )
    with pytest.raises(Refused, match="shop-dev-9 is no reader of shop-dev; its readers are shop-dev-2"):
        database.failover("shop-dev-9", account.say)
    with pytest.raises(Refused, match="share the writer's storage"):
        database.promote("shop-dev-2", account.say)


def test_a_switchover_wants_a_healthy_writer(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    database = account.aurora()
    describe = RDSBackend.describe_db_instances

    def answer(backend: Any, *args: Any, **asked: Any) -> Any:
        found = describe(backend, *args, **asked)
        for one in found:
            one.status = "storage-full" if one.db_instance_identifier == "shop-dev-1" else "available"
        return found

    monkeypatch.setattr(RDSBackend, "describe_db_instances", answer)
    with pytest.raises(Refused, match="the writer shop-dev-1 is storage-full"):
        database.switchover(None, account.say)


def test_a_proxy_that_answers_in_html(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(*args: Any, **asked: Any) -> Any:
        raise RuntimeError("the server makes a page of it")

    monkeypatch.setattr(RDSBackend, "describe_db_clusters", answer)
    with pytest.raises(OperationError, match="cannot look at shop-dev in ap-northeast-1: what answers is not AWS"):
        account.known().members()


def test_a_database_that_is_gone(account: Account) -> None:
    with pytest.raises(OperationError, match="there is no Aurora cluster shop-dev in ap-northeast-1"):
        account.known().members()
