"""The job that rotates the database's passwords on Google Cloud: what it runs, when, and what it may."""

from __future__ import annotations

from typing import Any

from components.gcp.rotation import RIGHTS
from tests.components.gcp.database import Made, cloud_sql
from tests.components.gcp.stack import gcp_stack
from tests.recorder import email_of, member_of

SECRETS = {
    f"database-secret-{role}{ending}" for role in ("db", "db-admin") for ending in ("", "-password", "-url", "-next")
}  # fmt: skip


def job(made: Made) -> dict[str, Any]:
    return made.inputs("database-rotation", "cloudrunv2/job:Job")


def test_it_looks_every_day_for_passwords_that_are_old_enough() -> None:
    made = cloud_sql(password_rotation_days=45)
    (container,) = job(made)["template"]["template"]["containers"]
    assert container["args"] == ["python", "-m", "operations", "rotate", "all", "--older-than", "45"]
    assert container["image"].endswith("/operations:0.1.0")
    schedule = made.inputs("database-rotation-schedule", "cloudscheduler/job:Job")
    assert (schedule["schedule"], schedule["timeZone"]) == ("30 19 * * *", "Etc/UTC")
    assert schedule["httpTarget"]["uri"] == "https://run.googleapis.com/v2/database-rotation-id:run"
    assert job(made)["template"]["template"]["maxRetries"] == 0, "its own next run goes on where it was"


def test_it_knows_both_secrets_and_whose_password_containers_have() -> None:
    for version, user in ((1, "shop_app"), (2, "shop_app_clone")):
        made = cloud_sql(password_version=version)
        variables = job(made)["containers"]["container"]["environment"]
        assert variables["DB_SECRET_ID"] == "database-secret-db-admin-id"
        assert variables["DB_APPLICATION_SECRET_ID"] == "database-secret-db-id"
        assert variables["DB_STARTED_WITH"] == user == made.variables("application")["DB_USER"]
        assert variables["DB_SSL_MODE"] == "verify-ca"


def test_it_may_write_the_logins_secrets_and_has_no_right_on_the_instance() -> None:
    made = cloud_sql()
    mine = [item for item in made.recording.resources.values() if item.inputs.get("member") == member_of("database-identity")]
    assert job(made)["template"]["template"]["serviceAccount"] == email_of("database-identity")
    assert {item.type.rpartition(":")[2] for item in mine} == {"SecretIamMember"}
    writes = {
        item.inputs["secretId"].removesuffix("-id") for item in mine if item.inputs["role"] == "database-rotation-role.name"
    }
    assert writes == SECRETS
    role = made.inputs("database-rotation-role")
    assert role["permissions"] == list(RIGHTS)
    assert not [right for right in RIGHTS if "delete" in right or "destroy" in right or "setIam" in right]


def test_it_reaches_the_database_and_no_internet() -> None:
    made = cloud_sql()
    assert made.inputs("database-database-egress")["allows"] == [{"protocol": "tcp", "ports": ["5432"]}]
    assert "database-internet-egress" not in {item.name for item in made.recording.resources.values()}


def test_it_waits_for_its_rights() -> None:
    waits = cloud_sql().needed_by("database-rotation")
    assert {f"{secret}-rotated" for secret in SECRETS} <= waits
    assert "database-secret-db-next-version" in waits


def test_it_learns_last_whose_password_containers_have() -> None:
    """An `up` that fails half-way leaves containers with the password of before: the job still knows that one."""
    stack = gcp_stack()
    needed: Any = stack.of_type("cloudrunv2/job:Job")["database-rotation"].options.depends_on
    kinds = {f"managed-postgres:index:{kind}" for kind in ("ContainerService", "Job")}
    workloads = {item.name for item in stack.resources.values() if item.type in kinds}
    assert {"service-api", "job-migrate"} <= workloads
    assert workloads <= {resource._name for resource in needed}


def test_it_is_found_by_its_handle() -> None:
    """The handle is put out before the job is made."""
    stack = gcp_stack()
    found = stack.outputs["handles"]["database"]["rotation"]
    inputs = stack.of_type("cloudrunv2/job:Job")["database-rotation"].inputs
    assert found == f"projects/network-api-serviceusage.project/locations/{inputs['location']}/jobs/{inputs['name']}"


def test_somebody_is_told_when_it_fails() -> None:
    assert "database-rotation-failed" in cloud_sql().of_type("alertPolicy:AlertPolicy")


def test_its_name_is_the_stacks() -> None:
    assert cloud_sql(password_rotation_days=7).inputs("database-rotation")["name"] == "shop-dev-database-rotation"
