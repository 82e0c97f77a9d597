"""The Cloud SQL instances: name, edition, disk, addresses, backups, maintenance, protection."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp.machine import SIZES
from tests.components.gcp.database import ALL, EXISTING, INSTANCE, REPLICA, DatabaseMade, cloud_sql
from tests.components.made import changed

EVERY = pytest.mark.parametrize("make", ALL.values(), ids=ALL)
INSTANCE_TYPE = "sql/databaseInstance:DatabaseInstance"


def instances(made: DatabaseMade) -> list[dict[str, Any]]:
    """Settings of all instances."""
    return [item.inputs["settings"] for item in made.of_type(INSTANCE_TYPE).values()]


@EVERY
def test_gcp_complaint_01_names_end_in_random_digits(make: Any) -> None:
    """A deleted instance's name can be locked for a week."""
    names = [item.inputs["name"] for item in make().of_type(INSTANCE_TYPE).values()]
    assert names[0] == "shop-dev-0a1b2c3d"
    assert names[1:] == [f"shop-dev-0a1b2c3d-replica-{number}" for number in range(1, len(names))]


@pytest.mark.parametrize(
    "change",
    [
        {"customer_managed_key": True},
        {"instance_class": "db-custom-N4-2-8192"},
        {"network": {"private_access": "psc"}},
    ],
)
def test_gcp_complaint_01_whatever_recreates_it_brings_new_digits(change: dict[str, Any]) -> None:
    assert changed(cloud_sql(), cloud_sql(**change))["database-suffix"] == {"keepers"}


@pytest.mark.parametrize(
    "change",
    [
        {"size": "large"},
        {"ha": True},
        {"readers": 3},
        {"version": "18"},
        {"edition": "enterprise-plus"},
        {"storage": {"size_gib": 50, "max_size_gib": 500}},
        {"deletion_protection": True},
        {"final_backup": True},
        {"password_version": 2},
    ],
)
def test_gcp_complaint_01_and_whatever_is_changed_in_place_does_not(change: dict[str, Any]) -> None:
    found = changed(cloud_sql(), cloud_sql(**change))
    assert "database-suffix" not in found
    assert not {"name", "region"} & found.get(INSTANCE, set())


def test_names_are_within_cloud_sqls_limit() -> None:
    """98 characters for ``<project>:<instance>``, of which the project may take 30 and the colon one."""
    assert len(f"{'a' * 45}-0a1b2c3d-replica-10") <= 98 - 31


@EVERY
def test_gcp_complaint_03_one_setting_sets_every_protection(make: Any) -> None:
    """The provider's own, the API's, and Pulumi's, also on what is destroyed before the instance is reached."""
    made = make("prod")
    for item in made.of_type(INSTANCE_TYPE).values():
        assert item.options.protect
        assert item.inputs["deletionProtection"]
        assert item.inputs["settings"]["deletionProtectionEnabled"]
    assert all(made.named(f"database-{role}").options.protect for role in ("database", "suffix"))
    assert all(item.options.protect for item in made.of_type("sql/user:User").values() if item.name.startswith("database-"))


@EVERY
def test_gcp_complaint_03_and_nothing_is_protected_in_dev(make: Any) -> None:
    made = make()
    assert not [item.name for item in made.recording.resources.values() if item.options.protect]
    for item in made.of_type(INSTANCE_TYPE).values():
        assert item.inputs["deletionProtection"] is False, "the provider's default is true"
        assert item.inputs["settings"]["deletionProtectionEnabled"] is False


@EVERY
def test_gcp_complaint_04_a_grown_disk_is_not_set_back(make: Any) -> None:
    for item in make().of_type(INSTANCE_TYPE).values():
        assert "settings.diskSize" in item.options.ignore_changes
        settings = item.inputs["settings"]
        assert (settings["diskAutoresize"], settings["diskAutoresizeLimit"]) == (True, 100)


def test_gcp_complaint_04_a_disk_that_may_not_grow_still_has_autoresize() -> None:
    """Off, a disk that has grown would be too large for the provider, which recreates the instance then."""
    settings = cloud_sql(storage={"size_gib": 50, "max_size_gib": 50}).settings()
    assert (settings["diskSize"], settings["diskAutoresize"], settings["diskAutoresizeLimit"]) == (50, True, 50)


@pytest.mark.parametrize("version", ["14", "15", "16", "17", "18"])
@pytest.mark.parametrize("edition", ["enterprise", "enterprise-plus"])
def test_gcp_complaint_05_the_edition_is_always_sent(version: str, edition: Any) -> None:
    """Left out it is Enterprise Plus from PostgreSQL 16 on, and the machine does not fit."""
    made = cloud_sql(version=version, edition=edition, readers=1)
    for settings in instances(made):
        assert settings["edition"] == edition.upper().replace("-", "_")
        assert settings["tier"] == SIZES[edition]["small"]
    assert made.inputs(INSTANCE)["databaseVersion"] == f"POSTGRES_{version}"


@pytest.mark.parametrize(
    ("edition", "kept", "logs"),
    [("enterprise", 30, 7), ("enterprise", 3, 3), ("enterprise-plus", 30, 30), ("enterprise-plus", 35, 35)],
)
def test_gcp_complaint_06_log_retention_is_what_the_edition_takes(edition: str, kept: int, logs: int) -> None:
    found = cloud_sql(edition=edition, backup={"retention_days": kept}).settings()["backupConfiguration"]
    assert found["transactionLogRetentionDays"] == logs
    assert found["backupRetentionSettings"] == {"retainedBackups": kept, "retentionUnit": "COUNT"}


def test_backups_are_at_two_in_tokyo_and_stay_in_the_region() -> None:
    found = cloud_sql("prod").settings()["backupConfiguration"]
    assert (found["enabled"], found["pointInTimeRecoveryEnabled"]) == (True, True)
    assert (found["startTime"], found["location"]) == ("17:00", "asia-northeast1")


@EVERY
def test_gcp_complaint_08_tls_only_on_every_instance(make: Any) -> None:
    for settings in instances(make()):
        assert settings["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"
        assert "requireSsl" not in settings["ipConfiguration"]


@EVERY
def test_no_instance_has_a_public_address(make: Any) -> None:
    for settings in instances(make()):
        assert settings["ipConfiguration"]["ipv4Enabled"] is False
        assert "authorizedNetworks" not in settings["ipConfiguration"]
        assert settings["connectorEnforcement"] == "NOT_REQUIRED", "the other value refuses private addresses"
        assert settings["dataApiAccess"] == "DISALLOW_DATA_API"


def test_gcp_complaint_09_instances_wait_for_the_connection() -> None:
    """Nothing in their arguments says so."""
    made = cloud_sql(readers=1)
    for name in (INSTANCE, REPLICA):
        assert "network-services-connection" in made.needed_by(name)
        addresses = made.settings(name)["ipConfiguration"]
        assert addresses["privateNetwork"] == "network-vpc-id"
        assert addresses["allocatedIpRange"] == made.inputs("network-services-range")["name"]


def test_gcp_complaint_12_the_private_network_stays() -> None:
    """It can never be taken away, so the way in is decided once; another one is another instance."""
    peered, psc = cloud_sql().settings()["ipConfiguration"], cloud_sql(network={"private_access": "psc"})
    assert "pscConfigs" not in peered
    assert "privateNetwork" not in psc.settings()["ipConfiguration"]
    assert "database-suffix" in changed(cloud_sql(), psc)


def test_an_existing_network_has_its_own_connection() -> None:
    addresses = cloud_sql(network={"existing": EXISTING}).settings()["ipConfiguration"]
    assert addresses["privateNetwork"] == EXISTING["id"]
    assert "allocatedIpRange" not in addresses


@pytest.mark.parametrize(("tier", "track"), [("dev", "canary"), ("staging", "stable"), ("prod", "week5")])
def test_gcp_complaint_16_maintenance_only_in_its_window(tier: str, track: str) -> None:
    """No version of it is asked for and no whole settings block is given out: either restarted databases elsewhere."""
    made = cloud_sql(tier)
    assert made.settings()["maintenanceWindow"] == {"day": 7, "hour": 18, "updateTrack": track}
    assert "maintenanceVersion" not in made.inputs(INSTANCE)
    assert not [value for value in made.recording.outputs["database"].values() if isinstance(value, dict)]


def test_no_maintenance_around_new_year() -> None:
    settings = cloud_sql(maintenance={"deny_period": {"start": "12-20", "end": "01-10"}}).settings()
    assert settings["denyMaintenancePeriod"] == {"startDate": "12-20", "endDate": "01-10", "time": "00:00:00"}
    assert "denyMaintenancePeriod" not in cloud_sql().settings()


def test_gcp_complaint_17_backups_outlive_the_instance() -> None:
    made = cloud_sql("prod")
    assert made.settings()["retainBackupsOnDelete"] is True
    assert made.settings()["finalBackupConfig"] == {"enabled": True, "retentionDays": 30}
    assert made.inputs(INSTANCE)["finalBackupDescription"] == "last state of shop-production"
    dev = cloud_sql()
    assert dev.settings()["retainBackupsOnDelete"] is False
    assert "finalBackupConfig" not in dev.settings()
    assert "finalBackupDescription" not in dev.inputs(INSTANCE)


def test_ha_is_a_standby_in_another_zone_of_the_primary_only() -> None:
    made = cloud_sql("prod")
    assert made.settings()["availabilityType"] == "REGIONAL"
    assert made.settings(REPLICA)["availabilityType"] == "ZONAL"
    assert cloud_sql().settings()["availabilityType"] == "ZONAL"


@pytest.mark.parametrize(("insights", "length", "plans"), [("standard", 1024, 5), ("advanced", 4500, 20)])
def test_insights(insights: str, length: int, plans: int) -> None:
    made = cloud_sql(insights=insights, readers=1)
    for settings in instances(made):
        found = settings["insightsConfig"]
        assert (found["queryInsightsEnabled"], found["queryStringLength"], found["queryPlansPerMinute"]) == (True, length, plans)
        assert "enhancedQueryInsightsEnabled" not in found, "Enterprise Plus only"
    plus = cloud_sql(insights=insights, edition="enterprise-plus").settings()["insightsConfig"]
    assert plus["enhancedQueryInsightsEnabled"] is (insights == "advanced")


def test_insights_can_be_off() -> None:
    assert cloud_sql(insights="off").settings()["insightsConfig"] == {"queryInsightsEnabled": False}


def test_passwords_are_long_and_mixed() -> None:
    policy = cloud_sql().settings()["passwordValidationPolicy"]
    assert policy == {
        "enablePasswordPolicy": True,
        "minLength": 16,
        "complexity": "COMPLEXITY_DEFAULT",
        "reuseInterval": 5,
        "disallowUsernameSubstring": True,
    }


def test_the_better_edition_pools_and_caches_on_every_instance() -> None:
    made = cloud_sql(edition="enterprise-plus", pooling={}, data_cache=True, readers=1)
    for settings in instances(made):
        assert settings["dataCacheConfig"] == {"dataCacheEnabled": True}
        assert [pool["connectionPoolingEnabled"] for pool in settings["connectionPoolConfigs"]] == [True]
    for settings in instances(cloud_sql(readers=1)):
        assert not {"dataCacheConfig", "connectionPoolConfigs"} & settings.keys()


def test_a_key_of_our_own_is_ready_before_the_instance() -> None:
    made = cloud_sql(customer_managed_key=True)
    assert made.inputs(INSTANCE)["encryptionKeyName"] == "database-key-id"
    assert "database-key-use" in made.needed_by(INSTANCE)
    assert "encryptionKeyName" not in cloud_sql().inputs(INSTANCE)


def test_a_hyperdisk_machine_says_so() -> None:
    assert cloud_sql(instance_class="db-custom-N4-2-8192").settings()["diskType"] == "HYPERDISK_BALANCED"
    assert cloud_sql().settings()["diskType"] == "PD_SSD"


def test_labels_are_on_every_instance() -> None:
    for settings in instances(cloud_sql(readers=1)):
        assert settings["userLabels"]["app"] == "shop"
