"""AWS: the checks of the rules in policies/rules/registry.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.checks import all_of, must_be, must_be_in, must_have
from policies.resource import UNKNOWN, Resource
from policies.rule import Check, Config
from policies.rules.aws.types import REPOSITORY, REPOSITORY_LIFECYCLE, REPOSITORY_POLICY
from policies.rules.sides import needs
from policies.verdict import Undecided

ENCRYPTION = "encryptionConfigurations[0]"


def _not_public(resource: Resource, config: Config) -> Iterator[str | Undecided]:
    """No statement lets everybody in, whatever its conditions."""
    statements = resource.fact("policy.Statement[*]")
    if statements is UNKNOWN:
        yield Undecided(("policy",))
    elif any(_is_open(statement) for statement in statements or ()):
        yield "policy must not allow the Principal '*'"


def _is_open(statement: Any) -> bool:
    principal = statement.get("Principal")
    names = principal.get("AWS") if isinstance(principal, dict) else principal
    return statement.get("Effect") == "Allow" and (names == "*" or (isinstance(names, list) and "*" in names))


registry_immutable = Check((REPOSITORY,), must_be("imageTagMutability", "IMMUTABLE", default="MUTABLE"))
registry_scanned = Check((REPOSITORY,), must_be("imageScanningConfiguration.scanOnPush", True, default=False))
registry_customer_key = Check(
    (REPOSITORY,), all_of(must_be_in(f"{ENCRYPTION}.encryptionType", ("KMS", "KMS_DSSE")), must_have(f"{ENCRYPTION}.kmsKey"))
)
registry_not_public = Check((REPOSITORY_POLICY,), _not_public)
registry_lifecycle = needs(REPOSITORY, REPOSITORY_LIFECYCLE, by="repository", what="lifecycle policy")
