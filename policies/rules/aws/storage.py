"""AWS: the checks of the rules in policies/rules/storage.py. A bucket's guards are resources of their own, which name it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.checks import all_of, must_be, must_be_in, must_have
from policies.resource import UNKNOWN, Resource, Stack
from policies.rule import Check, Config
from policies.rules.aws.types import (
    BALANCER,
    BUCKET,
    BUCKET_ENCRYPTION,
    BUCKET_LIFECYCLE,
    BUCKET_LOGGING,
    BUCKET_OWNERSHIP,
    BUCKET_POLICY,
    BUCKET_PUBLIC_BLOCK,
    BUCKET_VERSIONING,
    VAULT,
    VAULT_LOCK,
)
from policies.rules.sides import linked, needs, together
from policies.verdict import Undecided

FLAGS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
KMS = ("aws:kms", "aws:kms:dsse")
ALGORITHM = "applyServerSideEncryptionByDefault.sseAlgorithm"


def _refuses_plain_http(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """A statement that denies everybody everything without TLS."""
    statements = resource.fact("policy.Statement[*]")
    if statements is UNKNOWN:
        yield Undecided(("policy",))
    elif not any(_is_refusal(one) for one in statements or () if isinstance(one, dict)):
        yield "policy must deny every principal s3:* where aws:SecureTransport is false"


def _is_refusal(statement: dict[str, Any]) -> bool:
    actions, bools = statement.get("Action"), statement.get("Condition", {}).get("Bool", {})
    return (
        statement.get("Effect") == "Deny"
        and statement.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        and bool({"*", "s3:*"}.intersection([actions] if isinstance(actions, str) else actions or ()))
        and str(bools.get("aws:SecureTransport")).lower() == "false"
    )


def _tidies_up(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """An enabled rule ends uploads that nobody finished; what else is deleted, and when, is the bucket's business."""
    rules = resource.fact("rules")
    if rules is UNKNOWN:
        yield Undecided(("rules",))
        return
    items = [rule for rule in rules if isinstance(rule, dict)] if isinstance(rules, list) else []
    if not any(rule.get("status") == "Enabled" and rule.get("abortIncompleteMultipartUpload") for rule in items):
        yield "rules must hold an enabled rule with abortIncompleteMultipartUpload"


bucket_not_public = Check((BUCKET_PUBLIC_BLOCK,), all_of(*(must_be(flag, True, default=False) for flag in FLAGS)))
bucket_tls_only = Check((BUCKET_POLICY,), _refuses_plain_http)
bucket_versioned = Check((BUCKET_VERSIONING,), must_be("versioningConfiguration.status", "Enabled"))
bucket_no_acls = Check((BUCKET_OWNERSHIP,), must_be("rule.objectOwnership", "BucketOwnerEnforced"))
bucket_lifecycle = Check((BUCKET_LIFECYCLE,), _tidies_up)
bucket_guarded = together(
    *(
        needs(BUCKET, token, by="bucket", what=what)
        for token, what in {
            BUCKET_PUBLIC_BLOCK: "block of public access",
            BUCKET_POLICY: "policy that refuses plain HTTP",
            BUCKET_VERSIONING: "versions",
            BUCKET_OWNERSHIP: "ownership controls, which switch ACLs off",
            BUCKET_LIFECYCLE: "lifecycle",
            BUCKET_ENCRYPTION: "encryption",
        }.items()
    )
)
backup_vault_key = Check((VAULT,), must_have("kmsKeyArn"))
backup_vault_locked = needs(VAULT, VAULT_LOCK, by="backupVaultName", what="lock")


def bucket_customer_key(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Objects are encrypted with a key of ours; where a load balancer writes its logs, with S3's: it can use no other."""
    for encryption in stack.of_type(BUCKET_ENCRYPTION):
        of_balancer = any(linked(stack, urn, BALANCER, "accessLogs") for urn in encryption.property_depends_on.get("bucket", ()))
        judge = must_be_in(f"rules[0].{ALGORITHM}", (*KMS, "AES256") if of_balancer else KMS)
        key = must_have("rules[0].applyServerSideEncryptionByDefault.kmsMasterKeyId")
        for said in (judge if of_balancer else all_of(judge, key))(encryption, config):
            yield Undecided(said.properties, encryption.urn) if isinstance(said, Undecided) else (encryption.urn, said)


def bucket_access_logged(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Every bucket tells who reads it; but for the bucket that these logs, or a balancer's, are written to."""
    for bucket in stack.of_type(BUCKET):
        ways = ((BUCKET_LOGGING, "bucket"), (BUCKET_LOGGING, "targetBucket"), (BALANCER, "accessLogs"))
        if not any(linked(stack, bucket.urn, token, by) for token, by in ways):
            yield bucket.urn, "has no access log: no BucketLogging names it in bucket"
