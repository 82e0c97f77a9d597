"""Cases of policies/rules/{database,durability,upkeep}.py on Google Cloud."""

from __future__ import annotations

from typing import Any

from policies.resource import UNKNOWN
from policies.rules.gcp.types import INSTANCE, USER
from tests.policies.cases import FAILS, HOLDS, Case, Property, case, prop

REPLICA = {"masterInstanceName": "primary"}
ADDRESSES = "settings.ipConfiguration"
BACKUPS = "settings.backupConfiguration"
WORLDS = ("0.0.0.0/0", "::/0", "128.0.0.0/1", "any")


def of_settings(rule: str, given: dict[str, Any], *properties: Property, **more: Any) -> Case:
    """An instance with these settings; without any, or with none at all, it fails."""
    return case(rule, INSTANCE, {"settings": given}, *properties, prop("settings", {}), **more)


def flag(rule: str, name: str, value: str, *bad: str, also: dict[str, str] | None = None, **more: Any) -> Case:
    """Flag *name*, among the others that the rule asks for in *also*."""
    strict = more.pop("strict", {})
    listed = {name: value, "work_mem": "4096", **(also or {})}
    return of_settings(
        rule,
        {"databaseFlags": [{"name": key, "value": text} for key, text in listed.items()]},
        prop("settings.databaseFlags[0].value", *bad, **more),
        prop("settings.databaseFlags[0].name", "other"),
        prop("settings.databaseFlags", []),
        strict=strict,
    )


LOGGED = {
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_lock_waits": "on",
    "log_error_verbosity": "default",
    "log_min_messages": "warning",
    "log_min_error_statement": "error",
    "log_temp_files": "10240",
}


def logged(name: str, *bad: str, **more: Any) -> Case:
    others = {key: value for key, value in LOGGED.items() if key != name}
    return flag("database-log-flags", name, LOGGED[name], *bad, also=others, **more)


def replica(rule: str) -> Case:
    """It has none of what the rule asks for, and as a primary would fail. Whether its source is known makes no difference."""
    return case(rule, INSTANCE, {**REPLICA, "settings": {}}, prop("masterInstanceName", unknown=HOLDS))


KEPT = {"enabled": True, "backupRetentionSettings": {"retentionUnit": "COUNT", "retainedBackups": 7}}
LOG = {"pointInTimeRecoveryEnabled": True, "transactionLogRetentionDays": 7}
FINAL = {"retainBackupsOnDelete": True, "finalBackupConfig": {"enabled": True, "retentionDays": 30}}
PSC = {"pscConfigs": [{"pscEnabled": True}]}

CASES = [
    of_settings(
        "database-not-public",
        {"ipConfiguration": {"ipv4Enabled": False}},
        prop(f"{ADDRESSES}.ipv4Enabled", True),
        prop(ADDRESSES, {}),
    ),
    case(
        "database-no-open-network",
        INSTANCE,
        {"settings": {"ipConfiguration": {"authorizedNetworks": [{"value": "203.0.113.7/32"}, {"value": "10.0.0.0/8"}]}}},
        prop(f"{ADDRESSES}.authorizedNetworks[1].value", *WORLDS, absent=HOLDS, good=("2001:db8::/32",)),
        prop(f"{ADDRESSES}.authorizedNetworks", absent=HOLDS, good=([],)),
        prop("settings", absent=HOLDS),
    ),
    of_settings(
        "database-tls-forced",
        {"ipConfiguration": {"sslMode": "ENCRYPTED_ONLY"}},
        prop(
            f"{ADDRESSES}.sslMode",
            "ALLOW_UNENCRYPTED_AND_ENCRYPTED",
            "SSL_MODE_UNSPECIFIED",
            good=("TRUSTED_CLIENT_CERTIFICATE_REQUIRED",),
        ),
        prop(ADDRESSES, {}),
    ),
    case(
        "database-tls-forced",
        INSTANCE,
        {**REPLICA, "settings": {"ipConfiguration": {"sslMode": "ENCRYPTED_ONLY"}}},
        prop(f"{ADDRESSES}.sslMode", "ALLOW_UNENCRYPTED_AND_ENCRYPTED"),
    ),
    of_settings(
        "database-modern-ca",
        {"ipConfiguration": {"serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA"}},
        prop(f"{ADDRESSES}.serverCaMode", "CA_MODE_UNSPECIFIED", "", good=("GOOGLE_MANAGED_CAS_CA", "CUSTOMER_MANAGED_CAS_CA")),
    ),
    flag("database-iam-login", "cloudsql.iam_authentication", "on", "off", "", good=("ON",)),
    case(
        "database-custom-admin",
        USER,
        {"name": "shop_admin", "type": "BUILT_IN"},
        prop("name", "postgres", "root", "admin"),
        prop("type", good=("CLOUD_IAM_USER",), absent=HOLDS, unknown=HOLDS),
    ),
    case(
        "database-custom-admin",
        USER,
        {"name": "postgres", "type": "CLOUD_IAM_USER"},
        prop("type", "BUILT_IN", good=("CLOUD_IAM_SERVICE_ACCOUNT",)),
    ),
    case(
        "database-no-literal-password",
        USER,
        {"type": "BUILT_IN", "passwordWo": UNKNOWN},
        prop("password", "hunter2", absent=HOLDS, unknown=FAILS),
        prop("passwordWo", "", unknown=HOLDS, good=("hunter2",)),
        prop("type", good=("CLOUD_IAM_USER",), absent=HOLDS, unknown=HOLDS),
    ),
    # as a real state has it
    case(
        "database-no-literal-password",
        USER,
        {"type": "BUILT_IN", "passwordWoVersion": 1},
        prop("passwordWoVersion", 0, unknown=HOLDS),
    ),
    case("database-no-literal-password", USER, {"type": "CLOUD_IAM_USER"}, prop("type", "BUILT_IN")),
    case(
        "database-no-literal-password",
        INSTANCE,
        {"settings": {}},
        prop("rootPassword", "hunter2", absent=HOLDS, unknown=FAILS),
    ),
    # durability
    case(
        "database-deletion-protected",
        INSTANCE,
        {"deletionProtection": True, "settings": {"deletionProtectionEnabled": True}},
        prop("deletionProtection", False, absent=HOLDS),
        prop("settings.deletionProtectionEnabled", False),
        prop("settings", {}),
    ),
    case(
        "database-deletion-protected",
        INSTANCE,
        {**REPLICA, "deletionProtection": True, "settings": {"deletionProtectionEnabled": True}},
        prop("deletionProtection", False, absent=HOLDS),
    ),
    of_settings(
        "database-final-backup",
        FINAL,
        prop("settings.retainBackupsOnDelete", False),
        prop("settings.finalBackupConfig.enabled", False),
        prop("settings.finalBackupConfig.retentionDays", 0, unknown=HOLDS),
        prop("settings.finalBackupConfig", {}),
        prop("deletionPolicy", "ABANDON", absent=HOLDS, good=("DELETE",)),
    ),
    replica("database-final-backup"),
    of_settings(
        "database-backups-kept",
        {"backupConfiguration": KEPT},
        prop(f"{BACKUPS}.enabled", False),
        prop(f"{BACKUPS}.backupRetentionSettings.retainedBackups", 6, 0, "many", absent=HOLDS, good=(30,)),
        prop(f"{BACKUPS}.backupRetentionSettings.retentionUnit", "RETENTION_UNIT_UNSPECIFIED", absent=HOLDS),
        prop(BACKUPS, {}),
        strict={"days": 8},
    ),
    replica("database-backups-kept"),
    of_settings(
        "database-point-in-time-recovery",
        {"backupConfiguration": LOG},
        prop(f"{BACKUPS}.pointInTimeRecoveryEnabled", False),
        prop(f"{BACKUPS}.transactionLogRetentionDays", 6, 0, absent=HOLDS, good=(35,)),
        prop(BACKUPS, {}),
        strict={"days": 8},
    ),
    replica("database-point-in-time-recovery"),
    of_settings("database-highly-available", {"availabilityType": "REGIONAL"}, prop("settings.availabilityType", "ZONAL")),
    replica("database-highly-available"),
    # upkeep
    flag("database-statements-logged", "log_statement", "ddl", "none", "", good=("mod", "all")),
    flag(
        "database-slow-statements-logged",
        "log_min_duration_statement",
        "1000",
        "-1",
        "60000",
        "never",
        good=("0",),
        strict={"slowest_ms": 500},
    ),
    logged("log_checkpoints", "off"),
    logged("log_connections", "off"),
    logged("log_disconnections", "off"),
    logged("log_lock_waits", "off"),
    logged("log_error_verbosity", "terse", good=("verbose",)),
    logged("log_min_messages", "error", "panic", good=("debug5", "notice")),
    logged("log_min_error_statement", "fatal", "panic", good=("warning",)),
    logged("log_temp_files", "-1", "1000000", good=("0",), strict={"largest_temp_kib": 1}),
    flag("database-pgaudit", "cloudsql.enable_pgaudit", "on", "off", also={"pgaudit.log": "ddl,role"}),
    flag("database-pgaudit", "pgaudit.log", "ddl,role", "none", "role", good=("all",), also={"cloudsql.enable_pgaudit": "on"}),
    of_settings(
        "database-insights",
        {"insightsConfig": {"queryInsightsEnabled": True}},
        prop("settings.insightsConfig.queryInsightsEnabled", False),
        prop("settings.insightsConfig", {}),
    ),
]
