"""Each change of a database that the README lists touches what it says there, and nothing that holds data."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.deployment import refused
from tests.engine.gcp.deployment import Deploy, GcpDeployment, lost, paths
from tests.engine.gcp.stacks import database_stack
from tests.engine.standin.deployment import told
from tests.engine.standin.world import Step

REPLICAS = ("--target", "**::database-replica-*")
OPEN: dict[str, Any] = {"version": "16", "deletion_protection": False, "password_version": 2}
PEOPLE = {**OPEN, "parameters": {"work_mem": "8192"}, "iam_users": ["user:ann@example.com"]}
GROWN = {**PEOPLE, "size": "xlarge"}
PLUS = {
    **OPEN, "password_version": 3, "edition": "enterprise-plus", "size": "medium", "data_cache": True, "pooling": {},
}  # fmt: skip
WATCHED = ("monitoring-", "backups-", "job-migrate-")
"""What follows the database: thresholds, dashboard, the jobs that use it."""

AUTHORITIES = {
    *("create database-secret-db-ca-version", "abandon database-secret-db-ca-version"),
    "update database-rotation",  # it mounts them
}
ROTATED = {
    f"{op} database-secret-db{role}-version" for op in ("create", "abandon") for role in ("", "-password", "-url", "-next")
}
ROTATED |= {item.replace("secret-db", "secret-db-admin") for item in ROTATED} | {"update database-admin-user"}
ROTATED |= {"create database-admin-password", "delete database-admin-password"}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> GcpDeployment:
    made = deploy("database", database_stack(version="16", readers=1))
    made.up()
    return made


def own(steps: list[Step]) -> set[str]:
    """What was done to the database itself."""
    return {name for name in told(steps) if not name.partition(" ")[2].startswith(WATCHED)}


def turned(role: str) -> set[str]:
    """A new password of one of the application's two users."""
    logical = f"database-{role}"
    return {f"update {logical}-user", f"create {logical}-password", f"delete {logical}-password"}


def test_a_second_reader_touches_no_other_and_a_protected_one_stays(live: GcpDeployment) -> None:
    steps = live.up(database={"version": "16", "readers": 2})
    assert own(steps) == {"create database-replica-2", *AUTHORITIES}
    live.configure(database={"version": "16"})
    refused(live.run("up"), "database-replica-2", "protect")
    assert lost(live.world.steps()) == []


def test_gcp_complaint_15_a_new_password_is_the_other_users(live: GcpDeployment) -> None:
    """Revisions that run keep the login that they have. In the same run the protection goes, at both levels."""
    steps = live.up(database={**OPEN, "readers": 2})
    assert lost(steps) == []
    assert {*ROTATED, *turned("application-clone")} <= own(steps)
    assert turned("application").isdisjoint(own(steps))
    changed = paths(steps)
    assert changed["database-application-clone-user"] == changed["database-admin-user"] == {"passwordWoVersion"}
    assert changed["database-instance"] == {"deletionProtection", "settings.deletionProtectionEnabled"}
    order = [str(step) for step in steps]
    user = order.index("update database-application-clone-user (passwordWoVersion)")
    assert user < order.index("create database-secret-db-password-version"), "nobody reads a password that does not work yet"
    versions = [record for record in live.world.all(":SecretVersion") if record.inputs["secret"].endswith("-db-password")]
    assert len(versions) == 2, "the old one stays enabled, for revisions that are rolled back to"


def test_a_reader_goes_and_people_and_parameters_come(live: GcpDeployment) -> None:
    steps = live.up(database=PEOPLE)
    assert lost(steps) == ["delete database-replica-2"]
    people = {f"create database-user-ann@example.com-{part}" for part in ("user", "client", "login")}
    instances = {"update database-instance", "update database-replica-1", "delete database-replica-2"}
    assert own(steps) == {*instances, *people, *AUTHORITIES}
    assert paths(steps)["database-replica-1"] == paths(steps)["database-instance"] == {"settings.databaseFlags"}


def test_gcp_complaint_07_a_larger_machine_reaches_the_readers_first(live: GcpDeployment) -> None:
    live.configure(database=GROWN)
    refused(live.run("up"), "master can't be larger than replica")
    before = len(live.world.steps())
    assert live.run("up", *REPLICAS).code == 0
    live.up(database=GROWN)
    steps = live.world.steps()[before:]
    assert {step.op for step in steps} == {"update"}
    assert own(steps) == {"update database-replica-1", "update database-instance"}
    assert paths(steps)["database-replica-1"] == paths(steps)["database-instance"] == {"settings.tier"}


def test_gcp_complaint_13_another_edition_is_in_place_and_who_goes_leaves_what_they_own(live: GcpDeployment) -> None:
    """With pooling, data cache and the next password, which is the first user's again."""
    steps = live.up(database=PLUS)
    assert lost(steps) == []
    assert {step.op for step in steps if step.type.endswith("DatabaseInstance")} == {"update"}
    assert {"settings.edition", "settings.tier", "settings.connectionPoolConfigs"} <= paths(steps)["database-instance"]
    assert turned("application") <= own(steps)
    assert turned("application-clone").isdisjoint(own(steps))
    rights = {f"delete database-user-ann@example.com-{part}" for part in ("client", "login")}
    assert {"abandon database-user-ann@example.com-user", *rights} <= own(steps)


def test_a_major_upgrade_is_in_place(live: GcpDeployment) -> None:
    steps = live.up(database={**PLUS, "version": "17"})
    assert own(steps) == {"update database-instance"}, "a replica is upgraded with its primary"
    assert paths(steps)["database-instance"] == {"databaseVersion"}
    live.configure(database=PLUS)
    refused(live.run("up"), "cannot downgrade")


def test_gcp_complaint_01_another_key_is_another_instance_under_a_new_name(live: GcpDeployment) -> None:
    """Unprotected as it is here, it is recreated: the new one before the old one goes, whose name is locked then."""
    old = live.world.named("database-instance").facts["name"]
    steps = live.up(database={**PLUS, "version": "17", "customer_managed_key": True})
    order = [str(step) for step in steps]
    assert order.index("create database-key-use") < order.index("create database-instance")
    assert order.index("create database-instance") < order.index("delete database-instance")
    assert live.world.named("database-instance").facts["name"] != old
    assert old in live.world.noted("deleted-instance")
    assert old in live.world.noted("final-backup")
