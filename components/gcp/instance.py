"""A Cloud SQL instance: its name, what every one is told, and the primary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.gcp import restore
from components.gcp.component import GcpComponent
from components.gcp.flags import database_flags, pool_flags
from components.gcp.kms import DatabaseKey
from components.gcp.machine import machine_of
from components.gcp.network import GcpNetwork
from components.names import Scope
from components.settings.database import DatabaseBackup, DatabaseSettings, MaintenanceSettings
from components.settings.model import minutes_of

EDITIONS = {"enterprise": "ENTERPRISE", "enterprise-plus": "ENTERPRISE_PLUS"}
MOST_LOG_DAYS = {"enterprise": 7, "enterprise-plus": 35}
"""Days of transaction logs, that is of point-in-time recovery, that an edition keeps at most."""
DAYS = {"mon": 1, "tue": 2, "wed": 3, "thu": 4, "fri": 5, "sat": 6, "sun": 7}

LONGEST_NAME = 45
"""Cloud SQL takes 98 characters of ``<project>:<instance>``; a project may have 30, our suffixes have 20."""
FINAL_BACKUP_DAYS = 30
"""How long the final backup outlives its instance."""
LEAST_PASSWORD = 16

INSIGHTS: dict[str, dict[str, Any]] = {
    "off": {"query_insights_enabled": False},
    "standard": {
        "query_insights_enabled": True,
        "query_string_length": 1024,
        "query_plans_per_minute": 5,
        "record_application_tags": True,
        "record_client_address": False,
    },
    "advanced": {
        "query_insights_enabled": True,
        "query_string_length": 4500,
        "query_plans_per_minute": 20,
        "record_application_tags": True,
        "record_client_address": True,
    },
}
"""``database.insights``. Advanced has the longest texts (bytes) and most plans that both editions take."""

DISK_SIZE = "settings.diskSize"
"""It grows by itself; only the first value is ours."""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One server of the database."""

    instance: gcp.sql.DatabaseInstance
    address: pulumi.Output[str]
    """Private IPv4 address: its own, or that of its endpoint."""
    memory_bytes: int
    """Nominal memory."""
    max_connections: int
    """Connections that it really takes."""
    reader: bool
    after: list[pulumi.Resource]
    """What must exist, besides the instance, before somebody connects."""


def name_suffix(component: GcpComponent, settings: DatabaseSettings) -> random.RandomId:
    """8 hex digits of the instance's name: new ones with whatever recreates the instance, because a deleted one's name may be
    locked for a week (terraform-provider-google#5179) and because the new one is there before the old one goes.

    Protected like the instance: a change that may not recreate it is refused here, before anything is made that could not be
    taken back.
    """
    return random.RandomId(
        f"{component.name}-suffix",
        byte_length=4,
        keepers={
            "region": component.network.region,
            "private_access": component.network.private_access,
            "customer_managed_key": str(settings.customer_managed_key),
            "disk_type": machine_of(settings).disk_type,
        },
        opts=component.child(protect=settings.deletion_protection),
    )


def instance_name(scope: Scope, suffix: random.RandomId) -> pulumi.Output[str]:
    """``<app>-<environment>-<suffix>``."""
    return pulumi.Output.format("{0}-{1}", scope.physical(limit=LONGEST_NAME), suffix.hex)


def primary(
    component: GcpComponent,
    scope: Scope,
    settings: DatabaseSettings,
    *,
    name: pulumi.Output[str],
    key: DatabaseKey | None,
) -> gcp.sql.DatabaseInstance:
    """``<component>-instance``: the writer, alone in a zone or with a standby in another, empty or with :mod:`restore`'s data."""
    network, source = component.network, restore.first_data(settings.restore)
    own: dict[str, Any] = {
        "availability_type": "REGIONAL" if settings.ha else "ZONAL",
        "backup_configuration": _backups(settings.backup, region=scope.region, most_log_days=MOST_LOG_DAYS[settings.edition]),
        "retain_backups_on_delete": settings.final_backup,
        "maintenance_window": _window(settings.maintenance),
        "password_validation_policy": {
            "enable_password_policy": True,
            "min_length": LEAST_PASSWORD,
            "complexity": "COMPLEXITY_DEFAULT",
            "reuse_interval": 5,
            "disallow_username_substring": True,
        },
    }
    if "clone" not in source:  # a clone has its source's disk, which may have grown beyond ours, and none can shrink
        own["disk_size"] = settings.storage.size_gib
    services = network.private_services
    arguments: dict[str, Any] = {
        "name": name,
        "region": network.region,
        "database_version": version(settings),
        # Without it, a major upgrade would leave the replicas behind.
        "include_replicas_for_major_version_upgrade": True,
        "encryption_key_name": key.name if key else None,
        "deletion_protection": settings.deletion_protection,
        **source,
    }
    if settings.final_backup:
        own["final_backup_config"] = {"enabled": True, "retention_days": FINAL_BACKUP_DAYS}
        arguments["final_backup_description"] = f"last state of {scope.physical()}"
    if denied := settings.maintenance.deny_period:
        own["deny_maintenance_period"] = {"start_date": denied.start, "end_date": denied.end, "time": "00:00:00"}
    arguments["settings"] = {**common(network, scope, settings), **own}
    options = component.child(
        protect=settings.deletion_protection,
        depends_on=[*(services.after if services else ()), *(key.ready if key else ())],
        # A clone has the key of its source; ours would recreate it. Where a key is asked for later, the name changes.
        ignore_changes=[DISK_SIZE, *restore.ARGUMENTS, "encryptionKeyName"],
    )
    return gcp.sql.DatabaseInstance(f"{component.name}-instance", **arguments, opts=options)


def version(settings: DatabaseSettings) -> str:
    """As Cloud SQL names a major version."""
    return f"POSTGRES_{settings.major}"


def common(network: GcpNetwork, scope: Scope, settings: DatabaseSettings, *, replica: bool = False) -> dict[str, Any]:
    """Settings of every instance, primary or replica: same machine, same edition, same rules of the connection."""
    machine, insights, pooling = machine_of(settings), INSIGHTS[settings.insights], settings.pooling
    found: dict[str, Any] = {
        "tier": machine.name,
        # Left out, it would be Enterprise Plus from PostgreSQL 16 on, which most machine types do not fit.
        "edition": EDITIONS[settings.edition],
        "activation_policy": "ALWAYS",
        "disk_type": machine.disk_type,
        # Never off: then a disk that has grown would count as too large, and the provider would recreate the instance.
        "disk_autoresize": True,
        "disk_autoresize_limit": settings.storage.max_size_gib,
        "deletion_protection_enabled": settings.deletion_protection,
        "connector_enforcement": "NOT_REQUIRED",
        "data_api_access": "DISALLOW_DATA_API",
        "database_flags": database_flags(settings, replica=replica),
        "insights_config": insights,
        "ip_configuration": _addresses(network),
        "user_labels": scope.labels(),
    }
    if settings.edition == "enterprise-plus":
        found["data_cache_config"] = {"data_cache_enabled": settings.data_cache}
        found["insights_config"] = {**insights, "enhanced_query_insights_enabled": settings.insights == "advanced"}
    if pooling:
        flags = pool_flags(settings, pooling)
        found["connection_pool_configs"] = [{"connection_pooling_enabled": True, "flags": flags}]
    return found


def _addresses(network: GcpNetwork) -> dict[str, Any]:
    """No public address, TLS only; by peering in the range that the network gave, or by Private Service Connect."""
    found: dict[str, Any] = {
        "ipv4_enabled": False,
        "ssl_mode": "ENCRYPTED_ONLY",
        "server_ca_mode": "GOOGLE_MANAGED_INTERNAL_CA",
    }
    if network.private_access == "psc":
        return {**found, "psc_configs": [{"psc_enabled": True, "allowed_consumer_projects": [network.project]}]}
    services = network.private_services
    range_name = {"allocated_ip_range": services.range_name} if services else {}
    return {**found, "private_network": network.network_id, **range_name}


def _backups(backup: DatabaseBackup, *, region: str, most_log_days: int) -> dict[str, Any]:
    """A backup every day of the retention, and transaction logs as long as the edition keeps them; all in the region."""
    return {
        "enabled": True,
        "start_time": backup.window.partition("-")[0],
        "location": region,
        "point_in_time_recovery_enabled": True,
        "transaction_log_retention_days": min(backup.retention_days, most_log_days),
        "backup_retention_settings": {"retained_backups": backup.retention_days, "retention_unit": "COUNT"},
    }


def _window(maintenance: MaintenanceSettings) -> dict[str, Any]:
    """The hour that the window begins in; Cloud SQL's windows are one hour long."""
    start, _ = minutes_of(maintenance.window)
    return {"day": DAYS[maintenance.day], "hour": start // 60, "update_track": maintenance.track}
