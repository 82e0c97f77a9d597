"""What the engine knows of the stack's resources, in words a user knows: a label, a kind, a state, an address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pulumi.automation.events import StepEventStateMetadata

KINDS = {
    "ManagedPostgres": "database",
    "ContainerService": "service",
    "Job": "job",
    "Cache": "cache",
    "Bucket": "bucket",
    "Ingress": "ingress",
    "Monitoring": "monitoring",
    "Backups": "backups",
    "Network": "network",
}
"""Component class to the word for it."""

DYNAMIC = "pulumi-python:dynamic"
GOOD = frozenset(
    ("running", "ready", "healthy", "present", "available", "active", "applied", "succeeded", "completed", "done", "on demand")
)
"""States of a resource that is as it should be; any other state of a resource on this machine means it is down."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One custom resource: its URN, the component it belongs to, its state and address as far as they are known.

    ``status`` is "" where the resource has no such output, and "gone" where a refresh did not find it any more.
    """

    urn: str
    component: str
    kind: str
    name: str
    status: str
    address: str

    @property
    def label(self) -> str:
        """``orders / node-1``: the component, then the resource in it."""
        if not self.component or self.name == self.component:
            return self.name
        return f"{self.component} / {self.name.removeprefix(f'{self.component}-')}"

    @property
    def judged(self) -> bool:
        """True when its state is in our own words. A cloud's words differ with each type of resource."""
        return self.status == "gone" or type_of(self.urn).startswith(DYNAMIC)

    @property
    def down(self) -> bool:
        """True when it is known not to be as it should be."""
        return self.judged and bool(self.status) and self.status.lower() not in GOOD


def name_of(urn: str) -> str:
    return urn.rpartition("::")[2]


def type_of(urn: str) -> str:
    """The type token: the last of the ``$`` chain that the URN holds."""
    return urn.split("::")[2].rpartition("$")[2]


def is_custom(state: StepEventStateMetadata) -> bool:
    """True for what a provider made; false for the stack, components and the providers themselves."""
    return bool(state.custom) and not state.type.startswith("pulumi:providers:")


def describe(state: StepEventStateMetadata, *, gone: bool = False) -> Resource:
    """*state* of an engine event as a Resource; *gone* when a refresh no longer found it."""
    parent = "" if not state.parent or type_of(state.parent) == "pulumi:pulumi:Stack" else state.parent
    token = (type_of(parent) if parent else state.type).rpartition(":")[2]
    outputs = state.outputs or {}
    return Resource(
        urn=state.urn,
        component=name_of(parent) if parent else "",
        kind=KINDS.get(token, token.lower()),
        name=name_of(state.urn),
        status="gone" if gone else str(outputs.get("status") or ""),
        address=address_of(outputs),
    )


def address_of(facts: Mapping[str, Any]) -> str:
    """Where a thing answers, from its outputs: a URL, or an address or host with its port; "" when it has none."""
    given = [facts[key] for key in ("url", "endpoint", "address", "host") if isinstance(facts.get(key), str) and facts[key]]
    if not given:
        return ""
    port = facts.get("port")
    bare = isinstance(port, int | float) and ":" not in given[0]
    return f"{given[0]}:{int(port)}" if bare and port else str(given[0])
