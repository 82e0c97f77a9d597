"""Object storage: a private, encrypted S3 bucket with a log of who read it."""

from __future__ import annotations

from typing import Any, cast

import pulumi

from components.aws.cdn import Cdn
from components.aws.kms import customer_key
from components.aws.network import AwsNetwork
from components.aws.private_bucket import PrivateBucket, lifecycle_rule
from components.contract import Bucket, BucketArgs, Workload
from components.environment import Access
from components.settings.platform import BucketSettings

OVERWRITTEN_DAYS = 30
"""Overwritten and deleted objects can be had back for this time."""


class AwsBucket(Bucket):
    """One bucket with a key of its own.

    With ``deletion_protection`` bucket and key are protected in Pulumi, and S3 refuses to delete the bucket while it holds
    anything. Without it the bucket goes with all its objects.
    """

    cdn: Cdn | None

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        scope, settings, network = args.scope, args.settings, cast(AwsNetwork, args.network)
        short, protect = name.removeprefix("bucket-"), settings.deletion_protection
        self._made = made = PrivateBucket(self, "bucket", scope, name=short, protect=protect, emptied=not protect)
        self.bucket = made.bucket
        self.cdn = Cdn(self, scope, self.bucket) if settings.cdn else None
        served = self.cdn.decrypt() if self.cdn else ()
        self.key = customer_key(self, scope, purpose=f"bucket {short}", statements=served, protect=protect)
        made.encrypt(self.key)
        made.keep(lifecycle(settings), versioned=settings.versioned, overwritten_days=OVERWRITTEN_DAYS)
        made.log_to(network.log_bucket, f"s3/{short}/", after=network.log_policy)
        made.allow(self.cdn.read(made.objects) if self.cdn else ())
        self._variable = f"BUCKET_{short.replace('-', '_').upper()}"
        self.finish(url=pulumi.Output.format("s3://{0}", self.bucket.bucket))

    def grant_write(self, workload: Workload) -> Access:
        """Let *workload* list, read, write and delete objects. With a CDN it also gets ``BUCKET_<NAME>_CDN``, its address."""
        environment: dict[str, pulumi.Input[str]] = {self._variable: self.url}
        if self.cdn:
            environment[f"{self._variable}_CDN"] = self.cdn.url
        return Access(environment=environment, after=self._made.ready, permissions=self._made.rights(self.key))


def lifecycle(settings: BucketSettings) -> list[Any]:
    """Rules of the settings: old objects to Glacier Flexible Retrieval, older ones gone."""
    rules = []
    if settings.archive_after_days is not None:
        rules.append(lifecycle_rule("archive", transitions=[{"days": settings.archive_after_days, "storage_class": "GLACIER"}]))
    if settings.delete_after_days is not None:
        rules.append(lifecycle_rule("delete", expiration={"days": settings.delete_after_days}))
    return rules
