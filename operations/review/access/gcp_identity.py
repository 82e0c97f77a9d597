"""Google Cloud: which identity may read or change which secret and bucket, by members of resources and of the project."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from operations.review.access.way import SOMEBODY, Grant, named
from policies.resource import ABSENT, UNKNOWN, Resource, Stack

ACCOUNT = "gcp:serviceaccount/account:Account"
ON: Mapping[str, tuple[str, str]] = {
    "gcp:secretmanager/secretIamMember:SecretIamMember": ("secret", "secretId"),
    "gcp:secretmanager/secretIamBinding:SecretIamBinding": ("secret", "secretId"),
    "gcp:storage/bucketIAMMember:BucketIAMMember": ("bucket", "bucket"),
    "gcp:storage/bucketIAMBinding:BucketIAMBinding": ("bucket", "bucket"),
    "gcp:projects/iAMMember:IAMMember": ("project", "project"),
    "gcp:projects/iAMBinding:IAMBinding": ("project", "project"),
}
"""Type token to what its members get a role on, and the property that names it."""

ROLES: Mapping[str, tuple[tuple[str, str], ...]] = {
    "roles/owner": (("secret", "read"), ("secret", "change"), ("bucket", "read"), ("bucket", "change")),
    "roles/secretmanager.admin": (("secret", "read"), ("secret", "change")),
    "roles/secretmanager.secretAccessor": (("secret", "read"),),
    "roles/secretmanager.secretVersionAdder": (("secret", "change"),),
    "roles/secretmanager.secretVersionManager": (("secret", "change"),),
    "roles/storage.admin": (("bucket", "read"), ("bucket", "change")),
    "roles/storage.objectAdmin": (("bucket", "read"), ("bucket", "change")),
    "roles/storage.objectCreator": (("bucket", "change"),),
    "roles/storage.objectUser": (("bucket", "read"), ("bucket", "change")),
    "roles/storage.objectViewer": (("bucket", "read"),),
}
"""What a role allows. Any other role of a secret or bucket counts as reading: a role of one's own may hold anything."""


def grants(stack: Stack) -> frozenset[Grant]:
    """Who may read and change secrets and buckets of *stack*."""
    return frozenset(grant for token in ON for given in stack.of_type(token) for grant in _granted(stack, given, *ON[token]))


def _granted(stack: Stack, given: Resource, on: str, by: str) -> Iterator[Grant]:
    role = given.fact("role")
    rights = ROLES.get(str(role), () if on == "project" else ((on, "read"),))
    for kind, verb in rights:
        if on == "project":
            targets = [f"every {kind} of the project"]
        elif kind != on:
            continue
        else:
            targets = [named(stack, urn) for urn in given.property_depends_on.get(by, ()) if _is(stack, urn, kind)]
            targets = targets or [_text(given.fact(by), f"a {kind}")]
        for identity, account in _members(stack, given):
            yield from (Grant(identity, verb, kind, target, account) for target in targets)


def _is(stack: Stack, urn: str, kind: str) -> bool:
    found = stack.get(urn)
    return found is not None and found.type in ("gcp:secretmanager/secret:Secret", "gcp:storage/bucket:Bucket")


def _members(stack: Stack, given: Resource) -> Iterator[tuple[str, str]]:
    """Each member: the component of an account of this stack with the account's name, or what the member is called."""
    one, many = given.fact("member"), given.fact("members")
    edges = [urn for path in ("member", "members") for urn in given.property_depends_on.get(path, ())]
    accounts = [found for urn in edges if (found := stack.get(urn)) and found.type == ACCOUNT]
    yield from ((account.component or account.name, account.name) for account in accounts)
    for member in many if isinstance(many, list) else [] if one is ABSENT else [one]:
        if member is not UNKNOWN:
            yield str(member), ""
        elif not accounts:
            yield SOMEBODY, ""


def _text(value: Any, what: str) -> str:
    return f"{what} known only after the deployment" if value is UNKNOWN else str(value)
