"""Security group rules of AWS in all the forms that they are written in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from operations.review.access.way import EVERY_PORT, LATER
from policies.resource import ABSENT, UNKNOWN, Resource, Stack

GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
RULES = {
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ingress",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "egress",
}
OLD_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"


@dataclass(frozen=True)
class Span:
    """Ports of a protocol; *protocol* ``-1`` is every one."""

    protocol: Any
    low: Any
    high: Any

    def meets(self, other: Span) -> Span | None:
        """What both allow; None where nothing. What is not known counts as allowed."""
        if UNKNOWN in (self.protocol, self.low, self.high):
            return other
        if UNKNOWN in (other.protocol, other.low, other.high):
            return self
        if self.protocol != other.protocol and "-1" not in (self.protocol, other.protocol):
            return None
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Span(other.protocol if self.protocol == "-1" else self.protocol, low, high) if low <= high else None

    @property
    def text(self) -> str:
        if UNKNOWN in (self.protocol, self.low, self.high):
            return LATER
        if self.protocol == "-1" or (self.low <= 1 and self.high == 65535):
            return EVERY_PORT if self.protocol in ("-1", "tcp") else f"every port/{self.protocol}"
        ports = str(self.low) if self.low == self.high else f"{self.low}-{self.high}"
        return ports if self.protocol == "tcp" else f"{ports}/{self.protocol}"


@dataclass(frozen=True)
class Rule:
    """One side's leave: *group* (a URN) may talk to *peer*, a group's URN, a CIDR or what stands for both."""

    group: str
    peer: Any
    span: Span
    name: str


def rules_of(stack: Stack, groups: set[str]) -> Iterator[tuple[str, Rule]]:
    """Every rule of *stack*, with ``ingress`` or ``egress``."""
    for token, way in RULES.items():
        for one in stack.of_type(token):
            yield from ((way, rule) for rule in _rule(one, "securityGroupId", _NEW, groups))
    for one in stack.of_type(OLD_RULE):
        way = one.fact("type")
        for side in ("ingress", "egress") if way is UNKNOWN else (str(way),):
            yield from ((side, rule) for rule in _rule(one, "securityGroupId", _OLD, groups))
    for group in stack.of_type(*GROUPS):
        for way in ("ingress", "egress"):
            yield from ((way, rule) for rule in _inline(group, way, groups))


_NEW = ("ipProtocol", "referencedSecurityGroupId", ("cidrIpv4", "cidrIpv6", "prefixListId"))
_OLD = ("protocol", "sourceSecurityGroupId", ("cidrBlocks", "ipv6CidrBlocks", "prefixListIds"))


def _rule(one: Resource, of: str, form: tuple[str, str, tuple[str, ...]], groups: set[str]) -> Iterator[Rule]:
    protocol, reference, networks = form
    owners = [urn for urn in one.property_depends_on.get(of, ()) if urn in groups]
    peers: list[Any] = [urn for urn in one.property_depends_on.get(reference, ()) if urn in groups]
    if not peers and one.fact(reference) is not ABSENT:
        peers = [one.fact(reference)]
    peers += [peer for path in networks for peer in _listed(one.fact(path))]
    peers += owners if one.fact("self") is True else []
    for owner in owners:
        for peer in peers:
            yield Rule(owner, peer, _span(one.fact(protocol), one.fact("fromPort"), one.fact("toPort")), one.name)


def _inline(group: Resource, way: str, groups: set[str]) -> Iterator[Rule]:
    """Rules written into a group: which groups they name is known only for all of them together."""
    listed = group.fact(way)
    if listed is UNKNOWN:
        yield Rule(group.urn, UNKNOWN, _span(UNKNOWN, UNKNOWN, UNKNOWN), group.name)
    named = [urn for urn in group.property_depends_on.get(way, ()) if urn in groups and urn != group.urn]
    for rule in listed if isinstance(listed, list) else ():
        if not isinstance(rule, dict):
            continue
        peers = [peer for key in ("cidrBlocks", "ipv6CidrBlocks") for peer in _listed(rule.get(key, ABSENT))]
        peers += named if rule.get("securityGroups") else []
        peers += [group.urn] if rule.get("self") is True else []
        span = _span(*(rule.get(key, ABSENT) for key in ("protocol", "fromPort", "toPort")))
        yield from (Rule(group.urn, peer, span, group.name) for peer in peers)


def _listed(value: Any) -> list[Any]:
    return [] if value is ABSENT else value if isinstance(value, list) else [value]


def _span(protocol: Any, low: Any, high: Any) -> Span:
    text = protocol if protocol is UNKNOWN else {"6": "tcp", "17": "udp", "all": "-1"}.get(str(protocol).lower(), str(protocol))
    every = ABSENT in (low, high) or -1 in (low, high) or text == "-1"
    return Span(text, 0, 65535) if every else Span(text, low, high)
