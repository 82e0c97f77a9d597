"""Cases of policies/rules/{database,durability,upkeep}.py on AWS."""

from __future__ import annotations

from typing import Any

from policies.resource import UNKNOWN
from policies.rules.aws.types import CLUSTER, CLUSTER_INSTANCE, CLUSTER_PARAMETERS, INSTANCE, PARAMETERS, PROXY
from tests.policies.cases import HOLDS, Case, case, prop

DATABASES = (CLUSTER, INSTANCE)
SERVERS = (CLUSTER_INSTANCE, INSTANCE)
REPLICA = {"replicateSourceDb": "primary"}
KEY = "arn:aws:kms:ap-northeast-1:123456789012:key/1"


def parameters(rule: str, name: str, value: str, *bad: str, **more: Any) -> list[Case]:
    """A cluster's group, RDS's own, and one of Aurora's instances, which has nothing to do with it."""
    strict = more.pop("strict", {})
    props = {"parameters": [{"name": name, "value": value}, {"name": "work_mem", "value": "4096"}]}
    of_value = [
        prop("parameters[0].value", *bad, **more),
        prop("parameters[0].name", "other"),
        prop("parameters", []),
    ]
    aurora = case(
        rule,
        PARAMETERS,
        {"family": "postgres17", **props},
        *of_value,
        prop("family", good=("aurora-postgresql17",), absent=HOLDS, unknown=HOLDS),
        strict=strict,
    )
    bare = case(rule, PARAMETERS, {"family": "aurora-postgresql17", "parameters": []}, prop("family", "postgres17", absent=HOLDS))
    return [case(rule, CLUSTER_PARAMETERS, props, *of_value, strict=strict), aurora, bare]


def each(types: tuple[str, ...], rule: str, props: dict[str, Any], *properties: Any, **more: Any) -> list[Case]:
    return [case(rule, type_, props, *properties, **more) for type_ in types]


CASES = [
    *each(DATABASES, "database-encrypted", {"storageEncrypted": True}, prop("storageEncrypted", False, "false")),
    *each(DATABASES, "database-customer-key", {"kmsKeyId": KEY}, prop("kmsKeyId", "", unknown=HOLDS)),
    case("database-customer-key", INSTANCE, REPLICA, prop("replicateSourceDb", unknown=HOLDS)),
    *each(SERVERS, "database-not-public", {"publiclyAccessible": False}, prop("publiclyAccessible", True)),
    *parameters("database-tls-forced", "rds.force_ssl", "1", "0", "off"),
    case("database-proxy-tls", PROXY, {"requireTls": True}, prop("requireTls", False)),
    *each(
        SERVERS,
        "database-modern-ca",
        {"caCertIdentifier": "rds-ca-rsa2048-g1"},
        prop("caCertIdentifier", "rds-ca-2019", good=("rds-ca-rsa4096-g1", "rds-ca-ecc384-g1")),
    ),
    *each(
        DATABASES,
        "database-iam-login",
        {"iamDatabaseAuthenticationEnabled": True},
        prop("iamDatabaseAuthenticationEnabled", False),
    ),
    case("database-custom-admin", CLUSTER, {"masterUsername": "shop_admin"}, prop("masterUsername", "postgres", absent=HOLDS)),
    case("database-custom-admin", INSTANCE, {"username": "shop_admin"}, prop("username", "admin", "root", absent=HOLDS)),
    case(
        "database-no-literal-password",
        CLUSTER,
        {"manageMasterUserPassword": True},
        prop("manageMasterUserPassword", False),
        prop("masterPassword", "hunter2", absent=HOLDS, unknown="fails"),
    ),
    case("database-no-literal-password", CLUSTER, {"masterPasswordWo": "x"}, prop("masterPasswordWo", "", unknown=HOLDS)),
    case(
        "database-no-literal-password",
        INSTANCE,
        {"manageMasterUserPassword": True},
        prop("manageMasterUserPassword", False),
        prop("password", "hunter2", absent=HOLDS, unknown="fails"),
    ),
    case("database-no-literal-password", INSTANCE, {"passwordWo": UNKNOWN}, prop("passwordWo", "", unknown=HOLDS)),
    case("database-no-literal-password", INSTANCE, REPLICA, prop("password", "hunter2", absent=HOLDS, unknown="fails")),
    # durability
    *each(DATABASES, "database-deletion-protected", {"deletionProtection": True}, prop("deletionProtection", False)),
    case("database-deletion-protected", INSTANCE, REPLICA, prop("replicateSourceDb", unknown=HOLDS)),
    *each(
        DATABASES,
        "database-final-backup",
        {"skipFinalSnapshot": False, "finalSnapshotIdentifier": "shop-final", "deleteAutomatedBackups": False},
        prop("skipFinalSnapshot", True, absent=HOLDS),
        prop("finalSnapshotIdentifier", "", unknown=HOLDS),
        prop("deleteAutomatedBackups", True),
    ),
    case("database-final-backup", INSTANCE, REPLICA, prop("replicateSourceDb", unknown=HOLDS)),
    *each(
        DATABASES,
        "database-backups-kept",
        {"backupRetentionPeriod": 7},
        prop("backupRetentionPeriod", 6, 0, "many", good=(35,)),
        strict={"days": 8},
    ),
    case("database-backups-kept", INSTANCE, {**REPLICA, "backupRetentionPeriod": 0}, prop("replicateSourceDb", unknown=HOLDS)),
    case("database-highly-available", INSTANCE, {"multiAz": True}, prop("multiAz", False)),
    *each(DATABASES, "database-snapshot-tags", {"copyTagsToSnapshot": True}, prop("copyTagsToSnapshot", False)),
    # upkeep
    *each(
        SERVERS,
        "database-minor-upgrades",
        {"autoMinorVersionUpgrade": True},
        prop("autoMinorVersionUpgrade", False, absent=HOLDS),
    ),
    *each(
        DATABASES,
        "database-no-extended-support",
        {"engineLifecycleSupport": "open-source-rds-extended-support-disabled"},
        prop("engineLifecycleSupport", "open-source-rds-extended-support"),
    ),
    case("database-no-extended-support", INSTANCE, REPLICA, prop("replicateSourceDb", unknown=HOLDS)),
    *each(
        DATABASES,
        "database-logs-exported",
        {"enabledCloudwatchLogsExports": ["upgrade", "postgresql"]},
        prop("enabledCloudwatchLogsExports", [], ["upgrade"]),
        prop("enabledCloudwatchLogsExports[1]", "upgrade"),
    ),
    *parameters("database-statements-logged", "log_statement", "ddl", "none", good=("all", "mod", "DDL")),
    *parameters(
        "database-slow-statements-logged",
        "log_min_duration_statement",
        "1000",
        "-1",
        "60000",
        "never",
        good=("0",),
        strict={"slowest_ms": 500},
    ),
    *parameters("database-pgaudit", "shared_preload_libraries", "pg_stat_statements, pgaudit", "pg_stat_statements", "pgaudit2"),
    *each(SERVERS, "database-monitored", {"monitoringInterval": 60}, prop("monitoringInterval", 0), strict={"least_seconds": 61}),
    *each(
        SERVERS,
        "database-insights",
        {"performanceInsightsEnabled": True, "performanceInsightsKmsKeyId": KEY},
        prop("performanceInsightsEnabled", False),
        prop("performanceInsightsKmsKeyId", "", unknown=HOLDS),
    ),
    *each(
        (CLUSTER_PARAMETERS,),
        "database-log-flags",
        {"parameters": [{"name": "log_lock_waits", "value": "1"}, {"name": "log_temp_files", "value": "10240"}]},
        prop("parameters[0].value", "0", good=("on",)),
        prop("parameters[1].value", "-1", good=("0",)),
        strict={"largest_temp_kib": 1},
    ),
    case(
        "database-log-flags",
        PARAMETERS,
        {"family": "aurora-postgresql17", "parameters": []},
        prop("family", "postgres17", absent=HOLDS),
    ),
]
