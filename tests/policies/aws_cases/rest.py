"""Cases of policies/rules/{edge,storage,cache,registry,secrets,own,logs}.py on AWS."""

from __future__ import annotations

from policies.resource import UNKNOWN
from policies.rules.aws.types import (
    BALANCER,
    BUCKET,
    BUCKET_LIFECYCLE,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PUBLIC_BLOCK,
    BUCKET_VERSIONING,
    CACHE,
    CLUSTER,
    DISTRIBUTION,
    INSTANCE,
    KEY,
    LISTENER,
    LOG_GROUP,
    REPOSITORY,
    REPOSITORY_POLICY,
    ROTATION,
    SECRET,
    TOPIC,
    VAULT,
)
from tests.policies.cases import FAILS, HOLDS, UNDECIDED, case, prop

KEY_POLICY = "aws:kms/keyPolicy:KeyPolicy"
ARN = "arn:aws:kms:ap-northeast-1:123456789012:key/1"
TLS_13 = "ELBSecurityPolicy-TLS13-1-2-2021-06"
REFUSAL = {
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["s3:*"],
    "Resource": ["arn:aws:s3:::shop", "arn:aws:s3:::shop/*"],
    "Condition": {"Bool": {"aws:SecureTransport": "false"}},
}
FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
PULL = {"Effect": "Allow", "Action": ["ecr:BatchGetImage"], "Principal": {"Service": "lambda.amazonaws.com"}}
UPLOADS = {"status": "Enabled", "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7}}

CASES = [
    # edge
    case(
        "balancer-tls-version",
        LISTENER,
        {"protocol": "HTTPS", "sslPolicy": TLS_13},
        prop("sslPolicy", "ELBSecurityPolicy-2016-08", "ELBSecurityPolicy-TLS13-1-2-Ext1-2021-06"),
        prop("protocol", good=("TLS", "HTTP"), absent=HOLDS, unknown=HOLDS),
    ),
    case("balancer-tls-version", LISTENER, {"protocol": "HTTP"}, prop("protocol", "HTTPS", absent=HOLDS, unknown=UNDECIDED)),
    case(
        "balancer-headers",
        BALANCER,
        {"loadBalancerType": "application", "dropInvalidHeaderFields": True},
        prop("dropInvalidHeaderFields", False),
        prop("loadBalancerType", absent=HOLDS, unknown=HOLDS),
    ),
    case("balancer-headers", BALANCER, {"loadBalancerType": "network"}, prop("loadBalancerType", "application")),
    case(
        "balancer-logs",
        BALANCER,
        {"accessLogs": {"enabled": True, "bucket": "shop-logs"}},
        prop("accessLogs.enabled", False),
        prop("accessLogs.bucket", "", unknown=HOLDS),
        prop("accessLogs"),
    ),
    case("balancer-deletion-protected", BALANCER, {"enableDeletionProtection": True}, prop("enableDeletionProtection", False)),
    case(
        "cdn-https",
        DISTRIBUTION,
        {"defaultCacheBehavior": {"viewerProtocolPolicy": "redirect-to-https"}},
        prop("defaultCacheBehavior.viewerProtocolPolicy", "allow-all", good=("https-only",)),
        prop(
            "orderedCacheBehaviors",
            [{"viewerProtocolPolicy": "https-only"}, {"viewerProtocolPolicy": "allow-all"}],
            good=([], [{"viewerProtocolPolicy": "https-only"}]),
            absent=HOLDS,
        ),
    ),
    # storage
    case("bucket-not-public", BUCKET_PUBLIC_BLOCK, dict.fromkeys(FLAGS, True), *(prop(flag, False) for flag in FLAGS)),
    case(
        "bucket-tls-only",
        BUCKET_POLICY,
        {"policy": {"Statement": [REFUSAL]}},
        prop("policy.Statement[0].Effect", "Allow"),
        prop("policy.Statement[0].Principal", {"AWS": "arn:aws:iam::123456789012:root"}, good=({"AWS": "*"},)),
        prop("policy.Statement[0].Action", "s3:GetObject", ["s3:PutObject"], good=("s3:*", "*")),
        prop("policy.Statement[0].Condition", {"Bool": {"aws:SecureTransport": "true"}}, good=(REFUSAL["Condition"],)),
        prop("policy.Statement", []),
        prop("policy"),
        texts=("policy",),
    ),
    case("bucket-tls-only", BUCKET_POLICY, {"policy": {"Statement": [REFUSAL]}}, prop("policy", "no JSON", "")),
    case(
        "bucket-versioned",
        BUCKET_VERSIONING,
        {"versioningConfiguration": {"status": "Enabled"}},
        prop("versioningConfiguration.status", "Suspended"),
        prop("versioningConfiguration"),
    ),
    case(
        "bucket-no-acls",
        BUCKET_OWNERSHIP,
        {"rule": {"objectOwnership": "BucketOwnerEnforced"}},
        prop("rule.objectOwnership", "BucketOwnerPreferred", "ObjectWriter"),
    ),
    case(
        "bucket-lifecycle",
        BUCKET_LIFECYCLE,
        {"rules": [UPLOADS]},
        prop("rules", [], [{**UPLOADS, "status": "Disabled"}], [{"status": "Enabled"}]),
    ),
    case("backup-vault-key", VAULT, {"kmsKeyArn": ARN}, prop("kmsKeyArn", "", unknown=HOLDS)),
    # cache
    case("cache-encrypted", CACHE, {"atRestEncryptionEnabled": True}, prop("atRestEncryptionEnabled", False)),
    case("cache-tls", CACHE, {"transitEncryptionEnabled": True}, prop("transitEncryptionEnabled", False)),
    case("cache-login", CACHE, {"authToken": UNKNOWN}, prop("authToken", "", good=("x",), unknown=HOLDS)),
    case("cache-login", CACHE, {"userGroupIds": ["group"]}, prop("userGroupIds", [], unknown=HOLDS)),
    case("cache-customer-key", CACHE, {"kmsKeyId": ARN}, prop("kmsKeyId", "", unknown=HOLDS)),
    case(
        "cache-failover",
        CACHE,
        {"automaticFailoverEnabled": True, "multiAzEnabled": True},
        prop("automaticFailoverEnabled", False),
        prop("multiAzEnabled", False),
    ),
    case("cache-snapshots", CACHE, {"snapshotRetentionLimit": 1}, prop("snapshotRetentionLimit", 0), strict={"days": 2}),
    # registry
    case("registry-immutable", REPOSITORY, {"imageTagMutability": "IMMUTABLE"}, prop("imageTagMutability", "MUTABLE")),
    case(
        "registry-scanned",
        REPOSITORY,
        {"imageScanningConfiguration": {"scanOnPush": True}},
        prop("imageScanningConfiguration.scanOnPush", False),
        prop("imageScanningConfiguration"),
    ),
    case(
        "registry-customer-key",
        REPOSITORY,
        {"encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": ARN}]},
        prop("encryptionConfigurations[0].encryptionType", "AES256"),
        prop("encryptionConfigurations[0].kmsKey", "", unknown=HOLDS),
        prop("encryptionConfigurations", []),
    ),
    case(
        "registry-not-public",
        REPOSITORY_POLICY,
        {"policy": {"Statement": [PULL]}},
        prop("policy.Statement[0].Principal", "*", {"AWS": "*"}, {"AWS": ["*"]}, good=({"AWS": "arn"},), absent=HOLDS),
        prop("policy", absent=HOLDS),
        texts=("policy",),
    ),
    # secrets
    case("secret-customer-key", SECRET, {"kmsKeyId": ARN}, prop("kmsKeyId", "", unknown=HOLDS)),
    case(
        "secret-rotation-interval",
        ROTATION,
        {"rotationRules": {"automaticallyAfterDays": 30}},
        prop("rotationRules.automaticallyAfterDays", 91),
        prop("rotationRules"),
        strict={"days": 7},
    ),
    case(
        "secret-rotation-interval",
        ROTATION,
        {"rotationRules": {"scheduleExpression": "rate(7 days)"}},
        prop("rotationRules.scheduleExpression", unknown=HOLDS),
    ),
    case(
        "key-rotated",
        KEY,
        {"enableKeyRotation": True, "rotationPeriodInDays": 180},
        prop("enableKeyRotation", False),
        prop("rotationPeriodInDays", 366, 2560, good=(90,), absent=HOLDS),
        strict={"days": 90},
    ),
    case("secret-in-region", SECRET, {}, prop("replicas", [{"region": "eu-west-1"}], absent=HOLDS, unknown=FAILS)),
    *(
        case(
            "granted-to-named",
            token,
            {"policy": {"Statement": [PULL]}},
            prop("policy.Statement[0].Principal", "*", {"AWS": "*"}, good=({"AWS": "arn"},), absent=HOLDS),
            prop("policy", absent=HOLDS),
            texts=("policy",),
        )
        for token in (KEY_POLICY, BUCKET_POLICY)
    ),
    *(
        case(
            "data-labelled",
            token,
            {"tags": {"app": "shop", "environment": "production"}},
            prop("tags.app", "", unknown=HOLDS),
            prop("tags.environment", "", unknown=HOLDS),
            prop("tags", unknown=HOLDS),
        )
        for token in (CLUSTER, INSTANCE, SECRET, BUCKET, KEY, CACHE, REPOSITORY, VAULT)
    ),
    # logs
    case("log-retention", LOG_GROUP, {"retentionInDays": 7}, prop("retentionInDays", 0, 1, good=(365,)), strict={"days": 30}),
    case("log-customer-key", LOG_GROUP, {"kmsKeyId": ARN}, prop("kmsKeyId", "", unknown=HOLDS)),
    case("topic-encrypted", TOPIC, {"kmsMasterKeyId": ARN}, prop("kmsMasterKeyId", "", unknown=HOLDS)),
]
