"""Logical backups: the bucket, its lifecycle, what the job may do, the drill, and the vault by choice."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.aws.stack import aws_stack
from tests.recorder import Recording

RDS: dict[str, Any] = {"database": {"backend": "rds"}, "backups": {"vault": True, "retention_days": 60}}
LOCKED: dict[str, Any] = {"tier": "prod", "backups": {"vault": True}}


def rules(recording: Recording) -> dict[str, dict[str, Any]]:
    (lifecycle,) = (
        item for name, item in recording.of_type(":BucketLifecycleConfiguration").items() if name.startswith("backups-")
    )
    return {rule["id"]: rule for rule in lifecycle.inputs["rules"]}


def rights(recording: Recording) -> list[dict[str, Any]]:
    policy = recording.of_type(":RolePolicy")["backups-task-role-policy"].inputs["policy"]
    found: list[dict[str, Any]] = json.loads(policy)["Statement"]
    return found


def container(recording: Recording) -> dict[str, Any]:
    found: list[dict[str, Any]] = json.loads(recording.of_type(":TaskDefinition")["backups-task"].inputs["containerDefinitions"])
    return found[0]


def test_daily_goes_after_a_month_and_monthly_after_a_year_in_the_cold() -> None:
    found = rules(aws_stack())
    assert found["daily"]["filter"] == {"prefix": "daily/"}
    assert found["daily"]["expiration"] == {"days": 30}
    assert found["monthly"]["filter"] == {"prefix": "monthly/"}
    assert found["monthly"]["transitions"] == [{"days": 90, "storageClass": "GLACIER"}]
    assert found["monthly"]["expiration"] == {"days": 365}
    assert found["overwritten"]["noncurrentVersionExpiration"] == {"noncurrentDays": 30}
    assert found["abandoned-uploads"]["abortIncompleteMultipartUpload"] == {"daysAfterInitiation": 7}


def test_retention_is_one_setting_for_bucket_and_program() -> None:
    recording = aws_stack(**RDS)
    assert rules(recording)["daily"]["expiration"] == {"days": 60}
    assert {"name": "BACKUP_RETENTION_DAYS", "value": "60"} in container(recording)["environment"]


def test_the_bucket_is_closed_encrypted_versioned_and_logged() -> None:
    recording = aws_stack()
    closed = recording.of_type(":BucketPublicAccessBlock")["backups-bucket-private"].inputs
    assert all(closed[key] for key in ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"))
    rule = recording.of_type(":BucketServerSideEncryptionConfiguration")["backups-bucket-encryption"].inputs["rules"][0]
    default = rule["applyServerSideEncryptionByDefault"]
    assert default["sseAlgorithm"] == "aws:kms"
    assert default["kmsMasterKeyId"].endswith("backups-key")
    assert recording.of_type(":BucketVersioning")["backups-bucket-versions"].inputs["versioningConfiguration"] == {
        "status": "Enabled"
    }
    assert recording.of_type(":BucketLogging")["backups-bucket-logging"].inputs["targetPrefix"] == "s3/backups/"
    (statement,) = json.loads(recording.of_type(":BucketPolicy")["backups-bucket-policy"].inputs["policy"])["Statement"]
    assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_the_job_may_touch_its_bucket_only_and_no_versions() -> None:
    s3 = [statement for statement in rights(aws_stack()) if statement["Action"][0].startswith("s3:")]
    assert {action for statement in s3 for action in statement["Action"]} == {
        *("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"),
        *("s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"),
    }
    resources = {resource for statement in s3 for resource in statement["Resource"]}
    assert {resource.removesuffix("/*") for resource in resources} == {"arn:aws:s3:ap-northeast-1:123456789012:backups-bucket"}
    assert not [statement for statement in rights(aws_stack()) if "*" in statement["Resource"]]


def test_a_drill_may_change_its_own_copies_only() -> None:
    found = {tuple(statement["Action"]): statement for statement in rights(aws_stack(**RDS))}
    statements = [statement for actions, statement in found.items() if actions[0].startswith("rds:")]
    place = "arn:aws:rds:ap-northeast-1:123456789012"
    changing = [one for one in statements if any(action.startswith(("rds:Delete", "rds:Modify")) for action in one["Action"])]
    (change,) = changing
    servers = {arn for arn in change["Resource"] if ":cluster:" in arn or ":db:" in arn}
    assert servers == {f"{place}:cluster:shop-dev-drill-*", f"{place}:db:shop-dev-drill-*"}
    assert {arn.split(":")[5] for arn in change["Resource"]} == {"cluster", "db", "cluster-pg", "og", "pg"}
    (restore,) = (one for one in statements if "rds:RestoreDBInstanceFromDBSnapshot" in one["Action"])
    snapshots = {arn for arn in restore["Resource"] if "snapshot" in arn}
    assert f"{place}:snapshot:rds:shop-dev-*" in snapshots
    assert all("shop-dev-*" in arn for arn in snapshots), "nobody else's"
    (others,) = (one for one in statements if one not in (change, restore))
    assert all(action.startswith(("rds:Describe", "rds:List")) for action in others["Action"])
    (lent,) = (one for actions, one in found.items() if actions == ("kms:CreateGrant",))
    assert lent["Condition"]["Bool"] == {"kms:GrantIsForAWSResource": "true"}


def test_a_drill_knows_its_stack() -> None:
    (text,) = (item["value"] for item in container(aws_stack())["environment"] if item["name"] == "STACK_HANDLES")
    handles = json.loads(text)
    assert (handles["provider"], handles["prefix"], handles["database"]["id"]) == ("aws", "shop-dev", "shop-dev")
    assert handles["database"]["direct"]["port"] == 5432


def test_the_job_is_the_owner_of_the_database_with_the_guides_variables() -> None:
    found = container(aws_stack())
    variables = {item["name"]: item["value"] for item in found["environment"]}
    assert variables["BACKUP_S3_BUCKET"] == "backups-bucket.bucket"
    assert variables["DB_USER"] == "shop_admin"
    assert "DB_PASSWORD" in {item["name"] for item in found["secrets"]}
    assert found["command"] == ["python", "-m", "operations", "backup", "create"]
    assert found["image"] == "network-repository-operations.repository_url:0.1.0", "from the stack's own registry"


def test_it_runs_at_three_in_tokyo_and_the_drill_on_the_first() -> None:
    schedules = {name: item.inputs for name, item in aws_stack().of_type(":Schedule").items() if name.startswith("backups-")}
    create, drill = schedules["backups-create"], schedules["backups-drill"]
    assert (create["scheduleExpression"], create["scheduleExpressionTimezone"]) == ("cron(0 3 * * ? *)", "Asia/Tokyo")
    assert (drill["scheduleExpression"], drill["scheduleExpressionTimezone"]) == ("cron(0 5 1 * ? *)", "Asia/Tokyo")
    override = json.loads(drill["target"]["input"])["containerOverrides"][0]
    assert override == {"name": "backups", "command": ["python", "-m", "operations", "drill"]}


def test_backups_outlive_the_stack_in_prod_only() -> None:
    prod, dev = aws_stack("prod"), aws_stack("dev")
    names = ("backups-bucket", "backups-key")
    for recording, kept in ((prod, True), (dev, False)):
        protected = {
            item.name for item in recording.resources.values() if item.options.protect and item.name.startswith("backups-")
        }
        assert (set(names) <= protected) is kept
        assert recording.of_type("s3/bucket:Bucket")["backups-bucket"].inputs["forceDestroy"] is not kept


def test_null_turns_them_off() -> None:
    assert not [item.name for item in aws_stack(backups=None).resources.values() if item.name.startswith("backups")]


def test_there_is_no_vault_unless_asked_for() -> None:
    assert not aws_stack("prod").of_type("backup/vault:Vault")


@pytest.mark.parametrize(("change", "source", "days"), [(LOCKED, "database-cluster", 30), (RDS, "database-instance", 60)])
def test_a_vault_keeps_snapshots_of_the_database(change: dict[str, Any], source: str, days: int) -> None:
    recording = aws_stack(**change)
    (plan,) = recording.of_type("backup/plan:Plan").values()
    (rule,) = plan.inputs["rules"]
    assert rule["lifecycle"] == {"deleteAfter": days}
    assert rule["schedule"] == "cron(0 3 * * ? *)"
    assert rule["startWindow"] > 120, "03:00 in Tokyo is in the hour before the maintenance window"
    (selection,) = recording.of_type("backup/selection:Selection").values()
    assert [resource.rpartition(":")[2] for resource in selection.inputs["resources"]] == [source]
    pattern = json.loads(recording.of_type(":EventRule")["backups-vault-failed"].inputs["eventPattern"])
    assert "FAILED" in pattern["detail"]["state"]


def test_a_protected_vault_is_locked() -> None:
    locked = aws_stack(**LOCKED)
    (lock,) = locked.of_type(":VaultLockConfiguration").values()
    assert lock.inputs["minRetentionDays"] == 30
    assert not lock.options.protect, "it goes when deletion_protection is taken away"
    assert "changeableForDays" not in lock.inputs, "governance mode: compliance could never be undone"
    (vault,) = locked.of_type("backup/vault:Vault").values()
    assert vault.options.protect
    assert vault.inputs["forceDestroy"] is False
    assert not aws_stack(**RDS).of_type(":VaultLockConfiguration")


def test_a_missing_backup_is_noticed_after_the_schedules_longest_pause() -> None:
    recording = aws_stack()
    alarm = recording.of_type(":MetricAlarm")["backups-missing"].inputs
    assert (alarm["period"], alarm["evaluationPeriods"], alarm["treatMissingData"]) == (3600, 26, "breaching")
    assert (alarm["comparisonOperator"], alarm["threshold"]) == ("LessThanThreshold", 1)
    lines = recording.of_type(":LogMetricFilter")["backups-missing-lines"].inputs
    assert lines["pattern"] == '"verified and published"', "what `backup create` prints at a good end"
    assert lines["metricTransformation"]["name"] == alarm["metricName"]


def test_a_schedule_that_pauses_longer_than_cloudwatch_looks_back_has_no_such_alarm() -> None:
    assert "backups-missing" not in aws_stack(backups={"schedule": "0 3 1 * *"}).of_type(":MetricAlarm")


def test_the_dump_has_a_disk_of_its_own() -> None:
    recording = aws_stack(backups={"scratch_gib": 150})
    task = recording.of_type(":TaskDefinition")["backups-task"].inputs
    assert task["ephemeralStorage"] == {"sizeInGib": 150}
    assert [volume["name"] for volume in task["volumes"]] == ["scratch"]
    assert container(recording)["mountPoints"] == [{"containerPath": "/scratch", "readOnly": False, "sourceVolume": "scratch"}]
    assert {"name": "TMPDIR", "value": "/scratch"} in container(recording)["environment"]
    assert container(recording)["readonlyRootFilesystem"]
