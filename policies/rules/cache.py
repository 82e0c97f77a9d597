"""Caches."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule
from policies.rules.aws import cache as aws
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import cache as gcp
from policies.rules.references import references

DOCS = "components/aws/README.md#the-way-in-buckets-cache"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="cache-encrypted",
        title="A cache's data at rest is encrypted",
        severity="high",
        frameworks=references(hub="ElastiCache.4", checkov="AWS_29"),
        remediation="Set atRestEncryptionEnabled; a change recreates the cache.",
        docs=DOCS,
        aws=aws.cache_encrypted,
        gcp=gcp.cache_encrypted,
        dev="mandatory",
    ),
    Rule(
        id="cache-tls",
        title="A cache is reached by TLS only",
        severity="high",
        frameworks=references(hub="ElastiCache.5", checkov="AWS_30 GCP_97"),
        remediation="Set transitEncryptionEnabled (on Google Cloud transitEncryptionMode).",
        docs=DOCS,
        aws=aws.cache_tls,
        gcp=gcp.cache_tls,
        dev="mandatory",
    ),
    Rule(
        id="cache-login",
        title="A cache asks for a password or an identity",
        severity="high",
        frameworks=references(hub="ElastiCache.6", checkov="AWS_31 GCP_95"),
        remediation="Set authToken or userGroupIds (on Google Cloud authEnabled, or IAM as authorization mode).",
        docs=DOCS,
        aws=aws.cache_login,
        gcp=gcp.cache_login,
        dev="mandatory",
    ),
    Rule(
        id="cache-customer-key",
        title="A cache is encrypted with a key of the stack",
        severity="medium",
        frameworks=references(checkov="AWS_191"),
        remediation="Set kmsKeyId; a change recreates the cache.",
        docs=DOCS,
        aws=aws.cache_customer_key,
        gcp=gcp.cache_customer_key,
        config=ASK_GOOGLE,
        dev="mandatory",
    ),
    Rule(
        id="cache-failover",
        title="A cache survives the loss of a zone",
        severity="medium",
        frameworks=references(hub="ElastiCache.3", checkov="AWS2_50"),
        remediation="Set cache.ha to true.",
        docs=DOCS,
        aws=aws.cache_failover,
        gcp=gcp.cache_failover,
        dev="advisory",
    ),
    Rule(
        id="cache-snapshots",
        title="A cache's content is saved every day",
        severity="low",
        frameworks=references(hub="ElastiCache.1", checkov="AWS_134"),
        remediation="Raise cache.snapshot_retention_days.",
        docs=DOCS,
        aws=aws.cache_snapshots,
        gcp=gcp.cache_snapshots,
        config={"days": ConfigKey("integer", 1, "Days that a snapshot must be kept.", minimum=1, maximum=35)},
        dev="mandatory",
    ),
)
