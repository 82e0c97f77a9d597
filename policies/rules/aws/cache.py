"""AWS: the checks of the rules in policies/rules/cache.py."""

from __future__ import annotations

from policies.checks import all_of, any_of, at_least, must_be, must_have
from policies.rule import Check
from policies.rules.aws.types import CACHE

cache_encrypted = Check((CACHE,), must_be("atRestEncryptionEnabled", True))
cache_tls = Check((CACHE,), must_be("transitEncryptionEnabled", True))
cache_login = Check((CACHE,), any_of(must_have("authToken"), must_have("userGroupIds")))
cache_customer_key = Check((CACHE,), must_have("kmsKeyId"))
cache_failover = Check((CACHE,), all_of(must_be("automaticFailoverEnabled", True), must_be("multiAzEnabled", True)))
cache_snapshots = Check((CACHE,), at_least("snapshotRetentionLimit", "days", default=0))
