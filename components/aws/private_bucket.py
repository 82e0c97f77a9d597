"""A private bucket: closed to the public, encrypted, TLS only, versioned, with a lifecycle. Of every bucket here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.iam import Statement, document, statement, tls_only
from components.aws.kms import CustomerKey, encrypt
from components.component import Component
from components.names import Scope

ABORT_DAYS = 7
"""Uploads in parts that nobody finished are removed after this time; they cost and are seen nowhere."""


class PrivateBucket:
    """Bucket ``<component>-<role>``, closed from the start; the other methods are called once each.

    AWS adds letters to *name*, because bucket names are the whole world's. With *protect* it is neither deleted by Pulumi nor
    emptied by S3; without it goes with all it holds.
    """

    def __init__(self, component: Component, role: str, scope: Scope, *, name: str, protect: bool, emptied: bool) -> None:
        self._component, self._logical = component, f"{component.name}-{role}"
        self.bucket = aws.s3.Bucket(
            self._logical,
            bucket_prefix=f"{scope.physical(name, limit=36)}-",
            force_destroy=emptied,
            tags=scope.named(self._logical),
            opts=component.child(protect=protect),
        )
        closed = aws.s3.BucketPublicAccessBlock(
            f"{self._logical}-private",
            bucket=self.bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=component.child(),
        )
        aws.s3.BucketOwnershipControls(
            f"{self._logical}-ownership",
            bucket=self.bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=component.child(),
        )
        self.ready: list[pulumi.Resource] = [closed]
        """What must exist before anything is written to it."""

    @property
    def objects(self) -> pulumi.Output[str]:
        """All objects, as a policy names them."""
        return pulumi.Output.format("{0}/*", self.bucket.arn)

    def encrypt(self, key: CustomerKey | None) -> None:
        """With *key*; None is S3's own, for writers that know no other."""
        default: Any = {"sse_algorithm": "aws:kms", "kms_master_key_id": key.arn} if key else {"sse_algorithm": "AES256"}
        rule: Any = {"apply_server_side_encryption_by_default": default}
        if key:
            rule["bucket_key_enabled"] = True  # saves nearly all calls to KMS, which are paid one by one
        self._and_before_use(
            aws.s3.BucketServerSideEncryptionConfiguration(
                f"{self._logical}-encryption",
                bucket=self.bucket.id,
                rules=[rule],
                opts=self._component.child(),
            )
        )

    def keep(self, rules: Sequence[Any], *, versioned: bool = True, overwritten_days: int) -> None:
        """*rules* of the lifecycle beside those of every bucket: rubbish out, overwritten objects after *overwritten_days*."""
        versions = aws.s3.BucketVersioning(
            f"{self._logical}-versions",
            bucket=self.bucket.id,
            # A bucket that had versions once can only suspend them.
            versioning_configuration={"status": "Enabled" if versioned else "Suspended"},
            opts=self._component.child(),
        )
        self._and_before_use(versions)
        always = [
            lifecycle_rule("abandoned-uploads", abort_incomplete_multipart_upload={"days_after_initiation": ABORT_DAYS}),
            lifecycle_rule(
                "overwritten",
                noncurrent_version_expiration={"noncurrent_days": overwritten_days},
                expiration={"expired_object_delete_marker": True},  # left alone when the last version behind it is gone
            ),
        ]
        aws.s3.BucketLifecycleConfiguration(
            f"{self._logical}-lifecycle",
            bucket=self.bucket.id,
            rules=[*always, *rules],
            opts=self._component.child(depends_on=[versions]),
        )

    def log_to(self, target: aws.s3.Bucket, prefix: str, *, after: pulumi.Resource) -> None:
        """Who read and wrote what, below *prefix* of *target*."""
        aws.s3.BucketLogging(
            f"{self._logical}-logging",
            bucket=self.bucket.id,
            target_bucket=target.id,
            target_prefix=prefix,
            opts=self._component.child(depends_on=[after]),
        )

    def allow(self, statements: Sequence[Statement] = ()) -> aws.s3.BucketPolicy:
        """The bucket's policy: TLS only, and *statements*."""
        policy = aws.s3.BucketPolicy(
            f"{self._logical}-policy",
            bucket=self.bucket.id,
            policy=document([tls_only(["s3:*"], [self.bucket.arn, self.objects]), *statements]),
            opts=self._component.child(depends_on=[self.ready[0]]),
        )
        self._and_before_use(policy)
        return policy

    def rights(self, key: CustomerKey) -> list[Statement]:
        """Listing, reading, writing and deleting objects encrypted with *key*; no versions, and nothing of the bucket itself."""
        objects = ["s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
        return [
            statement(["s3:GetBucketLocation", "s3:ListBucket", "s3:ListBucketMultipartUploads"], [self.bucket.arn]),
            statement(objects, [self.objects]),
            encrypt(key),
        ]

    def _and_before_use(self, resource: pulumi.Resource) -> None:
        self.ready.append(resource)


def lifecycle_rule(name: str, prefix: str = "", **actions: Any) -> Any:
    """A rule of a lifecycle for the objects below *prefix*."""
    return {"id": name, "status": "Enabled", "filter": {"prefix": prefix}, **actions}
