"""RDS: the instance, its standby and replicas, disk, Blue/Green. The complaints are those of shared/anchors/aws.md."""

from __future__ import annotations

import re
from typing import Any

import pytest

from components.config import SettingsError
from tests.components.aws.database import rds
from tests.components.made import added, changed
from tests.recorder import ROOT

PRIMARY = "database-instance"
REPLICA = "database-replica-2"


def test_the_instance_is_private_encrypted_and_backed_up() -> None:
    made = rds("prod")
    primary = made.inputs(PRIMARY)
    assert primary["storageEncrypted"]
    assert primary["kmsKeyId"].endswith("database-key")
    assert not primary["publiclyAccessible"]
    assert (primary["backupRetentionPeriod"], primary["backupWindow"]) == (30, "17:00-18:00")
    assert primary["identifier"] == "shop-production"
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"} in made.inputs("database-parameters")[
        "parameters"
    ]


def test_ha_is_a_standby_and_readers_are_replicas() -> None:
    alone, ha = rds(), rds(ha=True, readers=2)
    assert (alone.inputs(PRIMARY)["multiAz"], len(alone.of_type("rds/instance:Instance"))) == (False, 1)
    assert (ha.inputs(PRIMARY)["multiAz"], len(ha.of_type("rds/instance:Instance"))) == (True, 3)
    assert [node.reader for node in ha.nodes] == [False, True, True]


def test_zones_differ_and_a_standby_chooses_its_own() -> None:
    made = rds(readers=1)
    assert made.inputs(PRIMARY)["availabilityZone"] != made.inputs(REPLICA)["availabilityZone"]
    assert "availabilityZone" not in rds(ha=True).inputs(PRIMARY)
    for name in (PRIMARY, REPLICA):
        assert "availability_zone" in (made.named(name).options.ignore_changes or []), "a failover moves it"


def test_a_replica_says_nothing_that_its_primary_decides() -> None:
    replica = rds("prod").inputs(REPLICA)
    assert replica["replicateSourceDb"] == "shop-production"
    decided = {"engine", "engineVersion", "username", "dbName", "manageMasterUserPassword", "passwordWo", "kmsKeyId"}
    assert not (decided | {"allocatedStorage", "dbSubnetGroupName"}) & replica.keys()
    assert replica["storageEncrypted"]
    assert replica["backupRetentionPeriod"] == 0


def test_a_minor_version_reaches_the_replicas_first() -> None:
    made = rds("prod", maintenance={"day": "mon", "window": "18:30-19:30"})
    assert made.inputs(PRIMARY)["maintenanceWindow"] == "mon:18:30-mon:19:30"
    assert made.inputs(REPLICA)["maintenanceWindow"] == "sun:18:30-sun:19:30"


def test_a_replica_more_leaves_the_others_alone() -> None:
    one, two = rds("prod"), rds("prod", readers=2)
    assert {name for name in added(one, two) if not name.startswith("database-replica-3")} == set()
    assert not {name for name in changed(one, two) if "instance" in name or "replica" in name}


def test_reading_hosts_are_the_replicas() -> None:
    made = rds("prod", readers=2)
    assert made.variables("application")["DB_READER_HOST"] == "database-replica-2.address,database-replica-3.address"
    assert rds().variables("application")["DB_READER_HOST"] == "database-instance.address"


@pytest.mark.parametrize(
    ("settings", "managed"), [({}, True), ({"ha": True}, True), ({"readers": 1}, False), ({"blue_green": True}, False)]
)
def test_the_admins_password_is_managed_where_aws_can(settings: dict[str, Any], managed: bool) -> None:
    primary = rds(**settings).inputs(PRIMARY)
    assert primary.get("manageMasterUserPassword", False) is managed
    assert ("passwordWo" in primary) is not managed
    assert "password" not in primary


def test_complaint_08_a_replica_takes_no_final_snapshot() -> None:
    made = rds("prod")
    assert made.inputs(REPLICA)["skipFinalSnapshot"]
    assert "finalSnapshotIdentifier" not in made.inputs(REPLICA)
    assert made.inputs(PRIMARY)["finalSnapshotIdentifier"].startswith("shop-production-final-")


def test_complaint_09_restore_is_read_once() -> None:
    copy = rds(restore={"source": "shop-production", "time": "2026-01-15T10:30:00Z"})
    assert copy.inputs(PRIMARY)["restoreToPointInTime"] == {
        "sourceDbInstanceIdentifier": "shop-production",
        "restoreTime": "2026-01-15T10:30:00Z",
    }
    assert not {"username", "dbName"} & copy.inputs(PRIMARY).keys()
    for made in (copy, rds()):
        assert {"snapshot_identifier", "restore_to_point_in_time"} <= set(made.named(PRIMARY).options.ignore_changes or [])


def test_complaint_09_a_copy_keeps_its_sources_key() -> None:
    """RDS takes no other key at a restore, and both arguments recreate an instance that differs from them."""
    for made in (rds(restore={"snapshot": "old"}), rds()):
        assert {"kms_key_id", "storage_encrypted"} <= set(made.named(PRIMARY).options.ignore_changes or [])


def test_complaint_11_blue_green_with_replicas_is_refused() -> None:
    with pytest.raises(
        SettingsError, match=r"would orphan the 1 readers; set database\.readers to 0, switch over, then add them"
    ):
        rds("prod", blue_green=True)


def test_complaint_12_blue_green_has_time_and_stays_protected() -> None:
    """Protection is declared whatever happens to it during a switch, so the next deployment puts it back."""
    made = rds("prod", readers=0, blue_green=True)
    primary = made.named(PRIMARY)
    timeouts = primary.options.custom_timeouts
    assert timeouts
    assert timeouts.update == timeouts.delete == "12h"
    assert primary.inputs["blueGreenUpdate"] == {"enabled": True}
    assert primary.inputs["deletionProtection"]
    assert primary.options.protect


def test_complaint_12_no_program_code_calls_aws() -> None:
    """A preview changes nothing: outside the providers, which the engine calls only to deploy, nothing here knows boto3."""
    files = list((ROOT / "components" / "aws").glob("*.py"))
    assert len(files) > 10
    assert not [path.name for path in files if re.search(r"^\s*(import|from) (boto3|botocore)", path.read_text(), re.MULTILINE)]


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_complaint_13_blue_green_is_no_default(tier: str) -> None:
    """It deletes the old instance without a snapshot; whoever wants it says so, after taking one (runbook in the README)."""
    assert "blueGreenUpdate" not in rds(tier).inputs(PRIMARY)


def test_complaint_16_the_instance_is_protected_in_prod() -> None:
    made = rds("prod")
    assert made.named(PRIMARY).options.protect
    assert made.inputs(PRIMARY)["deletionProtection"]
    assert not made.named(REPLICA).options.protect


def test_complaint_19_below_400_gib_the_speed_of_the_disk_is_not_said() -> None:
    primary = rds(storage={"size_gib": 100, "max_size_gib": 200}).inputs(PRIMARY)
    assert (primary["storageType"], primary["allocatedStorage"], primary["maxAllocatedStorage"]) == ("gp3", 100, 200)
    assert not {"iops", "storageThroughput"} & primary.keys()
    with pytest.raises(SettingsError, match=r"storage\.iops cannot be chosen below 400 GiB"):
        rds(storage={"size_gib": 100, "max_size_gib": 200, "iops": 3000})


def test_complaint_19_from_400_gib_on_it_is_left_out_or_enough() -> None:
    disk = {"size_gib": 400, "max_size_gib": 800}
    assert not {"iops", "storageThroughput"} & rds(storage=disk).inputs(PRIMARY).keys()
    fast = rds(storage={**disk, "iops": 16000, "throughput_mibps": 600}).inputs(PRIMARY)
    assert (fast["iops"], fast["storageThroughput"]) == (16000, 600)
    with pytest.raises(SettingsError, match=r"storage\.iops is 3000; from 400 GiB on it must be at least 12000"):
        rds(storage={**disk, "iops": 3000})


def test_a_disk_that_does_not_grow() -> None:
    assert "maxAllocatedStorage" not in rds(storage={"size_gib": 50, "max_size_gib": 50}).inputs(PRIMARY)


def test_complaint_21_log_groups_are_ours_before_rds_makes_them() -> None:
    made = rds("prod")
    groups = {item.inputs["name"]: item.name for item in made.of_type("logGroup:LogGroup").values()}
    for name, identifier in ((PRIMARY, "shop-production"), (REPLICA, "shop-production-2")):
        exports = made.inputs(name)["enabledCloudwatchLogsExports"]
        assert {"postgresql", "upgrade"} <= set(exports)
        assert "instance" not in exports, "Aurora only"
        assert {groups[f"/aws/rds/instance/{identifier}/{export}"] for export in exports} <= made.needed_by(name)


def test_complaint_22_replicas_have_the_insights_of_the_primary() -> None:
    made = rds("prod")
    for name in (PRIMARY, REPLICA):
        inputs = made.inputs(name)
        assert (inputs["databaseInsightsMode"], inputs["performanceInsightsRetentionPeriod"]) == ("advanced", 465)


def test_alarms_use_the_real_maximum_of_connections() -> None:
    made = rds("prod")
    found = {alarm.name: alarm for alarm in made.alarms}
    assert found["connections-1"].threshold == made.nodes[0].max_connections * 80 // 100
    assert {"replica-lag-2", "storage-1", "writer-cpu", "deadlocks"} <= found.keys()
