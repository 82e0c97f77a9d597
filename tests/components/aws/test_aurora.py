"""Aurora: cluster, instances, versions, restore, protection. The complaints are those of shared/anchors/aws.md."""

from __future__ import annotations

import pytest

from components.config import SettingsError
from tests.components.aws.database import aurora
from tests.components.made import added, changed

CLUSTER = "database-cluster"
WRITER = "database-instance-1"


def test_the_cluster_is_private_encrypted_and_tls_only() -> None:
    made = aurora("prod")
    cluster = made.inputs(CLUSTER)
    assert cluster["storageEncrypted"]
    assert cluster["kmsKeyId"].endswith("database-key")
    assert cluster["dbSubnetGroupName"] == made.inputs("database-subnets")["name"]
    assert made.inputs("database-subnets")["subnetIds"] == ["subnet-d1", "subnet-d2", "subnet-d3"]
    assert not any(item.inputs["publiclyAccessible"] for item in made.of_type("ClusterInstance").values())
    parameters = made.inputs("database-cluster-parameters")["parameters"]
    assert {"name": "rds.force_ssl", "value": "1", "applyMethod": "pending-reboot"} in parameters


@pytest.mark.parametrize(("tier", "days"), [("dev", 7), ("prod", 30)])
def test_backups_are_those_of_the_tier(tier: str, days: int) -> None:
    cluster = aurora(tier).inputs(CLUSTER)
    assert cluster["backupRetentionPeriod"] == days
    assert cluster["preferredBackupWindow"] == "17:00-18:00"
    assert cluster["copyTagsToSnapshot"]


def test_names_hold_no_region_and_no_role() -> None:
    """So the cluster can join a global one, and be promoted there or fail over here, without a name that lies."""
    made = aurora("prod")
    assert made.inputs(CLUSTER)["clusterIdentifier"] == "shop-production"
    assert [item.inputs["identifier"] for item in made.of_type("ClusterInstance").values()] == [
        "shop-production-1",
        "shop-production-2",
    ]


def test_the_longest_names_fit() -> None:
    made = aurora(app="a" * 30, readers=15)
    assert len(made.inputs("database-instance-16")["identifier"]) <= 63
    assert len(aurora("staging", app="a" * 30).inputs(CLUSTER)["finalSnapshotIdentifier"]) <= 255


@pytest.mark.parametrize(("ha", "readers", "instances"), [(False, 0, 1), (True, 0, 2), (False, 1, 2), (True, 1, 2), (True, 3, 4)])
def test_the_number_of_instances(ha: bool, readers: int, instances: int) -> None:
    made = aurora(ha=ha, readers=readers)
    assert len(made.of_type("ClusterInstance")) == instances
    assert [node.reader for node in made.nodes] == [False] + [True] * (instances - 1)


def test_instances_are_in_different_zones_and_the_first_is_made_alone() -> None:
    made = aurora("prod", readers=2)
    instances = made.of_type("ClusterInstance")
    assert [item.inputs["availabilityZone"] for item in instances.values()] == [f"ap-northeast-1{zone}" for zone in "acd"]
    assert [item.inputs["promotionTier"] for item in instances.values()] == [0, 1, 2]
    assert made.needed_by("database-instance-2") == made.needed_by("database-instance-3") == {WRITER}


def test_a_reader_more_touches_nothing_else() -> None:
    one, two = aurora("prod"), aurora("prod", readers=2)
    assert added(one, two) == {"database-instance-3"}
    assert changed(one, two) == {}


def test_a_zone_more_moves_no_instance() -> None:
    """With two zones the third instance is in the first; with three it would be in the third: so the zone is read once."""
    options = aurora("prod", readers=2).named("database-instance-3").options
    assert "availability_zone" in (options.ignore_changes or [])


def test_zones_are_left_to_aws_in_a_network_that_names_none() -> None:
    subnets = {"id": "vpc-1", "application_subnets": ["a", "b"], "database_subnets": ["c", "d"]}
    made = aurora(network={"existing": subnets})
    assert "availabilityZone" not in made.inputs(WRITER)
    assert made.inputs("database-subnets")["subnetIds"] == ["c", "d"]


def test_serverless() -> None:
    made = aurora(serverless={"min_acu": 0, "max_acu": 8, "auto_pause_seconds": 600})
    scaling = made.inputs(CLUSTER)["serverlessv2ScalingConfiguration"]
    assert scaling == {"minCapacity": 0, "maxCapacity": 8, "secondsUntilAutoPause": 600}
    assert made.inputs(CLUSTER)["engineMode"] == "provisioned"
    assert made.inputs(WRITER)["instanceClass"] == "db.serverless"
    assert "instance" in made.inputs(CLUSTER)["enabledCloudwatchLogsExports"]


def test_without_pausing_there_is_no_pause_setting() -> None:
    cluster = aurora(serverless={"min_acu": 0.5, "max_acu": 8}).inputs(CLUSTER)
    assert "secondsUntilAutoPause" not in cluster["serverlessv2ScalingConfiguration"]
    assert cluster["enabledCloudwatchLogsExports"] == ["postgresql", "iam-db-auth-error"]


def test_io_optimized_can_be_turned_on_and_off_again() -> None:
    """A value for both: left out, the provider would keep whatever is there."""
    assert aurora(storage={"io_optimized": True}).inputs(CLUSTER)["storageType"] == "aurora-iopt1"
    assert aurora().inputs(CLUSTER)["storageType"] == "aurora"


def test_windows_pass_midnight() -> None:
    made = aurora(maintenance={"day": "sat", "window": "23:30-00:30"})
    assert made.inputs(CLUSTER)["preferredMaintenanceWindow"] == "sat:23:30-sun:00:30"


def test_enhanced_monitoring_has_a_role_and_can_be_off() -> None:
    on, off = aurora(), aurora(monitoring_interval_seconds=0)
    assert on.inputs(CLUSTER)["monitoringInterval"] == 60
    assert on.inputs(CLUSTER)["monitoringRoleArn"].endswith("database-monitoring")
    assert "database-monitoring-policy" in on.needed_by(CLUSTER)
    assert off.inputs(CLUSTER)["monitoringInterval"] == 0
    assert "database-monitoring" not in {item.name for item in off.recording.resources.values()}


def test_complaint_01_a_minor_upgrade_by_aws_is_no_difference() -> None:
    """A major follows minors by itself; a pinned minor is pinned on the cluster and on every instance."""
    free, pinned = aurora("prod"), aurora("prod", version="17.6", auto_minor_upgrade=False)
    assert (free.inputs(CLUSTER)["engineVersion"], free.inputs(CLUSTER)["autoMinorVersionUpgrade"]) == ("17", True)
    assert pinned.inputs(CLUSTER)["engineVersion"] == "17.6"
    for name in (CLUSTER, WRITER, "database-instance-2"):
        assert pinned.inputs(name)["autoMinorVersionUpgrade"] is False
    with pytest.raises(SettingsError, match=r"auto_minor_upgrade is true while database\.version pins the minor 17\.6"):
        aurora(version="17.6")


def test_complaint_02_a_major_jump_names_the_version_where_it_lands() -> None:
    with pytest.raises(SettingsError, match=r"name the full minor to land on, such as '17\.6', and go back to '17' afterwards"):
        aurora(allow_major_upgrade=True)


def test_complaint_03_instances_have_no_version_of_their_own() -> None:
    for instance in aurora("prod").of_type("ClusterInstance").values():
        assert "engineVersion" not in instance.inputs
        assert "engine_version" in (instance.options.ignore_changes or [])


def test_complaint_05_a_major_upgrade_takes_the_instances_group_along() -> None:
    made = aurora("prod", version="17.6", auto_minor_upgrade=False, allow_major_upgrade=True)
    upgrade = made.inputs(CLUSTER)
    assert upgrade["allowMajorVersionUpgrade"]
    for name in (CLUSTER, WRITER):
        assert made.inputs(name)["applyImmediately"], "parked, the instances would be given a group of a family they do not have"
    assert not aurora("prod").inputs(CLUSTER)["applyImmediately"]
    assert upgrade["dbInstanceParameterGroupName"] == "database-instance-parameters.name"
    assert "dbInstanceParameterGroupName" not in aurora().inputs(CLUSTER)


def test_complaint_06_zones_of_the_cluster_are_never_said() -> None:
    cluster = aurora("prod").named(CLUSTER)
    assert "availabilityZones" not in cluster.inputs
    assert "availability_zones" in (cluster.options.ignore_changes or [])


def test_complaint_07_the_final_snapshot_has_a_name_of_its_own() -> None:
    """Random, kept as long as the database is the same one; new with a new name, database or source."""
    made = aurora("prod")
    assert made.inputs(CLUSTER)["finalSnapshotIdentifier"] == "shop-production-final-0a1b2c3d"
    keepers = made.inputs("database-final-snapshot")["keepers"]
    assert keepers == {"identifier": "shop-production", "database": "app", "source": ""}
    restored = aurora("prod", restore={"snapshot": "old"}).inputs("database-final-snapshot")["keepers"]
    assert restored["source"] == "old"


@pytest.mark.parametrize(("final_backup", "skip"), [(True, False), (False, True)])
def test_complaint_08_the_final_snapshot_is_named_before_it_is_needed(final_backup: bool, skip: bool) -> None:
    cluster = aurora("dev", final_backup=final_backup).inputs(CLUSTER)
    assert cluster["skipFinalSnapshot"] is skip
    assert cluster["deleteAutomatedBackups"] is skip
    assert cluster["finalSnapshotIdentifier"]


def test_complaint_09_restore_is_read_once() -> None:
    copy = aurora(restore={"source": "shop-production", "time": "2026-01-15T10:30:00Z"})
    assert copy.inputs(CLUSTER)["restoreToPointInTime"] == {
        "sourceClusterIdentifier": "shop-production",
        "restoreToTime": "2026-01-15T10:30:00Z",
        "restoreType": "full-copy",
    }
    assert aurora(restore={"snapshot": "old"}).inputs(CLUSTER)["snapshotIdentifier"] == "old"
    expected = {
        *("snapshot_identifier", "restore_to_point_in_time", "replication_source_identifier", "global_cluster_identifier"),
    }
    for made in (copy, aurora()):
        assert expected <= set(made.named(CLUSTER).options.ignore_changes or [])


def test_complaint_09_a_copy_keeps_its_users_and_databases() -> None:
    """They cannot be chosen at a restore, and saying others afterwards would recreate the database."""
    assert aurora().inputs(CLUSTER)["masterUsername"] == "shop_admin"
    assert not {"masterUsername", "databaseName", "monitoringInterval"} & aurora(restore={"snapshot": "s"}).inputs(CLUSTER).keys()


def test_complaint_16_nothing_that_holds_data_can_be_replaced_in_prod() -> None:
    protected = {item.name for item in aurora("prod").recording.resources.values() if item.options.protect}
    assert {CLUSTER, WRITER, "database-key", "database-application-secret"} <= protected
    assert "database-instance-2" not in protected, "a reader is a copy"


def test_complaint_17_protection_is_said_on_every_child_from_the_first_deployment() -> None:
    """Not inherited from the component, where a change would reach the state one deployment late."""
    for tier, expected in (("prod", True), ("dev", False)):
        made = aurora(tier)
        assert made.inputs(CLUSTER)["deletionProtection"] is expected
        for name in (CLUSTER, WRITER, "database-key"):
            assert made.named(name).options.protect is expected


def test_complaint_18_autoscaling_adds_on_top_of_the_declared_readers() -> None:
    made = aurora("prod", readers=2, reader_autoscaling={"max_readers": 5, "cpu_percent": 60})
    target = made.inputs("database-readers")
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 5)
    assert target["resourceId"] == "cluster:shop-production"
    assert made.needed_by("database-readers") == {WRITER, "database-instance-2", "database-instance-3"}
    policy = made.inputs("database-readers-cpu")["targetTrackingScalingPolicyConfiguration"]
    assert policy["predefinedMetricSpecification"] == {"predefinedMetricType": "RDSReaderAverageCPUUtilization"}
    assert policy["targetValue"] == 60


def test_complaint_21_log_groups_are_ours_before_rds_makes_them() -> None:
    made = aurora("prod")
    groups = {item.inputs["name"]: item for item in made.of_type("logGroup:LogGroup").values()}
    for export in made.inputs(CLUSTER)["enabledCloudwatchLogsExports"]:
        group = groups[f"/aws/rds/cluster/shop-production/{export}"]
        assert group.inputs["retentionInDays"] == 365
        assert group.inputs["kmsKeyId"]
        assert group.name in made.needed_by(CLUSTER)


@pytest.mark.parametrize(
    ("insights", "mode", "enabled", "days"),
    [("off", "standard", False, None), ("standard", "standard", True, 7), ("advanced", "advanced", True, 465)],
)
def test_complaint_22_one_setting_for_all_of_insights(insights: str, mode: str, enabled: bool, days: int | None) -> None:
    made = aurora(insights=insights)
    cluster = made.inputs(CLUSTER)
    assert cluster["databaseInsightsMode"] == mode
    for inputs in (cluster, made.inputs(WRITER)):
        assert inputs["performanceInsightsEnabled"] is enabled
        assert inputs.get("performanceInsightsRetentionPeriod") == days
        assert ("performanceInsightsKmsKeyId" in inputs) is enabled
    assert "databaseInsightsMode" not in made.inputs(WRITER), "the cluster's affair"


def test_complaint_22_instances_never_contradict_the_cluster_about_monitoring() -> None:
    made = aurora("prod", monitoring_interval_seconds=30)
    assert {made.inputs(name)["monitoringInterval"] for name in (CLUSTER, WRITER, "database-instance-2")} == {30}
