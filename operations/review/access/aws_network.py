"""AWS: who can connect to what, by security groups on both sides, public addresses and CloudFront.

A connection is possible where a group of the one lets it out and a group of the other lets it in. Groups are followed by the
edges between resources: their ids are not known before the deployment. Where something cannot be told, the way counts as open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from ipaddress import ip_network
from itertools import product
from typing import Any

from operations.review.access.aws_rules import GROUPS, OLD_RULE, RULES, Rule, rules_of
from operations.review.access.way import INTERNET, NETWORK, SOMEBODY, Network, Place, Seen, Way, places_of
from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rules.ports import is_world

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
BUCKET = "aws:s3/bucket:Bucket"
FIREWALL = "aws:wafv2/webAclAssociation:WebAclAssociation"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"

PUBLIC: Mapping[str, tuple[str, Any] | None] = {
    "aws:lb/loadBalancer:LoadBalancer": ("internal", False),
    "aws:ecs/service:Service": ("networkConfiguration.assignPublicIp", True),
    "aws:scheduler/schedule:Schedule": ("target.ecsParameters.networkConfiguration.assignPublicIp", True),
    "aws:rds/instance:Instance": ("publiclyAccessible", True),
    MEMBER: ("publiclyAccessible", True),
    "aws:rds/cluster:Cluster": None,
    "aws:rds/proxy:Proxy": None,
    "aws:rds/proxyEndpoint:ProxyEndpoint": None,
    "aws:elasticache/replicationGroup:ReplicationGroup": None,
    "aws:lambda/function:Function": None,
    "pulumi-python:dynamic/aws:TaskRun": None,
}
"""Type token to the property and value that give it a public address; None: it cannot have one (a cluster: by its instances).
An absent property is False. Other types count as public."""

ALWAYS = frozenset(PUBLIC) - {MEMBER, "aws:scheduler/schedule:Schedule"}
"""Types that are places also without a security group of this stack."""

DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"
"""It may name groups to its program, but wears none: what starts a task says which."""

Attached = Mapping[str, frozenset[str]]
"""URN of a resource to the security groups that it wears."""
Members = Mapping[str, Mapping[str, Place]]
"""URN of a group to the places that wear it, by name."""
LetsOut = Mapping[str, Mapping[str, Sequence[Rule]]]
"""URN of a group to the rules that let it out, by the group that they lead to; ``""`` for addresses."""


def network(stack: Stack) -> Network:
    """The ways of *stack*."""
    groups = {group.urn for group in stack.of_type(*GROUPS)}
    no_place = {*GROUPS, *RULES, OLD_RULE, DEFINITION}
    attached = {
        one.urn: found
        for one in stack.resources
        if one.type not in no_place and ((found := _groups(one, groups)) or one.type in ALWAYS)
    }
    seen = places_of(stack.of_type(BUCKET), ((one, attached[one.urn]) for one in stack.resources if one.urn in attached))
    members: dict[str, dict[str, Place]] = {}
    for urn, worn in attached.items():
        for group in worn:
            members.setdefault(group, {})[seen.by_urn[urn].name] = seen.by_urn[urn]
    rules = list(rules_of(stack, groups))
    lets_out = _by_group([rule for way, rule in rules if way == "egress"])
    ways = {*_distributed(stack, seen), *_outgoing(attached, seen, lets_out)}
    for rule in (rule for way, rule in rules if way == "ingress"):
        for target in members.get(rule.group, {}).values():
            ways |= {*_from_network(stack, rule, target), *_from_groups(rule, target, members, attached, lets_out)}
    return Network(seen.places, frozenset(ways), frozenset(_unclear(rules, attached, seen)))


def is_internet(peer: Any) -> bool:
    """Whether *peer* is a network as wide as the internet; not the id of a group or of a list of prefixes."""
    try:
        ip_network(str(peer), strict=False)
    except ValueError:
        return False
    return is_world(peer)


def _groups(resource: Resource, groups: set[str]) -> frozenset[str]:
    return frozenset(urn for urns in resource.property_depends_on.values() for urn in urns if urn in groups)


def _by_group(rules: Iterable[Rule]) -> LetsOut:
    found: dict[str, dict[str, list[Rule]]] = {}
    for rule in rules:
        peer = rule.peer if str(rule.peer).startswith("urn:") else ""
        found.setdefault(rule.group, {}).setdefault(peer, []).append(rule)
    return found


def _from_groups(rule: Rule, target: Place, members: Members, attached: Attached, lets_out: LetsOut) -> Iterator[Way]:
    """Ways from places that *rule* names by a group of theirs, as far as their own groups let them out. A rule that lets out to
    addresses may cover the target's."""
    for source in members.get(rule.peer, {}).values():
        for group, peer in product(attached[source.urns[0]], ("", *attached[target.urns[0]])):
            for leave in lets_out.get(group, {}).get(peer, ()):
                both = leave.span.meets(rule.span)
                if both and source != target:
                    yield Way(source.name, target.name, both.text)


def _from_network(stack: Stack, rule: Rule, target: Place) -> Iterator[Way]:
    """Ways from what *rule* names by an address, or does not name yet."""
    if rule.peer is UNKNOWN:
        yield Way(SOMEBODY, target.name, rule.span.text)
    elif rule.peer.startswith("urn:"):
        return
    elif not is_internet(rule.peer):
        yield Way(rule.peer, target.name, rule.span.text)
    elif any(_is_public(stack, urn) for urn in target.urns):
        guarded = any(one.type == FIREWALL for urn in target.urns for one in stack.referrers(urn))
        yield Way(INTERNET, target.name, rule.span.text, "through a web firewall" if guarded else "")
    else:
        yield Way(NETWORK, target.name, rule.span.text, "its rule is open to everybody, but it has no public address")


def _outgoing(attached: Attached, seen: Seen, lets_out: LetsOut) -> Iterator[Way]:
    """Ways to addresses. A way to another place is told where that place lets it in."""
    for urn, worn in attached.items():
        for rule in (rule for group in worn for rule in lets_out.get(group, {}).get("", ())):
            if rule.peer is not UNKNOWN:
                yield Way(seen.by_urn[urn].name, INTERNET if is_internet(rule.peer) else rule.peer, rule.span.text)


def _is_public(stack: Stack, urn: str) -> bool:
    resource = stack.get(urn)
    if resource is None or resource.type not in PUBLIC:
        return True
    instances = [one for one in stack.referrers(urn) if one.type == MEMBER]
    return any(_has_address(one) for one in [resource, *instances])


def _has_address(resource: Resource) -> bool:
    asked = PUBLIC[resource.type]
    if asked is None:
        return False
    path, wanted = asked
    found = resource.fact(path)
    return found is UNKNOWN or (False if found is ABSENT else found) == wanted


def _distributed(stack: Stack, seen: Seen) -> Iterator[Way]:
    """Buckets that CloudFront hands out, and those whose policy lets anybody read."""
    for one in stack.of_type(DISTRIBUTION):
        for urn in one.property_depends_on.get("origins", ()):
            if urn in seen.by_urn:
                yield Way(INTERNET, seen.by_urn[urn].name, "443", "through CloudFront")
    for policy in stack.of_type("aws:s3/bucketPolicy:BucketPolicy"):
        for urn in policy.property_depends_on.get("bucket", ()):
            if urn in seen.by_urn and _lets_anybody(policy) and not _is_blocked(stack, urn):
                yield Way(INTERNET, seen.by_urn[urn].name, "443", "by the bucket's policy")


def _lets_anybody(policy: Resource) -> bool:
    statements = policy.fact("policy.Statement")
    return any(
        statement.get("Effect") == "Allow"
        and statement.get("Principal") in ("*", {"AWS": "*"})
        and not statement.get("Condition")
        for statement in (statements if isinstance(statements, list) else [])
        if isinstance(statement, dict)
    )


def _is_blocked(stack: Stack, bucket: str) -> bool:
    blocks = [one for one in stack.referrers(bucket) if one.type == "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"]
    return any(one.fact("restrictPublicBuckets") is True for one in blocks)


def _unclear(rules: Iterable[tuple[str, Rule]], attached: Attached, seen: Seen) -> Iterator[str]:
    for way, rule in rules:
        if rule.peer is UNKNOWN:
            who = "Whom {} lets in" if way == "ingress" else "Where {} lets its group go"
            yield f"{who.format(rule.name)} is known only after the deployment."
    for urn, worn in attached.items():
        if not worn:
            yield f"Who reaches {seen.by_urn[urn].name} cannot be told: it has no security group that this stack makes."
