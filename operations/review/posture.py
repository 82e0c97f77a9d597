"""The security posture of a stack: what can be reached from where, and which identity may read which secret."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from itertools import groupby

from operations.review.access.way import INTERNET, Grant, Network, Place, Way
from policies.resource import Stack

MODULES: Mapping[str, tuple[str, str]] = {
    "aws": ("aws_network", "aws_identity"),
    "gcp": ("gcp_network", "gcp_identity"),
    "local": ("local", "local"),
}
"""Provider to the modules of operations/review/access that tell its ways and its grants."""


@dataclass(frozen=True)
class Posture:
    """Everything is sorted, and told from the resources' settings alone: what the stack asks for, not what somebody added."""

    places: tuple[Place, ...]
    ways: tuple[Way, ...]
    """Ports of the same way are together."""
    grants: tuple[Grant, ...]
    unclear: tuple[str, ...]
    """Sentences about what cannot be told from a preview, or from this stack."""

    @property
    def entrances(self) -> tuple[Way, ...]:
        """The ways in from the internet."""
        return tuple(way for way in self.ways if way.source == INTERNET)

    @property
    def readers(self) -> Mapping[str, tuple[Grant, ...]]:
        """By secret: who may read it."""
        wanted = sorted((one for one in self.grants if (one.kind, one.verb) == ("secret", "read")), key=lambda one: one.what)
        return {what: tuple(found) for what, found in groupby(wanted, key=lambda one: one.what)}

    def sentences(self) -> list[str]:
        """Plain sentences: the ways in from the internet, the other ways, who may read what, and what is unclear."""
        closed = [] if self.entrances else [f"Nothing here can be reached from {INTERNET}."]
        return [*closed, *_told(self.ways), *_rights(self.grants), *self.unclear]


def posture(stack: Stack) -> Posture:
    """What *stack*'s resources leave open. A provider that nobody knows gives an empty posture that says so."""
    if stack.provider not in MODULES:
        return Posture((), (), (), (f"Nothing can be told of the provider {stack.provider!r}.",))
    network, identity = (import_module(f"operations.review.access.{name}") for name in MODULES[stack.provider])
    ways_of: Callable[[Stack], Network] = network.network
    grants_of: Callable[[Stack], Iterable[Grant]] = identity.grants
    found = ways_of(stack)
    return Posture(
        tuple(sorted(found.places)), _together(found.ways), tuple(sorted(grants_of(stack))), tuple(sorted(found.unclear))
    )


def _told(ways: Iterable[Way]) -> Iterable[str]:
    """A sentence for all that reach the same place in the same way, the internet's first and those to the internet last."""
    ordered = sorted(ways, key=lambda way: (way.source != INTERNET, way.target == INTERNET, way.target, way.ports, way.via, way))
    for (_, target, ports, via), found in groupby(
        ordered, key=lambda way: (way.source == INTERNET, way.target, way.ports, way.via)
    ):
        text = f"{listed([way.source for way in found])} can connect to {target} on {ports}{f', {via}' if via else ''}."
        yield text.replace(INTERNET, INTERNET.capitalize(), 1) if text.startswith(INTERNET) else text


def listed(names: Iterable[str]) -> str:
    """``a, b and c``."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def _together(ways: Iterable[Way]) -> tuple[Way, ...]:
    """*ways* sorted, one for each pair of places and condition, with all its ports."""
    ordered = sorted(ways, key=lambda way: (way.source, way.target, way.via, _number(way.ports)))
    grouped = groupby(ordered, key=lambda way: (way.source, way.target, way.via))
    return tuple(
        Way(source, target, ", ".join(dict.fromkeys(way.ports for way in found)), via) for (source, target, via), found in grouped
    )


def _number(ports: str) -> tuple[int, str]:
    head = ports.partition("-")[0]
    return (int(head) if head.isdigit() else 0, ports)


def _rights(grants: Iterable[Grant]) -> Iterable[str]:
    """A sentence for each identity and everything of a kind that it has the same rights on; secrets first."""
    verbs: dict[tuple[bool, str, str, str], list[str]] = {}
    for one in sorted(grants, key=lambda one: one.verb, reverse=True):
        found = verbs.setdefault((one.kind != "secret", one.identity, one.kind, one.what), [])
        found += [one.verb] if one.verb not in found else []
    alike: dict[tuple[bool, str, str, str], list[str]] = {}
    for (late, identity, kind, what), allowed in sorted(verbs.items()):
        alike.setdefault((late, identity, kind, listed(allowed)), []).append(what)
    for (_, identity, kind, rights), names in sorted(alike.items()):
        yield f"{identity} may {rights} the {kind}{'s' if len(names) > 1 else ''} {listed(names)}."
