"""Google Cloud: who can connect to what, by load balancers, the ingress settings of Cloud Run, firewall rules and addresses.

Where something cannot be told, the way counts as open.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import ip_network
from typing import Any

from operations.review.access.way import (
    EVERY_PORT,
    GOOGLE,
    INTERNET,
    LATER,
    NETWORK,
    SOMEBODY,
    Network,
    Place,
    Seen,
    Way,
    places_of,
)
from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rules.gcp.types import (
    ACCOUNT,
    BUCKET,
    FIREWALL,
    FORWARDING,
    GLOBAL_FORWARDING,
    INSTANCE,
    JOB,
    REDIS,
    SERVICE,
    SERVICE_MEMBER,
    VALKEY,
)
from policies.rules.ports import is_world

ENTRANCES = (GLOBAL_FORWARDING, FORWARDING)
PRIVATE = (INSTANCE, REDIS, VALKEY)
"""What is reached by an address of the network."""
WORKLOADS = (SERVICE, JOB)
PRIVATE_RANGES = tuple(ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
EVERYBODY = ("allUsers", "allAuthenticatedUsers")
ARMOR = "securityPolicy"
APIS = {"199.36.153.8/30": GOOGLE, "199.36.153.4/30": GOOGLE}
"""private.googleapis.com and restricted.googleapis.com (Google's documentation of Private Google Access)."""


def network(stack: Stack) -> Network:
    """The ways of *stack*."""
    members = stack.of_type(*ENTRANCES, *WORKLOADS, *PRIVATE)
    seen = places_of(stack.of_type(BUCKET), ((one, "entrance" if one.type in ENTRANCES else one.type) for one in members))
    ways: set[Way] = set()
    unclear: set[str] = set()
    for rule in stack.of_type(*ENTRANCES):
        ways |= set(_through_balancer(stack, rule, seen))
    for service in stack.of_type(SERVICE):
        ways |= set(_into_service(stack, service, seen))
    for instance in stack.of_type(INSTANCE):
        ways |= set(_into_database(instance, seen.by_urn[instance.urn]))
    firewalls = [one for one in stack.of_type(FIREWALL) if one.fact("direction") == "EGRESS" and one.fact("disabled") is not True]
    for workload in stack.of_type(*WORKLOADS):
        ways |= set(_out_of(stack, workload, firewalls, seen))
    for rule in firewalls:
        if rule.fact("destinationRanges") is UNKNOWN and not _targets(rule, seen):
            unclear.add(f"Where {rule.name} lets its targets go is known only after the deployment.")
    return Network(seen.places, frozenset(way for way in ways if way.source != way.target), frozenset(unclear))


def _through_balancer(stack: Stack, rule: Resource, seen: Seen) -> Iterator[Way]:
    """From the address of a load balancer along the edges to what answers behind it."""
    here = seen.by_urn[rule.urn].name
    scheme = rule.fact("loadBalancingScheme")
    outside = NETWORK if str(scheme).startswith("INTERNAL") else INTERNET
    ports = rule.fact("portRange")
    left, been, guarded, answers = [rule], {rule.urn}, False, set[str]()
    while left:
        one = left.pop()
        guarded |= ARMOR in one.property_depends_on
        if one.urn in seen.by_urn and one is not rule:
            answers.add(seen.by_urn[one.urn].name)
            continue
        for urn in (urn for urns in one.property_depends_on.values() for urn in urns if urn not in been):
            been.add(urn)
            found = stack.get(urn)
            if found and found.type.startswith(("gcp:compute/", "gcp:cloudrunv2/", "gcp:storage/")):
                left.append(found)
    via = "through a web firewall" if guarded else "" if answers else "where nothing but a redirect answers"
    yield Way(outside, here, LATER if ports is UNKNOWN else _range(ports), via)
    yield from (Way(here, name, "443") for name in answers)


def _into_service(stack: Stack, service: Resource, seen: Seen) -> Iterator[Way]:
    """By its own address, where it has one; a load balancer's way is told with the load balancer."""
    here = seen.by_urn[service.urn].name
    members = [one for one in stack.referrers(service.urn) if one.type == SERVICE_MEMBER]
    for member in members:
        for account in (stack.get(urn) for urn in member.property_depends_on.get("member", ())):
            if account and account.type == ACCOUNT:
                yield Way(account.component or account.name, here, "443", f"as {account.name}")
    if service.fact("defaultUriDisabled") is True:
        return
    ingress = service.fact("ingress")
    source = NETWORK if str(ingress).startswith("INGRESS_TRAFFIC_INTERNAL") else INTERNET  # absent: all
    anybody = service.fact("invokerIamDisabled") is True or any(one.fact("member") in EVERYBODY for one in members)
    if anybody or any(one.fact("member") is UNKNOWN and "member" not in one.property_depends_on for one in members):
        yield Way(source, here, "443", "by its own address")


def _into_database(instance: Resource, place: Place) -> Iterator[Way]:
    """A public address: authorised networks come in, and with an identity everybody through the connector."""
    public = instance.fact("settings.ipConfiguration.ipv4Enabled")
    if public is False:
        return
    networks = instance.fact("settings.ipConfiguration.authorizedNetworks[*].value")
    for found in networks if isinstance(networks, tuple) else (SOMEBODY,) if networks is UNKNOWN else ():
        source = SOMEBODY if found in (UNKNOWN, SOMEBODY) else INTERNET if is_world(found) else str(found)
        yield Way(source, place.name, "5432", "by its public address")
    yield Way(INTERNET, place.name, "3307", "through Google's connector, with an identity that may")


def _out_of(stack: Stack, workload: Resource, firewalls: Sequence[Resource], seen: Seen) -> Iterator[Way]:
    here = seen.by_urn[workload.urn].name
    access = "template.vpcAccess" if workload.type == SERVICE else "template.template.vpcAccess"
    inside = workload.fact(access) not in (ABSENT, None)
    if not inside or workload.fact(f"{access}.egress") not in ("ALL_TRAFFIC", UNKNOWN):
        yield Way(here, INTERNET, EVERY_PORT, "not through the network and its rules")
    if not inside:
        return
    tags = {tag for found in workload.fact(f"{access}.networkInterfaces[*].tags") or () for tag in found or ()}
    rules = [rule for rule in firewalls if _is_for(rule, tags)]
    private = {seen.by_urn[one.urn].name for one in stack.of_type(*PRIVATE)}
    if not any(_denies(rule, INTERNET) for rule in rules):
        yield from (Way(here, name, EVERY_PORT, "no rule denies it") for name in (INTERNET, *sorted(private)))
    for rule in rules:
        for target in (*_targets(rule, seen), *_addresses(rule)):
            if not _is_overruled(rule, target, rules):
                yield from (Way(here, target, ports) for ports in _ports(rule, target, seen))


def _is_for(rule: Resource, tags: set[Any]) -> bool:
    wanted = rule.fact("targetTags")
    by_account = rule.fact("targetServiceAccounts") is not ABSENT
    return UNKNOWN in (wanted, *tags) or (not by_account if wanted is ABSENT else bool(tags.intersection(wanted)))


def _targets(rule: Resource, seen: Seen) -> list[str]:
    """Places whose addresses *rule* names."""
    urns = rule.property_depends_on.get("destinationRanges", ())
    return sorted({seen.by_urn[urn].name for urn in urns if urn in seen.by_urn})


def _addresses(rule: Resource) -> Iterator[str]:
    ranges = rule.fact("destinationRanges")
    for text in ranges if isinstance(ranges, list) else ():
        try:
            ip_network(str(text), strict=False)
        except ValueError:
            continue  # a stand-in for the address of a place
        yield INTERNET if is_world(text) else APIS.get(str(text), str(text))


def _is_overruled(rule: Resource, target: str, rules: Sequence[Resource]) -> bool:
    """Whether a rule that counts more denies everything that *rule* allows. The lower number wins, and denial a tie."""
    return any(_denies(other, target) and _priority(other) <= _priority(rule) for other in rules)


def _denies(rule: Resource, target: str) -> bool:
    if rule.fact("denies[0].protocol") != "all":
        return False
    ranges = rule.fact("destinationRanges")
    networks = [text for text in ranges if text is not UNKNOWN] if isinstance(ranges, list) else []
    if any(is_world(text) for text in networks):
        return True
    return target != INTERNET and all(str(private) in networks for private in PRIVATE_RANGES)


def _priority(rule: Resource) -> int:
    found = rule.fact("priority")
    return found if isinstance(found, int) else 1000  # Google's default


def _ports(rule: Resource, target: str, seen: Seen) -> Iterator[str]:
    """Ports that *rule* allows. One that comes from the target itself is not known, whatever stands for it."""
    if any(urn in seen.by_urn for urn in rule.property_depends_on.get("allows", ())):
        yield "its own port"
        return
    allows = rule.fact("allows")
    for allow in allows if isinstance(allows, list) else [{}] if allows is UNKNOWN else []:
        protocol, ports = (allow.get(key, ABSENT) for key in ("protocol", "ports")) if isinstance(allow, dict) else (UNKNOWN,) * 2
        suffix = "" if protocol in ("tcp", "all") else f"/{protocol}"
        known = ports if isinstance(ports, list) else [EVERY_PORT] if ports is ABSENT else [LATER]
        yield from (LATER if port is UNKNOWN else f"{port}{suffix}" for port in known)


def _range(given: Any) -> str:
    low, _, high = str(given).partition("-")
    return EVERY_PORT if given is ABSENT else low if high in ("", low) else str(given)
