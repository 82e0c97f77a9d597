"""Google Cloud: the checks of the rules in policies/rules/storage.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import any_of, must_be, must_have
from policies.resource import ABSENT, UNKNOWN, Resource, type_of
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.common import DAY_SECONDS, own_key, somebody
from policies.rules.gcp.types import BUCKET, BUCKET_BINDING, BUCKET_MEMBER
from policies.verdict import Undecided

BACKUPS = "managed-postgres:index:Backups"
"""The component whose buckets hold backups."""
LEAST_DAYS = 7
"""Of soft delete: the least that Cloud Storage takes, and its default."""
SOFT_DELETE = "softDeletePolicy.retentionDurationSeconds"


def _tidies_up(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """A rule ends uploads that nobody finished; what else is deleted, and when, is the bucket's business."""
    kinds = resource.fact("lifecycleRules[*].action.type")
    found = kinds if isinstance(kinds, tuple) else (UNKNOWN,) if kinds is UNKNOWN else ()
    if "AbortIncompleteMultipartUpload" in found:
        return
    yield Undecided(("lifecycleRules",)) if UNKNOWN in found else "lifecycleRules must hold one of AbortIncompleteMultipartUpload"


def _deleted_are_kept(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    found = resource.fact(SOFT_DELETE)
    if found is UNKNOWN:
        yield Undecided((SOFT_DELETE,))
    elif found is not ABSENT and found < LEAST_DAYS * DAY_SECONDS:
        yield f"{SOFT_DELETE} must be at least that of {LEAST_DAYS} days, or retentionPolicy.isLocked true"


def _of_backups(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """Nobody, not the owner of the project either, can end what is softly deleted before its time; or the bucket is locked."""
    if type_of(resource.parent) == BACKUPS:
        yield from any_of(_deleted_are_kept, must_be("retentionPolicy.isLocked", True))(resource, config)


bucket_not_public = (
    Check((BUCKET,), must_be("publicAccessPrevention", "enforced", default="inherited")),
    Check((BUCKET_MEMBER, BUCKET_BINDING), somebody),
)
bucket_tls_only = NotApplicable("Plain HTTP is refused for an organisation (storage.secureHttpTransport), not for a bucket")
bucket_versioned = Check((BUCKET,), must_be("versioning.enabled", True, default=False))
bucket_no_acls = Check((BUCKET,), must_be("uniformBucketLevelAccess", True, default=False))
bucket_lifecycle = Check((BUCKET,), _tidies_up)
bucket_guarded = NotApplicable("All guards are properties of the bucket itself, each with a rule of its own")
bucket_customer_key = Check((BUCKET,), own_key(must_have("encryption.defaultKmsKeyName")))
bucket_access_logged = NotApplicable("Audit logs tell who reads, for a whole project; a bucket's usage log is for web sites")
backup_vault_key = NotApplicable("Backups are in Cloud SQL, with the instance's key, and in a bucket: bucket-customer-key")
backup_vault_locked = Check((BUCKET,), _of_backups)
