"""The same on RDS: replicas and what they do to the admin's secret, gp3, Blue/Green, versions."""

from __future__ import annotations

from typing import Any

import pytest

from operations.engine.checkout import Checkout
from operations.failover.let_go import let_go
from tests.engine.aws.deployment import AwsDeployment, Deploy, lost
from tests.engine.aws.stacks import database_stack
from tests.engine.standin.deployment import told

DISK = {"size_gib": 400, "max_size_gib": 800}
FASTER = {**DISK, "iops": 12000, "throughput_mibps": 500}
OPEN = {"version": "17", "readers": 0, "storage": DISK, "restore": {"snapshot": "before"}, "deletion_protection": False}
"""Back to no replica, not protected any more; and a restore setting, which has no effect on a database that exists."""


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> AwsDeployment:
    made = deploy("rds", database_stack("rds", version="16", readers=0))
    made.up()
    return made


def updated(steps: list[Any]) -> dict[str, set[str]]:
    return {step.name: set(step.changed) for step in steps if step.op == "update"}


def test_complaint_10_the_first_replica_makes_the_admins_secret_ours(live: AwsDeployment) -> None:
    steps = live.up(database={"version": "16", "readers": 1})
    assert lost(steps) == []
    assert {"create database-replica-2", "create database-admin-secret", "create database-admin-secret-value"} <= told(steps)
    assert updated(steps)["database-instance"] == {"manageMasterUserPassword", "passwordWoVersion"}
    order = [str(step) for step in steps]
    switched = next(index for index, step in enumerate(steps) if step.name == "database-instance")
    assert switched < order.index("create database-replica-2"), "RDS refuses a replica while it manages the password"


def test_a_new_admin_password_replaces_no_secret(live: AwsDeployment) -> None:
    """The README's way out of a failed rotation; with protection on, as everything here."""
    steps = live.up(database={"version": "16", "readers": 1, "password_version": 2})
    assert lost(steps) == []
    assert updated(steps)["database-instance"] == {"passwordWoVersion"}
    assert {"create database-admin-password", "create database-admin-secret-value"} <= told(steps)


def test_a_promoted_reader_is_forgotten_and_not_deleted(live: AwsDeployment) -> None:
    live.up(database={"version": "16", "readers": 2, "password_version": 2})
    promoted = live.world.named("database-replica-3")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PULUMI_HOME", str(live.root / "home"))
        let_go(Checkout(live.root), live.stack, promoted.inputs["identifier"])
    steps = live.up(database={"version": "16", "readers": 1, "password_version": 2})
    assert lost(steps) == []
    assert "database-replica-3" not in live.state()
    live.world.remove(promoted)


def test_a_larger_faster_disk_and_a_larger_class_are_changed_in_place(live: AwsDeployment) -> None:
    steps = live.up(database={"version": "16", "readers": 1, "password_version": 2, "storage": FASTER, "size": "xlarge"})
    assert {step.op for step in steps} == {"update"}
    expected = {"allocatedStorage", "maxAllocatedStorage", "iops", "storageThroughput", "instanceClass"}
    assert updated(steps)["database-instance"] == expected


def test_a_major_upgrade_is_in_place(live: AwsDeployment) -> None:
    version = {"version": "17.6", "auto_minor_upgrade": False, "allow_major_upgrade": True, "size": "xlarge"}
    steps = live.up(database={"readers": 1, "password_version": 2, "storage": FASTER, **version})
    assert lost(steps) == []
    groups = {"create database-parameters", "create database-replica-parameters"}
    assert told(steps) == {*groups, "update database-instance", "update database-replica-2"}


def test_complaint_11_replicas_go_before_blue_green(live: AwsDeployment) -> None:
    steps = live.up(database={"version": "17", "readers": 0, "blue_green": True, "password_version": 2, "storage": DISK})
    assert lost(steps) == ["delete database-replica-2"]
    assert "blueGreenUpdate" in updated(steps)["database-instance"]


def test_without_replicas_rds_takes_the_password_back(live: AwsDeployment) -> None:
    steps = live.up(database=OPEN, backups={"deletion_protection": False})
    assert lost(steps) == ["delete database-admin-secret"], "RDS keeps its own again"
    assert {"manageMasterUserPassword", "blueGreenUpdate"} <= updated(steps)["database-instance"]


def test_it_goes_after_the_readmes_steps(live: AwsDeployment) -> None:
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    assert len(live.world.noted("snapshot")) == 1
