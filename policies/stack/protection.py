"""Whatever holds data cannot be deleted by a slip: not by this program, and not together with what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.resource import UNKNOWN, Resource, Stack
from policies.rule import Config, StackRule
from policies.rules.aws.types import BUCKET, KEY, REPOSITORY, SECRET, VAULT
from policies.rules.gcp.types import BUCKET as GOOGLE_BUCKET
from policies.rules.gcp.types import REPOSITORY as GOOGLE_REPOSITORY
from policies.stateful import STATEFUL
from policies.verdict import Undecided

UNPROTECTED: dict[tuple[str, str], str] = {
    ("*", "cache"): "a cache is filled again from the database, and its key and password are made again with it",
    (REPOSITORY, "network"): "images are built again; AWS deletes no repository with images in it",
    (GOOGLE_REPOSITORY, "network"): "images are built again",
    (BUCKET, "network"): "access logs: they go with the stack, after the days that the settings promise",
    (KEY, "network"): "encrypts logs and messages of the stack, nothing that outlives it",
}
"""(type or ``*``, component) to why protect is not asked for there, although the type holds data."""

EMPTIED: dict[str, str] = {
    BUCKET: "forceDestroy",
    GOOGLE_BUCKET: "forceDestroy",
    VAULT: "forceDestroy",
    REPOSITORY: "forceDelete",
}
"""Types that the cloud refuses to delete while there is something in them, unless this property is true."""

LEAST_DAYS = 7
"""A secret of AWS that can be called back for so long needs no protect: the shortest window but for none at all."""


def is_protected(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """The deletion protections of the clouds themselves are database-deletion-protected's."""
    for resource in stack.of_type(*STATEFUL):
        if not (resource.protect or _exempt(resource)):
            yield from _called_back(resource)
        emptied = EMPTIED.get(resource.type)
        found: Any = resource.fact(emptied) if emptied else False
        if found is UNKNOWN and emptied:
            yield Undecided((emptied,), resource.urn)
        elif found is True:
            yield resource.urn, f"{emptied} must not be true: it is deleted with all that is in it"


def _exempt(resource: Resource) -> bool:
    return (resource.type, resource.component) in UNPROTECTED or ("*", resource.component) in UNPROTECTED


def _called_back(resource: Resource) -> Iterator[tuple[str | None, str] | Undecided]:
    days = resource.fact("recoveryWindowInDays") if resource.type == SECRET else 0
    if days is UNKNOWN:
        yield Undecided(("recoveryWindowInDays",), resource.urn)
    elif resource.type != SECRET or (isinstance(days, int) and days < LEAST_DAYS):  # absent is 30 days
        yield resource.urn, f"the resource option protect must be true: it holds {STATEFUL[resource.type]}"


RULES = (
    StackRule(
        id="data-protected",
        title="What holds data is protected",
        severity="critical",
        remediation="Set deletion_protection of the database, the buckets and the backups to true.",
        docs="policies/stack/README.md#protection",
        judge=is_protected,
        types=tuple(STATEFUL),
        dev="disabled",
    ),
)
