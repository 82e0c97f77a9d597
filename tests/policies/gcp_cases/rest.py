"""Cases of the load balancer, caches, buckets, registry, secrets, logs and the rules of our own, on Google Cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from policies.resource import UNKNOWN
from policies.rules.gcp.types import (
    BACKEND,
    BUCKET,
    BUCKET_BINDING,
    BUCKET_MEMBER,
    HTTPS_PROXY,
    INSTANCE,
    KEY,
    KEY_MEMBER,
    LOG_BUCKET,
    PROJECT_MEMBER,
    REDIS,
    REPOSITORY,
    REPOSITORY_BINDING,
    REPOSITORY_MEMBER,
    SECRET,
    SECRET_MEMBER,
    SECRET_VERSION,
    TLS_POLICY,
    VALKEY,
)
from tests.policies.cases import FAILS, HOLDS, Case, Property, case, prop
from tests.policies.gcp_cases.containers import both, members

DAY = 24 * 3600
CIPHER = {"customerManagedEncryption": {"kmsKeyName": "key"}}


@dataclass(frozen=True)
class Asked(Case):
    """A case whose rule is asked for keys of the stack on Google Cloud, too."""

    def verdict(self, props: Mapping[str, Any], **config: Any) -> str:
        return super().verdict(props, **{"google": True, **config})


def key(rule: str, type_: str, props: Mapping[str, Any], *properties: Property) -> Asked:
    return Asked(rule, type_, props, properties)


KEYS = [
    key("database-customer-key", INSTANCE, {"encryptionKeyName": "key"}, prop("encryptionKeyName", "", unknown=HOLDS)),
    key("database-customer-key", INSTANCE, {"masterInstanceName": "primary"}, prop("masterInstanceName", unknown=HOLDS)),
    key("cache-customer-key", REDIS, {"customerManagedKey": "key"}, prop("customerManagedKey", "", unknown=HOLDS)),
    key("cache-customer-key", VALKEY, {"kmsKey": "key"}, prop("kmsKey", "", unknown=HOLDS)),
    key("registry-customer-key", REPOSITORY, {"kmsKeyName": "key"}, prop("kmsKeyName", "", unknown=HOLDS)),
    key(
        "secret-customer-key",
        SECRET,
        {"replication": {"userManaged": {"replicas": [{"location": "a", **CIPHER}, {"location": "b", **CIPHER}]}}},
        prop("replication.userManaged.replicas[1].customerManagedEncryption", {}, unknown=HOLDS),
        prop("replication", {"auto": {}}, unknown=HOLDS, good=({"auto": CIPHER},)),
    ),
    key(
        "log-customer-key",
        LOG_BUCKET,
        {"cmekSettings": {"kmsKeyName": "key"}},
        prop("cmekSettings.kmsKeyName", "", unknown=HOLDS),
        prop("cmekSettings", {}, unknown=HOLDS),
    ),
]
"""Of rules that ask for nothing on Google Cloud by default."""

PINNED = {"valueSource": {"secretKeyRef": {"secret": "db", "version": "3"}}}
PATH = "containers[0].envs[1].valueSource.secretKeyRef"

CASES = [
    # the way in
    case("balancer-tls-version", HTTPS_PROXY, {"sslPolicy": "policy"}, prop("sslPolicy", "", unknown=HOLDS)),
    case(
        "balancer-tls-version",
        TLS_POLICY,
        {"minTlsVersion": "TLS_1_2", "profile": "RESTRICTED"},
        prop("minTlsVersion", "TLS_1_0", "TLS_1_1", good=("TLS_1_3",)),
        prop("profile", "COMPATIBLE", "CUSTOM", good=("MODERN",)),
    ),
    case(
        "balancer-logs",
        BACKEND,
        {"logConfig": {"enable": True, "sampleRate": 1.0}},
        prop("logConfig.enable", False),
        prop("logConfig.sampleRate", 0.5, 0, absent=HOLDS),
        prop("logConfig", {}),
    ),
    # caches
    *(
        case("cache-tls", type_, {"transitEncryptionMode": "SERVER_AUTHENTICATION"}, prop("transitEncryptionMode", "DISABLED"))
        for type_ in (REDIS, VALKEY)
    ),
    case("cache-login", REDIS, {"authEnabled": True}, prop("authEnabled", False)),
    case("cache-login", VALKEY, {"authorizationMode": "IAM_AUTH"}, prop("authorizationMode", "AUTH_DISABLED")),
    case("cache-failover", REDIS, {"tier": "STANDARD_HA"}, prop("tier", "BASIC")),
    case("cache-failover", VALKEY, {"replicaCount": 1}, prop("replicaCount", 0, good=(2,))),
    case(
        "cache-snapshots",
        REDIS,
        {"persistenceConfig": {"persistenceMode": "RDB"}},
        prop("persistenceConfig.persistenceMode", "DISABLED"),
        prop("persistenceConfig", {}),
    ),
    case(
        "cache-snapshots",
        VALKEY,
        {"automatedBackupConfig": {"retention": f"{DAY}s"}},
        prop("automatedBackupConfig.retention", f"{DAY - 1}s", "", "a day", good=(f"{7 * DAY}s",)),
        prop("automatedBackupConfig", {}),
        strict={"days": 2},
    ),
    # buckets
    case("bucket-not-public", BUCKET, {"publicAccessPrevention": "enforced"}, prop("publicAccessPrevention", "inherited")),
    *members("bucket-not-public", BUCKET_MEMBER, BUCKET_BINDING),
    case(
        "bucket-versioned", BUCKET, {"versioning": {"enabled": True}}, prop("versioning.enabled", False), prop("versioning", {})
    ),
    case("bucket-no-acls", BUCKET, {"uniformBucketLevelAccess": True}, prop("uniformBucketLevelAccess", False)),
    case(
        "bucket-lifecycle",
        BUCKET,
        {"lifecycleRules": [{"action": {"type": "Delete"}}, {"action": {"type": "AbortIncompleteMultipartUpload"}}]},
        prop("lifecycleRules[1].action.type", "Delete"),
        prop("lifecycleRules", []),
    ),
    # registry
    case(
        "registry-immutable",
        REPOSITORY,
        {"dockerConfig": {"immutableTags": True}},
        prop("dockerConfig.immutableTags", False),
        prop("dockerConfig", {}),
    ),
    case(
        "registry-scanned",
        REPOSITORY,
        {"vulnerabilityScanningConfig": {"enablementConfig": "INHERITED"}},
        prop("vulnerabilityScanningConfig.enablementConfig", "DISABLED"),
        prop("vulnerabilityScanningConfig", {}),
    ),
    *members("registry-not-public", REPOSITORY_MEMBER, REPOSITORY_BINDING),
    # secrets, keys, logs
    case(
        "key-rotated",
        KEY,
        {"purpose": "ENCRYPT_DECRYPT", "rotationPeriod": f"{90 * DAY}s"},
        prop("rotationPeriod", f"{91 * DAY}s", "never", "", good=(f"{DAY}s",)),
        prop("purpose", good=("ASYMMETRIC_SIGN",), absent=HOLDS, unknown=HOLDS),
        strict={"days": 30},
    ),
    case("key-rotated", KEY, {"purpose": "ASYMMETRIC_SIGN"}, prop("purpose", "ENCRYPT_DECRYPT")),
    case("log-retention", LOG_BUCKET, {"retentionDays": 7}, prop("retentionDays", 6, 0, absent=HOLDS), strict={"days": 8}),
    # our own
    *both(
        "container-secrets-pinned",
        {"containers": [{"envs": [{"name": "MODE", "value": "x"}, {"name": "DB_PASSWORD", **PINNED}]}]},
        prop(f"{PATH}.version", "latest", "", good=("12", 12)),
        prop(PATH, {}, absent=HOLDS),
        prop("containers", absent=HOLDS, good=([],)),
    ),
    *both(
        "container-secrets-pinned",
        {"volumes": [{"secret": {"secret": "ca", "items": [{"path": "ca.pem", "version": "3"}]}}, {"emptyDir": {}}]},
        prop("volumes[0].secret.items[0].version", "latest"),
        prop("volumes[0].secret.items", []),
        prop("volumes[0].secret", absent=HOLDS),
        prop("volumes", absent=HOLDS, good=([],)),
    ),
    case(
        "secret-value-write-only",
        SECRET_VERSION,
        {"secretDataWo": UNKNOWN},
        prop("secretData", "hunter2", absent=HOLDS, unknown=FAILS),
        prop("secretDataWo", "", unknown=HOLDS, good=("hunter2",)),
    ),
    case("secret-value-write-only", SECRET_VERSION, {"secretDataWoVersion": 5}, prop("secretDataWoVersion", 0, unknown=HOLDS)),
    case(
        "secret-in-region",
        SECRET,
        {"replication": {"userManaged": {"replicas": [{"location": "asia-northeast1"}]}}},
        prop("replication.userManaged.replicas[0].location", "", unknown=HOLDS),
        prop("replication.userManaged.replicas", []),
        prop("replication", {}, {"auto": {}}),
    ),
    *(
        case(
            "granted-to-named",
            type_,
            {"member": "serviceAccount:api@shop.iam.gserviceaccount.com"},
            prop("member", "allUsers", "allAuthenticatedUsers", absent=HOLDS),
        )
        for type_ in (SECRET_MEMBER, KEY_MEMBER, PROJECT_MEMBER)
    ),
    *(
        case(
            "data-labelled",
            type_,
            {"labels": {"app": "shop", "environment": "dev"}},
            prop("labels.app", "", unknown=HOLDS),
            prop("labels", {}, {"app": "shop"}, unknown=HOLDS),
        )
        for type_ in (SECRET, BUCKET, KEY, REDIS, VALKEY, REPOSITORY)
    ),
    case(
        "data-labelled",
        INSTANCE,
        {"settings": {"userLabels": {"app": "shop", "environment": "dev"}}},
        prop("settings.userLabels.environment", "", unknown=HOLDS),
        prop("settings", {}, unknown=HOLDS),
    ),
]
