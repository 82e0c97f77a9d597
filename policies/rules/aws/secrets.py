"""AWS: the checks of the rules in policies/rules/secrets.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, at_most, must_be, must_have
from policies.resource import Stack, type_of
from policies.rule import Check, Config
from policies.rules.aws.common import when_known
from policies.rules.aws.types import FUNCTION, KEY, ROTATION, SECRET
from policies.rules.conditions import unless_set
from policies.rules.sides import linked
from policies.verdict import Undecided

secret_customer_key = Check((SECRET,), must_have("kmsKeyId"))
secret_rotation_interval = Check(
    (ROTATION,),
    when_known(
        "rotationRules",
        unless_set("rotationRules.scheduleExpression", at_most("rotationRules.automaticallyAfterDays", "days")),
    ),
)
key_rotated = Check(
    (KEY,), all_of(must_be("enableKeyRotation", True, default=False), at_most("rotationPeriodInDays", "days", default=365))
)


def secret_rotated(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """Every secret has a rotation, or a function that rotates another one has it too: of two users, the one not in use."""
    functions = {
        urn
        for rotation in stack.of_type(ROTATION)
        for urn in rotation.property_depends_on.get("rotationLambdaArn", ())
        if type_of(urn) == FUNCTION
    }
    for secret in stack.of_type(SECRET):
        by_function = functions & {one.urn for one in linked(stack, secret.urn, FUNCTION, "environment")}
        if not by_function and not linked(stack, secret.urn, ROTATION, "secretId"):
            yield secret.urn, "is never changed: no SecretRotation names it in secretId"
