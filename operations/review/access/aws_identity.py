"""AWS: which identity may read or change which secret and bucket, by the policies of roles.

Conditions and denials are not weighed: a reader of a review should see every identity that a policy names. The right to decrypt
with the key is not asked for either.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

from operations.review.access.way import SOMEBODY, Grant
from policies.resource import UNKNOWN, Resource, Stack

SECRET = "aws:secretsmanager/secret:Secret"
BUCKET = "aws:s3/bucket:Bucket"
DATABASES = ("aws:rds/cluster:Cluster", "aws:rds/instance:Instance")
ROLE = "aws:iam/role:Role"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
POLICY = "aws:iam/policy:Policy"

ACTIONS: Mapping[str, tuple[str, str]] = {
    "secretsmanager:GetSecretValue": ("secret", "read"),
    "secretsmanager:PutSecretValue": ("secret", "change"),
    "s3:GetObject": ("bucket", "read"),
    "s3:PutObject": ("bucket", "change"),
}
"""The action that stands for a right, with what it is about and what it allows."""

MANAGED: Mapping[str, tuple[str, ...]] = {
    "AdministratorAccess": tuple(ACTIONS),
    "PowerUserAccess": tuple(ACTIONS),
    "SecretsManagerReadWrite": ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"),
    "AmazonS3FullAccess": ("s3:GetObject", "s3:PutObject"),
    "AmazonS3ReadOnlyAccess": ("s3:GetObject",),
    "ReadOnlyAccess": ("s3:GetObject",),
}
"""Policies of AWS itself that give one of :data:`ACTIONS` on everything of the account."""


class Account(NamedTuple):
    """What policies are read against."""

    stack: Stack
    names: Mapping[str, Mapping[str, str]]
    """By kind: what may stand in an ARN for a secret or bucket, to the resource's name."""


def grants(stack: Stack) -> frozenset[Grant]:
    """Who may read and change secrets and buckets of *stack*."""
    account = Account(stack, {"secret": _names(stack, SECRET), "bucket": _names(stack, BUCKET)})
    found: set[Grant] = set()
    for policy in stack.of_type("aws:iam/rolePolicy:RolePolicy"):
        found |= {grant for role in _roles(stack, policy, "role") for grant in _of_document(account, policy, "policy", role)}
    for own in stack.of_type(ROLE):
        for number, _ in enumerate(own.fact("inlinePolicies") or ()):
            found |= set(_of_document(account, own, f"inlinePolicies[{number}].policy", own))
        for arn in own.fact("managedPolicyArns") or ():
            found |= set(_managed(arn, own))
    for attached in stack.of_type(ATTACHMENT):
        for role in _roles(stack, attached, "role"):
            found |= set(_managed(attached.fact("policyArn"), role))
            for urn in attached.property_depends_on.get("policyArn", ()):
                policy_made = stack.get(urn)
                if policy_made and policy_made.type == POLICY:
                    found |= set(_of_document(account, policy_made, "policy", role))
    return frozenset(found)


def _names(stack: Stack, token: str) -> dict[str, str]:
    given = ((one, (one.name, one.fact("name"), one.fact("bucket"))) for one in stack.of_type(token))
    return {name: one.name for one, names in given for name in names if isinstance(name, str)}


def _roles(stack: Stack, policy: Resource, path: str) -> Iterator[Resource | None]:
    """The roles that *policy* belongs to; None for one that this stack does not make."""
    roles = [one for urn in policy.property_depends_on.get(path, ()) if (one := stack.get(urn)) and one.type == ROLE]
    yield from roles
    if not roles:
        yield None


def _of_document(account: Account, policy: Resource, path: str, role: Resource | None) -> Iterator[Grant]:
    statements = policy.fact(f"{path}.Statement")
    if statements is UNKNOWN:
        yield _grant(role, "read", "secret", "a secret known only after the deployment")
    for statement in statements if isinstance(statements, list) else [statements]:
        if isinstance(statement, dict) and statement.get("Effect") == "Allow":
            for kind, verb in _rights(statement):
                for what in _targets(account, policy, kind, statement.get("Resource", "*")):
                    yield _grant(role, verb, kind, what)


def _rights(statement: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    allowed, spared = _listed(statement.get("Action", [])), _listed(statement.get("NotAction", []))
    for action, right in ACTIONS.items():
        if any(_matches(action, pattern) for pattern in allowed) or (
            spared and not any(_matches(action, pattern) for pattern in spared)
        ):
            yield right


def _targets(account: Account, policy: Resource, kind: str, given: Any) -> Iterator[str]:
    """Names of the resources that a statement is about. Their ARNs are not known: a stand-in holds the resource's name."""
    for text in _listed(given):
        if not isinstance(text, str) or text == "*":
            yield f"every {kind} of the account" if text == "*" else f"a {kind} known only after the deployment"
            continue
        end = text.rpartition(":")[2]
        yield from _named(account.names[kind], end if kind == "secret" else end.partition("/")[0])
        if kind == "secret" and ("rds!" in end or ".master" in end):
            databases = (account.stack.get(urn) for urn in policy.depends_on)
            yield from (f"{one.name}'s admin secret" for one in databases if one and one.type in DATABASES)


def _named(names: Mapping[str, str], pattern: str) -> Iterator[str]:
    """Secrets Manager puts a hyphen and six characters of its own behind a name, so a policy's pattern often ends in them."""
    if not any(letter in pattern for letter in "*?["):
        yield from (names[pattern],) if pattern in names else ()
        return
    matching = (of for name, of in names.items() if fnmatchcase(name, pattern) or fnmatchcase(f"{name}-abcdef", pattern))
    yield from dict.fromkeys(matching)


def _managed(arn: Any, role: Resource | None) -> Iterator[Grant]:
    name = str(arn).rpartition("/")[2] if str(arn).startswith("arn:aws:iam::aws:") else ""
    for action in MANAGED.get(name, ()):
        kind, verb = ACTIONS[action]
        yield _grant(role, verb, kind, f"every {kind} of the account")


def _grant(role: Resource | None, verb: str, kind: str, what: str) -> Grant:
    return Grant(role.component or role.name if role else SOMEBODY, verb, kind, what, role.name if role else "")


def _matches(action: str, pattern: Any) -> bool:
    return not isinstance(pattern, str) or fnmatchcase(action.lower(), pattern.lower())


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
