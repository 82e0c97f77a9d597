"""Each change of an Aurora database that the README lists touches what it says there, and nothing that holds data."""

from __future__ import annotations

import pytest

from tests.engine.aws.deployment import AwsDeployment, Deploy, lost
from tests.engine.aws.stacks import database_stack
from tests.engine.standin.deployment import told

WATCHING = {"update monitoring-dashboard", "update monitoring-instance-events"}
THRESHOLDS = {"update monitoring-connections", "update monitoring-memory"}
INSTANCES = {"update database-instance-1", "update database-instance-2"}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    made = deploy("aurora", database_stack("aurora", version="16"))
    made.up()
    return made


def test_a_pinned_minor_a_reader_and_another_rotation(live: AwsDeployment) -> None:
    steps = live.up(
        database={"version": "16.10", "auto_minor_upgrade": False, "readers": 2, "password_rotation_days": 7},
    )
    rotations = {"update database-admin-rotation", "update database-application-rotation"}
    assert told(steps) == {"create database-instance-3", "update database-cluster", *INSTANCES, *rotations, *WATCHING}
    changed = {step.name: set(step.changed) for step in steps if step.op == "update"}
    assert changed["database-cluster"] == {"engineVersion", "autoMinorVersionUpgrade"}
    assert changed["database-instance-1"] == {"autoMinorVersionUpgrade"}, "complaint 03: the version is the cluster's affair"


def test_complaint_05_a_major_upgrade_brings_groups_of_the_new_family(live: AwsDeployment) -> None:
    steps = live.up(
        database={
            "version": "17.6",
            "auto_minor_upgrade": False,
            "allow_major_upgrade": True,
            "readers": 2,
            "password_rotation_days": 7,
        }
    )
    groups = {"create database-cluster-parameters", "create database-instance-parameters"}
    assert told(steps) == {*groups, "update database-cluster", *INSTANCES, "update database-instance-3"}
    families = [record.inputs["family"] for record in live.world.all(":ClusterParameterGroup")]
    assert sorted(families) == ["aurora-postgresql16", "aurora-postgresql17"], "complaint 04: the old one stays for the restart"


def test_back_to_the_major_with_a_larger_size_and_autoscaled_readers(live: AwsDeployment) -> None:
    """AWS never goes back from 17.6 to its default minor."""
    steps = live.up(database={"version": "17", "size": "xlarge", "readers": 1, "reader_autoscaling": {"max_readers": 4}})
    autoscaling = {"create database-readers", "create database-readers-cpu"}
    rotations = {"update database-admin-rotation", "update database-application-rotation"}
    assert told(steps) == {
        *("delete database-instance-3", "update database-cluster"),
        *(*INSTANCES, *autoscaling, *rotations, *WATCHING, *THRESHOLDS),
    }
    assert lost(steps) == ["delete database-instance-3"], "the reader that nobody asks for any more"
    assert live.world.named("database-cluster").outputs["engineVersionActual"] == "17.6"


def test_complaint_09_restore_settings_touch_no_existing_database(live: AwsDeployment) -> None:
    """With a proxy and parameters in the same run."""
    source = {"source": "shop-old", "time": "2026-01-15T10:30:00Z"}
    steps = live.up(database={"version": "17", "restore": source, "pooling": {}, "parameters": {"work_mem": "8192"}})
    assert lost(steps) == []
    changed = {step.name: set(step.changed) for step in steps if step.op == "update"}
    assert changed["database-cluster"] <= {"finalSnapshotIdentifier"}
    assert changed["database-instance-parameters"] == {"parameters"}
    assert {"create database-proxy", "create database-proxy-reader", "create database-proxy-target"} <= told(steps)


def test_the_proxy_can_go_again(live: AwsDeployment) -> None:
    steps = live.up(database={"version": "17"})
    assert "delete database-proxy" in told(steps)
    assert lost(steps) == ["delete database-previous-secret"], "it is the proxy's own"
