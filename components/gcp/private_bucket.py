"""A private bucket: closed to the public, versioned, with a lifecycle, with a name of its own. Of every bucket here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_gcp as gcp
import pulumi_random as random

from components.contract import Workload
from components.gcp.component import GcpComponent
from components.names import Scope

ABORT_DAYS = 7
"""Uploads in parts that nobody finished are removed after this time; they cost and are seen nowhere."""
SOFT_DELETE_SECONDS = 7 * 24 * 3600
"""Whatever is deleted, by whomever, can be had back for a week: the least that Cloud Storage offers. It is paid for as stored."""
SUFFIX_BYTES = 4
"""Two hexadecimal digits each. Bucket names are the whole world's."""


class PrivateBucket:
    """Bucket ``<component>-<role>``, called ``<app>-<environment>-<name>-<random hex>``, in the stack's region.

    Only IAM gives access (uniform), and nothing can make it public. *rules* are made by :func:`lifecycle_rule`. With *protect*
    neither Pulumi nor Google deletes it while it holds anything; without, it goes with all it holds. Another region is another
    bucket, under another name; everything else changes in place. *index* is the object that answers for a folder, for a bucket
    that is served to browsers.
    """

    bucket: gcp.storage.Bucket
    url: pulumi.Output[str]
    """``gs://<name>``."""

    def __init__(
        self,
        component: GcpComponent,
        role: str,
        scope: Scope,
        *,
        name: str,
        protect: bool,
        rules: Sequence[Any] = (),
        versioned: bool = True,
        overwritten_days: int = 30,
        index: str | None = None,
    ) -> None:
        self._network, self._logical = component.network, f"{component.name}-{role}"
        self._writers: dict[str, gcp.storage.BucketIAMMember] = {}
        suffix = random.RandomId(
            f"{self._logical}-suffix",
            byte_length=SUFFIX_BYTES,
            # A bucket in another place is made before the old one goes, so it needs a name of its own.
            keepers={"region": scope.region},
            opts=component.child(protect=protect),
        )
        limit = 63 - 1 - 2 * SUFFIX_BYTES
        self.bucket = gcp.storage.Bucket(
            self._logical,
            name=pulumi.Output.format("{0}-{1}", scope.physical(name, limit=limit), suffix.hex),
            location=scope.region.upper(),  # as Google gives it back
            storage_class="STANDARD",
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            versioning={"enabled": versioned},
            soft_delete_policy={"retention_duration_seconds": SOFT_DELETE_SECONDS},
            lifecycle_rules=[*_always(overwritten_days), *rules],
            website={"main_page_suffix": index} if index else None,
            force_destroy=not protect,
            labels=scope.labels(),
            opts=component.child(protect=protect),
        )
        self.url = pulumi.Output.format("gs://{0}", self.bucket.name)

    def grant_write(self, workload: Workload) -> gcp.storage.BucketIAMMember:
        """Let *workload* list, read, write and delete objects of this bucket; nothing of the bucket itself. Once per workload."""
        if workload.name not in self._writers:
            self._writers[workload.name] = gcp.storage.BucketIAMMember(
                # with a dot, which no name of a workload or bucket has: two names never make one
                f"{workload.name}-writes.{self._logical}",
                bucket=self.bucket.name,
                role="roles/storage.objectUser",
                member=self._network.identity_of(workload).member,
                opts=self._network.child_of(workload),
            )
        return self._writers[workload.name]


def lifecycle_rule(action: str, *, storage_class: str | None = None, **condition: Any) -> Any:
    """A rule: *action* ``Delete`` or ``SetStorageClass``, for objects that meet *condition* (``age`` in days,
    ``matches_prefixes``, ...). Versions that were overwritten have a rule of their own, so it is about live objects."""
    what = {"type": action} if storage_class is None else {"type": action, "storage_class": storage_class}
    return {"action": what, "condition": {"with_state": "LIVE", **condition}}


def _always(overwritten_days: int) -> list[Any]:
    return [
        lifecycle_rule("AbortIncompleteMultipartUpload", with_state="ANY", age=ABORT_DAYS),
        lifecycle_rule("Delete", with_state="ARCHIVED", days_since_noncurrent_time=overwritten_days),
    ]
