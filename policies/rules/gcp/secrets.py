"""Google Cloud: the checks of the rules in policies/rules/secrets.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import any_of, must_have, only_when
from policies.resource import UNKNOWN, Resource
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.common import DAY_SECONDS, own_key, seconds
from policies.rules.gcp.types import KEY, SECRET
from policies.verdict import Undecided

MOST_DAYS = 90
"""CIS GCP 1.11."""
BY_HAND = (
    "Secret Manager changes no value: its rotation only sends a message. The stack's rotation job changes passwords, "
    "a new cache the key of a cache"
)


def _rotates(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    period = resource.fact("rotationPeriod")
    if period is UNKNOWN:
        yield Undecided(("rotationPeriod",))
    elif not seconds(period) <= min(config["days"], MOST_DAYS) * DAY_SECONDS:
        yield f"rotationPeriod must be at most {MOST_DAYS} days and the policy's days, in seconds"


secret_customer_key = Check(
    (SECRET,),
    own_key(
        any_of(
            must_have("replication.userManaged.replicas[*].customerManagedEncryption.kmsKeyName"),
            must_have("replication.auto.customerManagedEncryption.kmsKeyName"),
        )
    ),
)
secret_rotated = NotApplicable(BY_HAND)
secret_rotation_interval = NotApplicable(BY_HAND)
# Only keys of this purpose can change by themselves
key_rotated = Check((KEY,), only_when("purpose", ("ENCRYPT_DECRYPT",), _rotates, default="ENCRYPT_DECRYPT"))
