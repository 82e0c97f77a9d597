"""Google Cloud: the checks of the rules in policies/rules/cache.py. Memorystore for Redis, and for Valkey."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import must_be, must_have
from policies.resource import UNKNOWN, Resource
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.common import DAY_SECONDS, own_key, seconds
from policies.rules.gcp.types import REDIS, VALKEY
from policies.verdict import Undecided

RETENTION = "automatedBackupConfig.retention"


def _backups_kept(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    found = resource.fact(RETENTION)
    if found is UNKNOWN:
        yield Undecided((RETENTION,))
    elif not seconds(found) >= config["days"] * DAY_SECONDS:
        yield f"{RETENTION} must be at least the policy's days, in seconds"


def _has_replica(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    found = resource.fact("replicaCount")
    if found is UNKNOWN:
        yield Undecided(("replicaCount",))
    elif not found:
        yield "replicaCount must be at least 1"


cache_encrypted = NotApplicable("Memorystore encrypts whatever it writes to a disk, and has no switch for it")
cache_tls = Check((REDIS, VALKEY), must_be("transitEncryptionMode", "SERVER_AUTHENTICATION"))
cache_login = (
    Check((REDIS,), must_be("authEnabled", True, default=False)),
    Check((VALKEY,), must_be("authorizationMode", "IAM_AUTH")),
)
cache_customer_key = (
    Check((REDIS,), own_key(must_have("customerManagedKey"))),
    Check((VALKEY,), own_key(must_have("kmsKey"))),
)
cache_failover = (Check((REDIS,), must_be("tier", "STANDARD_HA", default="BASIC")), Check((VALKEY,), _has_replica))
cache_snapshots = (
    # Google keeps one snapshot until the next: there are no days to choose.
    Check((REDIS,), must_be("persistenceConfig.persistenceMode", "RDB")),
    Check((VALKEY,), _backups_kept),
)
