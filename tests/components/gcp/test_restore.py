"""First data of a database: what the stack file says, and what Cloud SQL is told."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.restore import SNAPSHOT, first_data
from components.settings.database import RestoreSettings
from tests.components.gcp.database import EXISTING, INSTANCE, cloud_sql
from tests.components.made import added, changed

BACKUP_DR = "projects/p/locations/asia-northeast1/backupVaults/v/dataSources/s/backups/b"
NEAR = {"existing": EXISTING}
"""A clone lies in the network of its source."""
CLONE = {"source": "shop-production-0a1b2c3d", "time": "2026-01-15T10:30:00Z"}


def test_nothing_is_an_empty_database() -> None:
    assert first_data(None) == {}


def test_a_moment_of_another_instance_is_a_clone() -> None:
    assert first_data(RestoreSettings(**CLONE)) == {
        "clone": {"source_instance_name": CLONE["source"], "point_in_time": CLONE["time"]}
    }


def test_a_backup_is_named_by_instance_and_run() -> None:
    assert first_data(RestoreSettings(snapshot="shop-0a1b2c3d/1768473000000")) == {
        "restore_backup_context": {"instance_id": "shop-0a1b2c3d", "backup_run_id": 1768473000000}
    }


def test_or_as_the_backup_service_names_it() -> None:
    assert first_data(RestoreSettings(snapshot=BACKUP_DR)) == {"backupdr_backup": BACKUP_DR}


@pytest.mark.parametrize("snapshot", ["1768473000000", "shop/0", "shop/1x", "rds:shop-2026", "projects/p/backups/b", ""])
def test_anything_else_is_no_backup(snapshot: str) -> None:
    assert not SNAPSHOT.fullmatch(snapshot)
    with pytest.raises(ValueError, match=r"database\.restore\.snapshot is"):
        first_data(RestoreSettings(snapshot=snapshot))


@pytest.mark.parametrize("snapshot", ["shop-0a1b2c3d/1", BACKUP_DR])
def test_what_the_rules_let_through(snapshot: str) -> None:
    assert SNAPSHOT.fullmatch(snapshot)


@pytest.mark.parametrize("restore", [CLONE, {"snapshot": "shop-0a1b2c3d/1768473000000"}])
def test_it_is_read_at_creation_only(restore: dict[str, Any]) -> None:
    """A changed backup would be restored over the data of today: the provider does that on an update."""
    made = cloud_sql(network=NEAR, restore=restore)
    assert {"clone", "restoreBackupContext", "backupdrBackup"} <= set(made.named(INSTANCE).options.ignore_changes or ())
    assert "database-suffix" not in changed(cloud_sql(network=NEAR), made), "the name stays, so the instance does"


def test_a_copy_brings_its_database_along() -> None:
    """Cloud SQL refuses to make one that is there."""
    made = cloud_sql(network=NEAR, restore=CLONE)
    assert not made.of_type("sql/database:Database")
    assert added(made, cloud_sql(network=NEAR)) == {"database-database"}
    assert made.needed_by("database-admin-user") >= {INSTANCE}
    assert made.variables("application")["DB_NAME"] == "app"


def test_a_clone_has_the_disk_of_its_source() -> None:
    """The provider sends our settings right after cloning, and a disk cannot shrink. A backup goes into a new instance."""
    assert "diskSize" not in cloud_sql(network=NEAR, restore=CLONE).settings()
    assert cloud_sql(restore={"snapshot": BACKUP_DR}, storage={"size_gib": 50}).settings()["diskSize"] == 50


def test_a_clone_keeps_the_key_of_its_source() -> None:
    """Ours would differ from it for ever, and an instance cannot change its key: it would be made anew and empty."""
    made = cloud_sql(network=NEAR, restore=CLONE, customer_managed_key=True)
    assert "encryptionKeyName" in (made.named(INSTANCE).options.ignore_changes or ())
