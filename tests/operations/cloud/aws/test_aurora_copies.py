"""Copies of an Aurora cluster through moto's RDS: of a snapshot, of a moment, killed half-way, deleted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from moto.rds.models import DBCluster, RDSBackend
from psycopg.conninfo import conninfo_to_dict

from operations.cloud.copies import ORIGIN, PURPOSE, SOURCE
from operations.errors import Refused
from tests.operations.cloud.aws.stack import Account
from tests.operations.cloud.killed import killed_at

COPY, BASE = "shop-dev-drill-20261121", "shop-dev-base"


@pytest.mark.parametrize("at", range(1, 5))
def test_a_restore_killed_at_any_look_is_taken_up(account: Account, monkeypatch: pytest.MonkeyPatch, at: int) -> None:
    """One cluster and one instance, wherever the first run ended; each of them is being made for a few looks."""
    database = account.aurora()
    database.create_snapshot("base", account.say)
    restore, clusters, instances = RDSBackend.restore_db_cluster_from_snapshot, iter(range(3)), iter(range(3))
    describe, describe_instances = RDSBackend.describe_db_clusters, RDSBackend.describe_db_instances
    asked: list[str] = []

    def begin(backend: Any, *args: Any) -> Any:
        asked.append("restore")
        return restore(backend, *args)

    def states(real: Any, name: str, looks: Iterator[int]) -> Any:
        def answer(backend: Any, *args: Any, **given: Any) -> Any:
            found = real(backend, *args, **given)
            for one in (one for one in found if one.resource_id == name):
                one.status = "creating" if next(looks, None) is not None else "available"
            return found

        return answer

    monkeypatch.setattr(RDSBackend, "restore_db_cluster_from_snapshot", begin)
    monkeypatch.setattr(RDSBackend, "describe_db_clusters", states(describe, COPY, clusters))
    monkeypatch.setattr(RDSBackend, "describe_db_instances", states(describe_instances, f"{COPY}-1", instances))
    with killed_at(at, monkeypatch):
        database.restore_snapshot(BASE, COPY, "drill", account.say)
    assert database.restore_snapshot(BASE, COPY, "drill", account.say).ready
    assert asked == ["restore"]
    assert [one.state for one in database.copies("drill")] == ["available"]


def test_a_copy_of_a_snapshot(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the database's own network, with its parameters, and marked; nothing of the original is touched."""
    database = account.aurora()
    database.create_snapshot(BASE, account.say)
    restore, asked = RDSBackend.restore_db_cluster_from_snapshot, dict[str, Any]()

    def watched(backend: Any, snapshot: str, overrides: dict[str, Any]) -> Any:
        asked.update(overrides)
        return restore(backend, snapshot, overrides)

    monkeypatch.setattr(RDSBackend, "restore_db_cluster_from_snapshot", watched)
    copy = database.restore_snapshot(BASE, COPY, "drill", account.say)
    assert (copy.name, copy.ready, copy.port) == (COPY, True, 5432)
    assert copy.host.startswith(f"{COPY}.cluster-")
    cluster = account.rds.describe_db_clusters(DBClusterIdentifier=COPY)["DBClusters"][0]
    assert cluster["DBSubnetGroup"] == "shop-dev"
    assert [group["VpcSecurityGroupId"] for group in cluster["VpcSecurityGroups"]] == [account.group]
    assert cluster["DBClusterParameterGroup"] == "shop-dev"
    assert cluster["ServerlessV2ScalingConfiguration"]["MaxCapacity"] == 4
    assert asked["deletion_protection"] is False, "though the database's own is on"
    server = account.rds.describe_db_instances(DBInstanceIdentifier=f"{COPY}-1")["DBInstances"][0]
    assert (server["DBInstanceClass"], server["PubliclyAccessible"]) == ("db.serverless", False)
    for arn in (cluster["DBClusterArn"], server["DBInstanceArn"]):
        tags = account.tags(arn)
        assert (tags[PURPOSE], tags[SOURCE], tags[ORIGIN], tags["app"]) == ("drill", "shop-dev", BASE, "shop")
    assert [one.name for one in database.copies("drill")] == [COPY]
    assert database.copies("restore") == []


def test_a_restore_that_was_cut_off_is_taken_up(account: Account) -> None:
    """Killed after the cluster and before its instance: the next call makes the instance and no second cluster."""
    database = account.aurora()
    database.create_snapshot(BASE, account.say)
    database.restore_snapshot(BASE, COPY, "drill", account.say)
    account.rds.delete_db_instance(DBInstanceIdentifier=f"{COPY}-1", SkipFinalSnapshot=True)
    assert [one.state for one in database.copies("drill")] == ["without an instance"]
    assert database.restore_snapshot(BASE, COPY, "drill", account.say).ready
    assert len(database.copies("drill")) == 1


def test_a_copy_of_something_else_is_not_taken_up(account: Account) -> None:
    database = account.aurora()
    for name in (BASE, "later"):
        database.create_snapshot(name, account.say)
    database.restore_snapshot(BASE, COPY, "drill", account.say)
    with pytest.raises(Refused, match="is there already, from shop-dev-base and not from shop-dev-later"):
        database.restore_snapshot("shop-dev-later", COPY, "drill", account.say)


def test_a_copy_of_a_moment(account: Account) -> None:
    database = account.aurora()
    window = database.window()
    assert window is not None
    copy = database.restore_moment(window.latest - timedelta(seconds=0), "shop-dev-restore-1", "restore", account.say)
    assert copy.ready
    assert [one.name for one in database.copies("restore")] == ["shop-dev-restore-1"]
    with pytest.raises(Refused, match=r"cannot be restored: choose a moment from .* to .* UTC"):
        database.restore_moment(window.earliest - timedelta(days=40), "shop-dev-restore-2", "restore", account.say)


def test_a_copy_needs_a_copys_name(account: Account) -> None:
    for name in ("shop-dev", "shop-dev-drill-", "shop-prod-drill-1", "shop-dev-restore-1", "shop-dev-drill-" + "x" * 60):
        with pytest.raises(Refused, match="cannot be called"):
            account.known().restore_snapshot(BASE, name, "drill", account.say)


def test_the_owner_of_a_copy_gets_a_new_password(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """RDS's own secret is not made anew for a copy (aws-cdk#21730)."""
    monkeypatch.setenv("DB_SSL_ROOT_CERT", "/etc/ssl/rds.pem")
    database = account.aurora()
    database.create_snapshot(BASE, account.say)
    copy = database.restore_snapshot(BASE, COPY, "drill", account.say)
    given: list[str] = []
    monkeypatch.setattr(DBCluster, "master_user_password", property(lambda self: "", lambda self, value: given.append(value)))
    login = conninfo_to_dict(database.login(copy))
    assert given == [login["password"]]
    assert len(given[0]) == 32
    assert (login["host"], login["user"], login["dbname"]) == (copy.host, "shop_admin", "shop")
    assert (login["sslmode"], login["sslrootcert"]) == ("verify-full", "/etc/ssl/rds.pem")
    database.login(copy)
    assert given[1] != given[0]
    assert given[0] not in "\n".join(account.lines)


def test_a_copy_is_deleted_with_everything(account: Account) -> None:
    database = account.aurora()
    database.create_snapshot(BASE, account.say)
    database.restore_snapshot(BASE, COPY, "drill", account.say)
    database.delete_copy(COPY, account.say)
    assert database.copies("drill") == []
    names = [one["DBInstanceIdentifier"] for one in account.rds.describe_db_instances()["DBInstances"]]
    assert names == ["shop-dev-1", "shop-dev-2"]
    assert [one.id for one in database.snapshots() if not one.automated] == [BASE], "no final snapshot"
    database.delete_copy(COPY, account.say)
    assert account.lines[-1] == f"{COPY} is gone already"


def test_what_is_no_copy_is_not_deleted(account: Account) -> None:
    database = account.aurora()
    with pytest.raises(Refused, match="no copy of this stack"):
        database.delete_copy("shop-dev", account.say)
    account.rds.create_db_cluster(
        DBClusterIdentifier=COPY, Engine="aurora-postgresql", MasterUsername="root1", MasterUserPassword="password1"
    )
    with pytest.raises(Refused, match="is not marked as a copy of shop-dev"):
        database.delete_copy(COPY, account.say)
    assert database.copies("drill") == []


def test_a_protected_copy_is_kept(account: Account) -> None:
    database = account.aurora()
    database.create_snapshot(BASE, account.say)
    database.restore_snapshot(BASE, COPY, "drill", account.say)
    account.rds.modify_db_cluster(DBClusterIdentifier=COPY, DeletionProtection=True)
    with pytest.raises(Refused, match="deletion protection"):
        database.delete_copy(COPY, account.say)
    assert [one.name for one in database.copies("drill")] == [COPY]
