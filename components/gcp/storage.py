"""Object storage: a private bucket of Cloud Storage, served by Cloud CDN by choice."""

from __future__ import annotations

from typing import Any

import pulumi

from components.contract import Bucket, BucketArgs, Workload
from components.environment import Access
from components.gcp.cdn import INDEX, Cdn
from components.gcp.component import GcpComponent
from components.gcp.network import GcpNetwork
from components.gcp.private_bucket import PrivateBucket, lifecycle_rule
from components.settings.platform import BucketSettings

OVERWRITTEN_DAYS = 30
"""Overwritten and deleted objects can be had back for this time."""


class GcpBucket(GcpComponent, Bucket):
    """One bucket in the stack's region, encrypted with Google's own keys, never public.

    With ``deletion_protection`` it is protected in Pulumi, and Google refuses to delete it while it holds anything. Without it
    the bucket goes with all its objects. Every setting changes in place.
    """

    cdn: Cdn | None

    def __init__(self, name: str, args: BucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        assert isinstance(args.network, GcpNetwork)
        self.network, settings = args.network, args.settings
        short = name.removeprefix("bucket-")
        self._made = PrivateBucket(
            self,
            "bucket",
            args.scope,
            name=short,
            protect=settings.deletion_protection,
            rules=lifecycle(settings),
            versioned=settings.versioned,
            overwritten_days=OVERWRITTEN_DAYS,
            index=INDEX if settings.cdn else None,
        )
        self.bucket = self._made.bucket
        self.cdn = Cdn(self, args.scope, short, self.bucket) if settings.cdn else None
        if self.cdn:
            self.network.cdn_origins[short] = self.cdn
        self._variable = f"BUCKET_{short.replace('-', '_').upper()}"
        self.finish(url=self._made.url)

    def grant_write(self, workload: Workload) -> Access:
        """Let *workload* list, read, write and delete objects. With a CDN it also gets ``BUCKET_<NAME>_CDN``, its address."""
        environment: dict[str, pulumi.Input[str]] = {self._variable: self.url}
        if self.cdn:
            environment[f"{self._variable}_CDN"] = self.cdn.url
        return Access(environment=environment, after=[self._made.grant_write(workload)])


def lifecycle(settings: BucketSettings) -> list[Any]:
    """Rules of the settings: old objects to the archive class, older ones gone."""
    rules = []
    if settings.archive_after_days is not None:
        rules.append(lifecycle_rule("SetStorageClass", storage_class="ARCHIVE", age=settings.archive_after_days))
    if settings.delete_after_days is not None:
        rules.append(lifecycle_rule("Delete", age=settings.delete_after_days))
    return rules
