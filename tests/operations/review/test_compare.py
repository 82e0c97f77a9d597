"""What becomes of resources between two programs, and which changes lose data."""

from __future__ import annotations

from pathlib import Path

import pytest

from operations.review.compare import compare
from operations.review.model import Change, Kind, Operation, Risk
from operations.review.risks import risks
from tests.operations.review.checkout import CLUSTER, graph


def compared(tmp_path: Path, before: str, after: str) -> tuple[tuple[Change, ...], tuple[Risk, ...]]:
    one, other = graph(tmp_path / "before", before), graph(tmp_path / "after", after)
    changes = compare(one, other)
    return changes, risks(changes, one, other)


def edited(tmp_path: Path, old: str, new: str) -> tuple[tuple[Change, ...], tuple[Risk, ...]]:
    """The cluster's program, with *old* replaced by *new*."""
    assert old in CLUSTER
    return compared(tmp_path, CLUSTER, CLUSTER.replace(old, new))


def only(changes: tuple[Change, ...], name: str = "database-cluster") -> Change:
    return next(change for change in changes if change.resource.name == name)


def test_nothing_changes(tmp_path: Path) -> None:
    assert compared(tmp_path, CLUSTER, CLUSTER) == ((), ())


def test_a_change_in_place_is_told_property_by_property(tmp_path: Path) -> None:
    changes, found = edited(tmp_path, "backup_retention_period=7", "backup_retention_period=30")
    change = only(changes)
    assert (change.kind, change.reason) == (Kind.CHANGED, "")
    assert [(item.path, item.before, item.after) for item in change.properties] == [("backupRetentionPeriod", 7, 30)]
    assert found == ()


def test_a_create_only_property_replaces_the_database(tmp_path: Path) -> None:
    changes, found = edited(tmp_path, 'database_name="app"', 'database_name="other"')
    change = only(changes)
    assert change.kind is Kind.REPLACED
    assert "databaseName" in change.reason
    assert [item.create_only for item in change.properties] == [True]
    assert [(risk.operation, risk.resource.name) for risk in found] == [(Operation.REPLACE, "database-cluster")]
    assert "databaseName" in found[0].reason


def test_another_key_is_a_change_although_both_are_unknown(tmp_path: Path) -> None:
    other = 'other = aws.kms.Key("other-key", description="key", opts=here)\ncluster ='
    changes, found = compared(tmp_path, CLUSTER, CLUSTER.replace("cluster =", other).replace("key.arn", "other.arn"))
    change = only(changes)
    assert [(item.path, item.before, item.after) for item in change.properties] == [
        ("kmsKeyId", "<database-key.arn>", "<other-key.arn>")
    ]
    assert change.kind is Kind.REPLACED
    assert [risk.operation for risk in found] == [Operation.REPLACE]


def test_what_is_made_from_something_replaced_is_replaced_too(tmp_path: Path) -> None:
    changes, found = edited(tmp_path, 'description="key"', 'description="key", multi_region=True')
    assert {change.resource.name: change.kind for change in changes} == {
        "database-key": Kind.REPLACED,
        "database-cluster": Kind.REPLACED,
    }
    assert "comes from database-key, which is replaced" in only(changes).reason
    assert {risk.resource.name for risk in found} == {"database-key", "database-cluster"}


def test_a_database_that_is_gone_is_the_first_risk(tmp_path: Path) -> None:
    without = CLUSTER[: CLUSTER.index("cluster = ")]
    changes, found = compared(tmp_path, CLUSTER, without.replace('description="key"', 'description="key", multi_region=True'))
    assert only(changes).kind is Kind.REMOVED
    assert [risk.operation for risk in found] == [Operation.DELETE, Operation.REPLACE]
    assert found[0].holds == "the database"
    assert "It is protected" in found[0].reason


def test_a_rename_without_an_alias_deletes_and_says_how_to_mend_it(tmp_path: Path) -> None:
    changes, found = edited(tmp_path, '"database-cluster"', '"database-main"')
    assert {change.kind for change in changes} == {Kind.REMOVED, Kind.ADDED}
    assert "database-main" in found[0].way_out
    assert "alias" in found[0].way_out


def test_a_rename_with_an_alias_is_nothing(tmp_path: Path) -> None:
    alias = 'pulumi.ResourceOptions.merge(here, pulumi.ResourceOptions(aliases=[pulumi.Alias(name="database-key")]))'
    renamed = CLUSTER.replace('"database-key"', '"database-main-key"')
    renamed = renamed.replace('description="key", opts=here', f'description="key", opts={alias}')
    assert compared(tmp_path, CLUSTER, renamed) == ((), ())


def test_children_follow_a_component_that_was_renamed(tmp_path: Path) -> None:
    renamed = CLUSTER.replace('"database")', '"db", opts=pulumi.ResourceOptions(aliases=[pulumi.Alias(name="database")]))')
    renamed = renamed.replace('"database-', '"db-')
    assert compared(tmp_path, CLUSTER, renamed) == ((), ())


def test_a_retained_resource_is_not_lost(tmp_path: Path) -> None:
    retained = CLUSTER.replace("protect=True", "protect=True, retain_on_delete=True")
    changes, found = compared(tmp_path, retained, retained[: retained.index("cluster = ")])
    assert only(changes).kind is Kind.REMOVED
    assert found == ()


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("protect=True", "protect=False", "protect"),
        ("deletion_protection=True", "deletion_protection=False", "deletionProtection"),
        ("deletion_protection=True,", "", "deletionProtection"),
        ("backup_retention_period=7", "backup_retention_period=1", "backupRetentionPeriod"),
        ("backup_retention_period=7,", "", "backupRetentionPeriod"),
        ("storage_encrypted=True,", "storage_encrypted=True, skip_final_snapshot=True,", "skipFinalSnapshot"),
    ],
)
def test_protection_that_goes_is_a_risk(tmp_path: Path, old: str, new: str, path: str) -> None:
    _, found = edited(tmp_path, old, new)
    cluster = [risk for risk in found if risk.resource.name == "database-cluster"]
    assert [risk.operation for risk in cluster] == [Operation.UNPROTECT]
    assert cluster[0].reason.startswith(path)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("deletion_protection=True", "deletion_protection=True, skip_final_snapshot=False"),
        ("backup_retention_period=7", "backup_retention_period=35"),
    ],
)
def test_more_protection_is_none(tmp_path: Path, old: str, new: str) -> None:
    assert edited(tmp_path, old, new)[1] == ()


def test_ignored_and_kept_properties_change_nothing(tmp_path: Path) -> None:
    ignoring = CLUSTER.replace("protect=True", 'protect=True, ignore_changes=["engineVersion"]')
    assert compared(tmp_path / "ignored", ignoring, ignoring.replace('"17"', '"18"')) == ((), ())
    named = CLUSTER.replace("storage_encrypted=True", 'storage_encrypted=True, db_subnet_group_name="group"')
    assert compared(tmp_path / "kept", named, CLUSTER) == ((), ()), "the cloud keeps what the program leaves out"


def test_the_program_itself_can_ask_for_a_replacement(tmp_path: Path) -> None:
    asked = CLUSTER.replace("protect=True", 'protect=True, replace_on_changes=["engineVersion"]')
    changes, _ = compared(tmp_path, asked, asked.replace('"17"', '"18"'))
    assert only(changes).kind is Kind.REPLACED
