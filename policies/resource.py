"""A resource as policies see it: plain values, or the policy SDK's proxies, read one property at a time without ever raising."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any, Literal

from policies.values import ABSENT, UNKNOWN, read, read_each, steps_of

__all__ = ["ABSENT", "UNKNOWN", "Resource", "Stack", "Tier", "component_of", "edges", "name_of", "type_of"]

Tier = Literal["dev", "staging", "prod"]


COMPONENT = "managed-postgres:index:"
"""What the type tokens of this program's components begin with."""


@dataclass(frozen=True)
class Resource:
    """One resource of a stack. ``props`` are its inputs (in a stack rule of a real preview: what is known of its outputs)."""

    urn: str
    type: str
    name: str
    props: Mapping[str, Any] = field(repr=False)
    """By engine names (camelCase). Secrets stand here in clear: never put a value into a message."""
    protect: bool = False
    parent: str = ""
    """URN of the parent, or ``""``."""
    depends_on: tuple[str, ...] = ()
    """URNs of all that it depends on."""
    property_depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Property name to the URNs that its value comes from: follow these instead of comparing ARNs or names."""
    component: str = ""
    """Name of the nearest component of this program, such as ``database`` or ``service-api``."""
    ignore_changes: tuple[str, ...] = ()
    project: str = "managed-postgres"
    stack: str = ""

    def fact(self, path: str) -> Any:
        """The value at *path* as plain Python: :data:`ABSENT` when not set or null, :data:`UNKNOWN` when not known yet.

        ``settings.ipConfiguration.sslMode``, ``subnets[0]``; ``rules[*].port`` gives a tuple, a fact for each element (a list
        that is absent or unknown as a whole gives that). A text that holds JSON is entered like what it stands for:
        ``containerDefinitions[*].privileged``, ``policy.Statement[*].Effect``; broken JSON is unknown. Numbers that are whole
        are int. Never raises, also on the SDK's proxies.
        """
        return read(self.props, steps_of(path))

    def each(self, path: str) -> Iterator[tuple[str, Any]]:
        """Every (path, fact) that *path* with ``[*]`` stands for, such as ``rules[0].port``; nothing for an empty list."""
        return read_each(self.props, steps_of(path))


@dataclass(frozen=True)
class Stack:
    """All resources of one stack, with the ways between them. ``of_type``, ``referrers`` and ``children`` are look-ups."""

    name: str
    tier: Tier
    provider: str
    """``aws``, ``gcp`` or ``local``."""
    resources: tuple[Resource, ...]
    today: date = field(default_factory=date.today)
    """The day that dates are compared with."""
    others: tuple[Stack, ...] = ()
    """Stacks of the same project to compare with, where the caller has them; none in a real preview."""

    def of_type(self, *tokens: str) -> tuple[Resource, ...]:
        """Resources of these types, in the order of the stack."""
        found = [item for token in tokens for item in self._types.get(token, ())]
        return tuple(resource for _, resource in sorted(found, key=lambda item: item[0]))

    def referrers(self, urn: str) -> tuple[Resource, ...]:
        """Resources that depend on *urn*."""
        return self._referrers.get(urn, ())

    def children(self, urn: str) -> tuple[Resource, ...]:
        """Resources whose parent *urn* is."""
        return self._children.get(urn, ())

    def get(self, urn: str) -> Resource | None:
        return self._urns.get(urn)

    @cached_property
    def _urns(self) -> Mapping[str, Resource]:
        return {resource.urn: resource for resource in self.resources}

    @cached_property
    def _types(self) -> Mapping[str, list[tuple[int, Resource]]]:
        found: dict[str, list[tuple[int, Resource]]] = {}
        for number, resource in enumerate(self.resources):
            found.setdefault(resource.type, []).append((number, resource))
        return found

    @cached_property
    def _referrers(self) -> Mapping[str, tuple[Resource, ...]]:
        return _grouped((urn, resource) for resource in self.resources for urn in dict.fromkeys(edges(resource)))

    @cached_property
    def _children(self) -> Mapping[str, tuple[Resource, ...]]:
        return _grouped((resource.parent, resource) for resource in self.resources if resource.parent)


def edges(resource: Resource) -> Iterator[str]:
    """Every URN that *resource* depends on, some perhaps twice."""
    yield from resource.depends_on
    for urns in resource.property_depends_on.values():
        yield from urns


def component_of(urn: str, parents: Mapping[str, str]) -> str:
    """Name of the nearest component of this program at or above *urn*, or ``""``; *parents* maps URN to the parent's URN."""
    seen: set[str] = set()
    while urn and urn not in seen:
        if type_of(urn).startswith(COMPONENT):
            return name_of(urn)
        seen.add(urn)
        urn = parents.get(urn, "")
    return ""


def type_of(urn: str) -> str:
    """Type token in *urn*, without the types of its parents."""
    return urn.split("::", 3)[2].rpartition("$")[2] if urn.count("::") >= 3 else ""


def name_of(urn: str) -> str:
    return urn.split("::", 3)[-1]


def _grouped(pairs: Iterator[tuple[str, Resource]]) -> Mapping[str, tuple[Resource, ...]]:
    found: dict[str, list[Resource]] = {}
    for key, resource in pairs:
        found.setdefault(key, []).append(resource)
    return {key: tuple(items) for key, items in found.items()}
