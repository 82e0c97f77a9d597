"""The database's secrets on AWS: who has which, what is in them, who may read them, and that they rotate."""

from __future__ import annotations

import json
from typing import Any

import pytest

from operations.rotation.steps import Address
from tests.components.aws.database import BOTH, DATABASES, DatabaseMade, aurora, rds
from tests.components.made import changed


def hidden(value: dict[str, Any]) -> str:
    """The text of an input that the engine knows as a secret; fails for any other."""
    return str(value["value"])


def value_of(made: DatabaseMade, role: str) -> dict[str, Any]:
    """What is written into a secret at first."""
    return dict(json.loads(hidden(made.inputs(f"database-{role}-secret-value")["secretStringWo"])))


@BOTH
def test_the_application_has_a_secret_of_its_own(make: Any) -> None:
    made = make()
    secret = made.inputs("database-application-secret")
    assert secret["name"] == "shop/dev/db"
    assert secret["kmsKeyId"] == "arn:aws:kms:ap-northeast-1:123456789012:database-key"
    value = value_of(made, "application")
    assert set(value) == {"username", "password", "engine", "host", "port", "dbname", "url"}
    assert (value["username"], value["engine"], value["port"], value["dbname"]) == ("shop_app", "postgres", 5432, "app")
    assert value["host"] == made.variables("application")["DB_HOST"]
    assert made.recording.outputs["database"]["secret_id"].endswith("database-application-secret")


@BOTH
def test_the_first_value_is_what_the_rotation_would_write(make: Any) -> None:
    """Otherwise the function would correct the address of a secret that Pulumi just wrote."""
    value = value_of(make(), "application")
    address = Address(host=value["host"], port=value["port"], dbname=value["dbname"], ca="/etc/ssl/certs/rds-global-bundle.pem")
    assert address.put_into(value) == value


@BOTH
def test_a_first_value_is_write_only_and_never_written_again(make: Any) -> None:
    """A rotation would be undone by whatever writes the value again."""
    one, other = make(), make(port=5433, password_rotation_days=7)
    assert value_of(one, "application") != value_of(other, "application")
    for made in (one, other):
        inputs = made.inputs("database-application-secret-value")
        assert inputs["secretStringWoVersion"] == 1
        assert "secretString" not in inputs


@BOTH
def test_no_password_is_in_the_open(make: Any) -> None:
    made = make()
    passwords = {f"{name}.result" for name in made.of_type("RandomPassword")} | {
        json.loads(hidden(version.inputs["secretStringWo"]))["password"] for version in made.of_type("SecretVersion").values()
    }
    assert passwords
    for resource in made.recording.resources.values():
        shown = {key: value for key, value in resource.inputs.items() if not key.endswith("Wo")}
        assert not [password for password in passwords if password in json.dumps(shown, default=str)], resource.name
    assert not [password for password in passwords if password in json.dumps(made.recording.outputs, default=str)]


@BOTH
def test_a_password_needs_no_quoting_and_cannot_be_guessed(make: Any) -> None:
    for resource in make().of_type("RandomPassword").values():
        assert (resource.inputs["length"], resource.inputs["special"]) == (32, False)


@pytest.mark.parametrize("make", [DATABASES["aurora"], DATABASES["rds"]], ids=["aurora", "rds"])
def test_complaint_10_aws_keeps_the_admin_password_where_it_can(make: Any) -> None:
    made = make()
    inputs = made.inputs("database-cluster" if made.of_type("rds/cluster:Cluster") else "database-instance")
    assert inputs["manageMasterUserPassword"] is True
    assert inputs["masterUserSecretKmsKeyId"].endswith("database-key")
    assert not {"passwordWo", "masterPasswordWo", "password", "masterPassword"} & set(inputs)
    assert "database-admin-secret" not in {resource.name for resource in made.recording.resources.values()}
    assert made.recording.outputs["database"]["admin_secret_id"] == made.variables("owner")["DB_SECRET_ID"]


@pytest.mark.parametrize("change", [{"readers": 1}, {"blue_green": True}], ids=str)
def test_complaint_10_rds_with_replicas_or_blue_green_has_an_admin_secret_of_ours(change: dict[str, Any]) -> None:
    made = rds(**change)
    inputs, value = made.inputs("database-instance"), value_of(made, "admin")
    assert "manageMasterUserPassword" not in inputs
    assert (hidden(inputs["passwordWo"]), inputs["passwordWoVersion"]) == (value["password"], 1)
    assert made.inputs("database-admin-secret")["name"] == "shop/dev/db-admin"
    assert (value["username"], value["port"]) == ("shop_admin", 5432)
    assert made.recording.outputs["database"]["admin_secret_id"].endswith("database-admin-secret")


def test_complaint_10_readers_of_aurora_do_not_matter() -> None:
    assert aurora(readers=2).inputs("database-cluster")["manageMasterUserPassword"] is True


def test_a_new_admin_password_changes_secret_and_database_together() -> None:
    before, after = rds(readers=1), rds(readers=1, password_version=2)
    assert changed(before, after) == {
        "database-admin-password": {"keepers"},
        "database-admin-secret-value": {"secretStringWoVersion"},
        "database-instance": {"passwordWoVersion"},
    }


@BOTH
def test_complaint_14_every_login_has_a_schedule(make: Any) -> None:
    """Left alone, a managed secret rotates every 7 days and the others never."""
    made = make(password_rotation_days=60)
    for name in ("database-application-rotation", "database-admin-rotation"):
        inputs = made.inputs(name)
        assert inputs["rotationRules"] == {"automaticallyAfterDays": 60}
        assert inputs["rotateImmediately"] is False
    assert made.inputs("database-application-rotation")["rotationLambdaArn"].endswith("database-rotation")


def test_complaint_14_only_a_secret_of_ours_needs_the_function() -> None:
    assert "rotationLambdaArn" not in aurora().inputs("database-admin-rotation")
    assert aurora().named("database-admin-rotation").options.retain_on_delete
    assert rds(readers=1).inputs("database-admin-rotation")["rotationLambdaArn"].endswith("database-rotation")


@BOTH
def test_complaint_15_the_user_name_comes_from_the_secret_too(make: Any) -> None:
    """Two users take turns: a new password with the old name would be refused."""
    made = make()
    name, password = made.application.secrets["DB_USER"], made.application.secrets["DB_PASSWORD"]
    assert (name.key, password.key) == ("username", "password")
    assert name.id is password.id
    assert "DB_USER" not in made.owner.secrets, "one admin, one name"


@BOTH
def test_workloads_start_when_the_secret_is_true(make: Any) -> None:
    needed = {resource._name for resource in make().application.after}
    assert {"database-application-secret-value", "database-rotation-address"} <= needed


def test_the_owner_may_read_the_login_that_it_makes_and_the_application_only_its_own() -> None:
    made = aurora()
    assert made.variables("owner")["DB_APPLICATION_SECRET_ID"] == made.variables("application")["DB_SECRET_ID"]
    assert "DB_APPLICATION_SECRET_ID" not in made.variables("application")
    read = {
        role: [
            item["Resource"]
            for item in made.recording.outputs[f"rights {role}"]
            if "secretsmanager:GetSecretValue" in item["Action"]
        ]
        for role in ("application", "owner")
    }
    application, admin = made.variables("application")["DB_SECRET_ID"], made.variables("owner")["DB_SECRET_ID"]
    assert read["application"] == [[application]]
    assert read["owner"] == [[admin, application]]


@pytest.mark.parametrize("make", [aurora, rds], ids=["aurora", "rds"])
def test_a_deleted_secret_can_be_restored_where_the_data_can(make: Any) -> None:
    """rds of prod has a reader, and so an admin's secret too."""
    for made, days, kept in ((make("prod"), 30, True), (make("dev"), 0, False)):
        assert made.of_type("secret:Secret")
        for secret in made.of_type("secret:Secret").values():
            assert secret.inputs["recoveryWindowInDays"] == days
            assert bool(secret.options.protect) is (kept and "application" in secret.name), "the others come and go"
