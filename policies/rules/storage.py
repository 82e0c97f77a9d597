"""Buckets and backup vaults."""

from __future__ import annotations

from policies.rule import AnyRule, Rule, StackRule
from policies.rules.aws import storage as aws
from policies.rules.aws.types import BUCKET, BUCKET_ENCRYPTION, BUCKET_LOGGING, VAULT, VAULT_LOCK
from policies.rules.customer_keys import ASK_GOOGLE
from policies.rules.gcp import storage as gcp
from policies.rules.gcp import types as google
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#the-way-in-buckets-cache"
BACKUPS = "components/aws/README.md#schedules-and-backups"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="bucket-not-public",
        title="A bucket refuses every grant to the public",
        severity="critical",
        frameworks=references(hub="S3.1 S3.8", cis_gcp="5.1", checkov="AWS_53 AWS_54 AWS_55 AWS_56 AWS2_6 GCP_114 GCP_28"),
        remediation="Keep all four flags of the public access block (Google Cloud: publicAccessPrevention); a CDN serves files.",
        docs=DOCS,
        aws=aws.bucket_not_public,
        gcp=gcp.bucket_not_public,
        dev="mandatory",
    ),
    Rule(
        id="bucket-tls-only",
        title="A bucket refuses plain HTTP",
        severity="medium",
        frameworks=references(hub="S3.5", cis_aws="3.1.1"),
        remediation="Keep the statement in the bucket's policy that denies s3:* where aws:SecureTransport is false.",
        docs=DOCS,
        aws=aws.bucket_tls_only,
        gcp=gcp.bucket_tls_only,
        dev="mandatory",
    ),
    Rule(
        id="bucket-versioned",
        title="A bucket keeps what is overwritten or deleted",
        severity="medium",
        frameworks=references(hub="S3.14", checkov="AWS_21 GCP_78"),
        remediation="Enable versions; the lifecycle ends them.",
        docs=DOCS,
        aws=aws.bucket_versioned,
        gcp=gcp.bucket_versioned,
        dev="mandatory",
    ),
    Rule(
        id="bucket-no-acls",
        title="A bucket's rights are in its policy only, not in ACLs",
        severity="medium",
        frameworks=references(cis_gcp="5.2", checkov="GCP_29"),
        remediation="Set objectOwnership to BucketOwnerEnforced (on Google Cloud uniformBucketLevelAccess).",
        docs=DOCS,
        aws=aws.bucket_no_acls,
        gcp=gcp.bucket_no_acls,
        dev="mandatory",
    ),
    Rule(
        id="bucket-lifecycle",
        title="A bucket does not fill up with what nobody needs",
        severity="low",
        frameworks=references(hub="S3.13", checkov="AWS2_61"),
        remediation="Keep a lifecycle rule that ends unfinished uploads and old versions.",
        docs=DOCS,
        aws=aws.bucket_lifecycle,
        gcp=gcp.bucket_lifecycle,
        dev="mandatory",
    ),
    StackRule(
        id="bucket-guarded",
        title="A bucket has all of its guards",
        severity="high",
        frameworks=references(hub="S3.1 S3.5 S3.8 S3.13 S3.14 S3.17", checkov="AWS2_6 AWS2_61"),
        remediation="Make buckets by components/aws/private_bucket.py.",
        docs=DOCS,
        judge=on_clouds(aws=aws.bucket_guarded, gcp=gcp.bucket_guarded),
        types=(BUCKET,),
        dev="mandatory",
    ),
    StackRule(
        id="bucket-customer-key",
        title="A bucket is encrypted with a key of the stack",
        severity="medium",
        frameworks=references(hub="S3.17", checkov="AWS_145"),
        remediation="Give the bucket a customer key.",
        docs=DOCS,
        judge=on_clouds(aws=aws.bucket_customer_key, gcp=gcp.bucket_customer_key),
        config=ASK_GOOGLE,
        types=(BUCKET_ENCRYPTION, google.BUCKET),
        dev="mandatory",
    ),
    StackRule(
        id="bucket-access-logged",
        title="Who reads a bucket is logged",
        severity="low",
        frameworks=references(hub="S3.9", checkov="AWS_18 GCP_62"),
        remediation="Send the bucket's access log to the network's log bucket.",
        docs=DOCS,
        judge=on_clouds(aws=aws.bucket_access_logged, gcp=gcp.bucket_access_logged),
        types=(BUCKET, BUCKET_LOGGING),
        dev="mandatory",
    ),
    Rule(
        id="backup-vault-key",
        title="A backup vault is encrypted with a key of the stack",
        severity="medium",
        remediation="Set kmsKeyArn; a change recreates the vault.",
        docs=BACKUPS,
        aws=aws.backup_vault_key,
        gcp=gcp.backup_vault_key,
        dev="mandatory",
    ),
    StackRule(
        id="backup-vault-locked",
        title="Backups cannot be deleted before their time",
        severity="high",
        frameworks=references(checkov="AWS_143"),
        remediation="Set backups.deletion_protection to true.",
        docs=BACKUPS,
        judge=on_clouds(aws=aws.backup_vault_locked, gcp=gcp.backup_vault_locked),
        types=(VAULT, VAULT_LOCK, google.BUCKET),
        dev="advisory",
    ),
)
