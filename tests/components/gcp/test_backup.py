"""Logical backups: the bucket, its lifecycle, what the jobs may do, the drill, and that a missing one is noticed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.gcp.stack import gcp_stack
from tests.recorder import Recording, email_of


def bucket(recording: Recording) -> dict[str, Any]:
    return recording.of_type("storage/bucket:Bucket")["backups-bucket"].inputs


def rules(recording: Recording) -> list[tuple[Any, ...]]:
    """(prefix, age in days, action, class) of each rule about live objects."""
    return [
        (
            *rule["condition"]["matchesPrefixes"],
            rule["condition"]["age"],
            rule["action"]["type"],
            rule["action"].get("storageClass"),
        )
        for rule in bucket(recording)["lifecycleRules"]
        if "matchesPrefixes" in rule["condition"]
    ]


def job(recording: Recording, role: str) -> dict[str, Any]:
    return recording.of_type("cloudrunv2/job:Job")[f"backups-{role}"].inputs


def task(recording: Recording, role: str) -> dict[str, Any]:
    found: dict[str, Any] = job(recording, role)["template"]["template"]
    return found


def variables(recording: Recording, role: str) -> dict[str, Any]:
    return {item["name"]: item for item in task(recording, role)["containers"][0]["envs"]}


def test_daily_goes_after_a_month_and_monthly_after_a_year_in_the_cold() -> None:
    assert rules(gcp_stack()) == [
        ("daily/", 30, "Delete", None),
        ("monthly/", 90, "SetStorageClass", "ARCHIVE"),
        ("monthly/", 365, "Delete", None),
    ]


def test_retention_is_one_setting_for_bucket_and_program() -> None:
    recording = gcp_stack(backups={"retention_days": 60})
    assert ("daily/", 60, "Delete", None) in rules(recording)
    assert variables(recording, "create")["BACKUP_RETENTION_DAYS"]["value"] == "60"


def test_what_the_job_deletes_can_be_had_back_for_a_month() -> None:
    found = bucket(gcp_stack())
    assert found["versioning"] == {"enabled": True}
    overwritten = [rule for rule in found["lifecycleRules"] if rule["condition"].get("daysSinceNoncurrentTime")]
    assert [(rule["condition"]["daysSinceNoncurrentTime"], rule["action"]["type"]) for rule in overwritten] == [(30, "Delete")]


def test_the_jobs_may_touch_their_bucket_only() -> None:
    recording = gcp_stack()
    rights = [
        item
        for item in recording.resources.values()
        if item.name.startswith("backups-") and "backups-identity" in str(item.inputs.get("member"))
    ]
    on_storage = [item.inputs for item in rights if item.type.endswith(":BucketIAMMember")]
    assert [(right["bucket"], right["role"]) for right in on_storage] == [(bucket(recording)["name"], "roles/storage.objectUser")]
    others = {item.inputs["role"] for item in rights if not item.type.endswith(":BucketIAMMember")}
    assert others == {"roles/secretmanager.secretAccessor", "backups-drill-looks-role.name", "backups-drill-copies-role.name"}
    of_project = [item.name for item in rights if "projects/" in item.type]
    assert of_project == ["backups-drill-looks", "backups-drill-copies"], "secrets one by one, and drills"


def test_a_drill_may_change_its_own_copies_only() -> None:
    recording = gcp_stack()
    roles = {name: set(item.inputs["permissions"]) for name, item in recording.of_type(":IAMCustomRole").items()}
    looks, copies = roles["backups-drill-looks-role"], roles["backups-drill-copies-role"]
    assert all(permission.endswith((".get", ".list")) for permission in looks)
    assert {"cloudsql.instances.create", "cloudsql.instances.restoreBackup", "cloudsql.instances.delete"} <= copies
    members = recording.of_type("projects/iAMMember:IAMMember")
    assert "condition" not in members["backups-drill-looks"].inputs
    condition = members["backups-drill-copies"].inputs["condition"]["expression"]
    assert condition.endswith("/instances/shop-dev-drill-')")


def test_a_drill_knows_its_stack() -> None:
    handles = json.loads(variables(gcp_stack(), "drill")["STACK_HANDLES"]["value"])
    assert (handles["provider"], handles["prefix"], handles["database"]["name"]) == ("gcp", "shop-dev", "app")


@pytest.mark.parametrize(("role", "command"), [("create", ["backup", "create"]), ("drill", ["drill"])])
def test_both_jobs_are_the_owner_of_the_database_in_our_own_image(role: str, command: list[str]) -> None:
    recording = gcp_stack()
    found = variables(recording, role)
    (container,) = task(recording, role)["containers"]
    assert container["args"] == ["python", "-m", "operations", *command]
    assert container["image"].endswith("/operations:0.1.0")
    assert found["BACKUP_GCS_BUCKET"]["value"] == bucket(recording)["name"]
    assert found["DB_USER"]["value"] == "shop_admin"
    assert "valueSource" in found["DB_PASSWORD"], "a reference, not the password"
    assert task(recording, role)["serviceAccount"] == email_of("backups-identity")
    assert task(recording, role)["maxRetries"] == 0


def test_it_runs_at_three_in_tokyo_and_the_drill_on_the_first() -> None:
    schedules = {name: item.inputs for name, item in gcp_stack().of_type("cloudscheduler/job:Job").items()}
    create, drill = schedules["backups-create-schedule"], schedules["backups-drill-schedule"]
    assert (create["schedule"], create["timeZone"]) == ("0 3 * * *", "Asia/Tokyo")
    assert (drill["schedule"], drill["timeZone"]) == ("0 5 1 * *", "Asia/Tokyo")
    assert create["httpTarget"]["uri"] == "https://run.googleapis.com/v2/backups-create-id:run"
    assert drill["httpTarget"]["uri"] == "https://run.googleapis.com/v2/backups-drill-id:run"


def test_gcp_complaint_24_what_a_schedule_starts_carries_no_token() -> None:
    for role in ("create", "drill"):
        assert "runExecutionToken" not in job(gcp_stack(), role)


def test_a_run_ends_before_the_next_begins() -> None:
    seconds = int(task(gcp_stack(), "create")["timeout"].removesuffix("s"))
    assert 3600 < seconds < 24 * 3600


def test_backups_outlive_the_stack_in_prod_only() -> None:
    for tier, kept in (("prod", True), ("dev", False)):
        recording = gcp_stack(tier)
        protected = {item.name for item in recording.resources.values() if item.options.protect}
        assert ("backups-bucket" in protected) is kept
        assert bucket(recording)["forceDestroy"] is not kept


def test_null_turns_them_off() -> None:
    assert not [item.name for item in gcp_stack(backups=None).resources.values() if item.name.startswith("backups")]


@pytest.mark.parametrize(("schedule", "pause"), [("0 3 * * *", 24), ("0 3 * * 1", 168), ("0 */6 * * *", 6)])
def test_a_missing_backup_is_noticed_after_the_schedules_longest_pause(schedule: str, pause: int) -> None:
    recording = gcp_stack(backups={"schedule": schedule})
    (condition,) = recording.of_type(":AlertPolicy")["backups-missing"].inputs["conditions"]
    found = condition["conditionPrometheusQueryLanguage"]
    assert f'job_name=~"shop-dev-backups-create",result=~"succeeded"}}[{pause}h])) or vector(0)) < 1' in found["query"]
    assert found["duration"] == "7200s", "two hours for the backup itself"


def test_backups_wait_for_their_rights() -> None:
    recording = gcp_stack()
    depends_on: Any = recording.of_type("cloudrunv2/job:Job")["backups-create"].options.depends_on
    waits = {resource._name for resource in depends_on}
    assert "backups-writes.backups-bucket" in waits, "the right on the bucket"
    assert any(name.startswith("backups-database-secret") for name in waits), "the rights on the secrets"
    assert "network-api-serviceusage" in waits
