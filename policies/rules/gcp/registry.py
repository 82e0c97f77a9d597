"""Google Cloud: the checks of the rules in policies/rules/registry.py."""

from __future__ import annotations

from policies.checks import all_of, must_be, must_have
from policies.rule import Check
from policies.rules.gcp.common import own_key, somebody
from policies.rules.gcp.types import REPOSITORY, REPOSITORY_BINDING, REPOSITORY_MEMBER

registry_immutable = Check((REPOSITORY,), must_be("dockerConfig.immutableTags", True, default=False))
# INHERITED: scanned, because the stack enables the API of it (components/gcp/apis.py)
registry_scanned = Check((REPOSITORY,), must_be("vulnerabilityScanningConfig.enablementConfig", "INHERITED"))
registry_customer_key = Check((REPOSITORY,), own_key(must_have("kmsKeyName")))
registry_lifecycle = Check(
    (REPOSITORY,), all_of(must_have("cleanupPolicies"), must_be("cleanupPolicyDryRun", False, default=False))
)
registry_not_public = Check((REPOSITORY_MEMBER, REPOSITORY_BINDING), somebody)
