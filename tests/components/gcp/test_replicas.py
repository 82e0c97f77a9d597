"""Read replicas of Cloud SQL."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.gcp.database import ALL, INSTANCE, REPLICA, cloud_sql
from tests.components.made import added, changed

SAME = ("tier", "edition", "diskType", "diskAutoresizeLimit", "ipConfiguration", "insightsConfig", "userLabels")
OF_PRIMARIES = {
    "backupConfiguration",
    "denyMaintenancePeriod",
    "finalBackupConfig",
    "maintenanceWindow",
    "passwordValidationPolicy",
    "retainBackupsOnDelete",
}


@pytest.mark.parametrize(
    "change", [{}, {"size": "large"}, {"edition": "enterprise-plus"}, {"instance_class": "db-custom-4-16384"}]
)
def test_gcp_complaint_07_a_replica_is_as_large_as_the_primary(change: dict[str, Any]) -> None:
    """A smaller one is refused; the order in which both grow is in the README."""
    made = cloud_sql("prod", **change)
    for key in SAME:
        assert made.settings(REPLICA)[key] == made.settings()[key], key


@pytest.mark.parametrize("network", [{}, {"private_access": "psc"}])
def test_gcp_complaint_04_a_reader_can_be_added_when_the_disk_has_grown(network: dict[str, Any]) -> None:
    """Cloud SQL makes its disk as large as the primary's is by then; the first size would be refused."""
    assert "diskSize" not in cloud_sql("prod", network=network).settings(REPLICA)


def test_it_has_nothing_that_only_a_primary_has() -> None:
    made = cloud_sql("prod", maintenance={"deny_period": {"start": "12-20", "end": "01-10"}})
    assert made.settings().keys() >= OF_PRIMARIES
    assert not OF_PRIMARIES & made.settings(REPLICA).keys()
    assert "finalBackupDescription" not in made.inputs(REPLICA)


def test_it_follows_the_primary() -> None:
    inputs = cloud_sql(readers=1).inputs(REPLICA)
    assert (inputs["instanceType"], inputs["masterInstanceName"]) == ("READ_REPLICA_INSTANCE", "shop-dev-0a1b2c3d")
    assert "encryptionKeyName" not in inputs, "its primary's"


def test_a_major_upgrade_reaches_it_through_the_primary() -> None:
    made = cloud_sql(readers=1)
    assert made.inputs(INSTANCE)["includeReplicasForMajorVersionUpgrade"] is True
    assert "databaseVersion" in (made.named(REPLICA).options.ignore_changes or ())
    assert "databaseVersion" not in (made.named(INSTANCE).options.ignore_changes or ())


@pytest.mark.parametrize("access", ["peering", "psc"])
def test_one_more_touches_no_other(access: str) -> None:
    network = {"private_access": access}
    before, after = cloud_sql(readers=1, network=network), cloud_sql(readers=2, network=network)
    assert set(changed(before, after)) == {
        "database-secret-db-ca-version",
        "application-database-egress",
        "owner-database-egress",
        "database-database-egress",
        "database-rotation",
    }
    assert {name for name in added(before, after) if not name.startswith("database-replica-2")} == set()


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_none_is_left_out_of_the_nodes(make: Any) -> None:
    made = make()
    readers = [node for node in made.nodes if node.reader]
    assert made.nodes[0].instance._name == INSTANCE
    assert [node.instance._name for node in readers] == [f"database-replica-{number}" for number in range(1, len(readers) + 1)]
    assert {node.max_connections for node in made.nodes} == {500 if "connectionPoolConfigs" in made.settings() else 25}
