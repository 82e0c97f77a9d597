"""Google Cloud: the checks of the rules in policies/rules/network.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from policies.checks import all_of, must_be, must_have, only_when
from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rule import Check, Config, NotApplicable
from policies.rules.gcp.types import FIREWALL, FORWARDING, GLOBAL_FORWARDING, NETWORK, SUBNETWORK
from policies.rules.ports import EVERY_PORT, Opening, closed, is_world, only
from policies.rules.sides import linked
from policies.verdict import Undecided

Judged = Callable[[Iterable[Opening], Config], Iterator["str | Undecided"]]

WORLD = "0.0.0.0/0"
SOURCES = ("sourceRanges", "sourceTags", "sourceServiceAccounts")
"""Where a rule may say who comes in. Without any of them it is everybody."""
PUBLIC_SCHEMES = ("EXTERNAL", "EXTERNAL_MANAGED")


def _openings(resource: Resource) -> Iterator[Opening]:
    """What *resource* lets in: a firewall rule, or the address of a load balancer."""
    if resource.type == FIREWALL:
        yield from _of_firewall(resource)
    else:
        yield from _of_balancer(resource)


def _of_firewall(rule: Resource) -> Iterator[Opening]:
    direction, disabled = rule.fact("direction"), rule.fact("disabled")
    if direction == "EGRESS" or disabled is True:
        return
    networks, allows = _sources(rule), rule.fact("allows")
    doubtful = UNKNOWN in (direction, disabled)
    if allows is UNKNOWN:
        yield Opening("allows", networks, UNKNOWN, EVERY_PORT)
    for number, allow in enumerate(allows if isinstance(allows, list) else ()):
        known = isinstance(allow, dict) and not doubtful
        protocol = allow.get("protocol", UNKNOWN) if known else UNKNOWN
        for ports in _ports(allow.get("ports", ABSENT) if known else UNKNOWN):
            yield Opening(f"allows[{number}]", networks, protocol, ports)


def _sources(rule: Resource) -> tuple[Any, ...]:
    """Networks that may come in; none where only tags or accounts may."""
    found = [rule.fact(name) for name in SOURCES]
    if isinstance(found[0], list) and found[0]:
        return tuple(found[0])
    if any(found):
        return (UNKNOWN,) if found[0] is UNKNOWN else ()
    return (UNKNOWN,) if UNKNOWN in found else (WORLD,)


def _ports(listed: Any) -> Iterator[tuple[Any, Any]]:
    """``["22", "8000-9000"]`` as first and last ports; every port where none is named, and where one cannot be read."""
    if listed is ABSENT or listed == []:
        yield EVERY_PORT
    for text in listed if isinstance(listed, list) else [UNKNOWN] if listed is UNKNOWN else []:
        yield (UNKNOWN, UNKNOWN) if text is UNKNOWN else _range(str(text))


def _range(text: str) -> tuple[int, int]:
    low, _, high = text.partition("-")
    try:
        return int(low), int(high or low)
    except ValueError:
        return EVERY_PORT


def _of_balancer(rule: Resource) -> Iterator[Opening]:
    """A public address has no list of who may come; without a scheme at all it leads to a private endpoint."""
    scheme, ports = rule.fact("loadBalancingScheme"), rule.fact("portRange")
    scheme = "EXTERNAL" if scheme is ABSENT else scheme
    if scheme is UNKNOWN or scheme in PUBLIC_SCHEMES:
        networks = (UNKNOWN if scheme is UNKNOWN else WORLD,)
        for span in _ports(ports if ports in (ABSENT, UNKNOWN) else [ports]):
            yield Opening("portRange", networks, "tcp", span)


def _ingress(judged: Judged) -> Check:
    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        yield from judged(_openings(resource), config)

    return Check((FIREWALL, GLOBAL_FORWARDING, FORWARDING), judge)


admin_ports_closed = _ingress(closed)
data_ports_closed = _ingress(closed)
only_web_open = _ingress(only)
network_flow_logs = Check(
    (SUBNETWORK,),
    # Google's own subnets for proxies and endpoints cannot have any
    only_when("purpose", ("PRIVATE",), all_of(must_have("logConfig"), must_have("logConfig.flowSampling")), default="PRIVATE"),
)
subnet_no_public_ip = NotApplicable("A subnet of Google gives no public address, and a container of Cloud Run cannot have one")
subnet_private_access = Check((SUBNETWORK,), must_be("privateIpGoogleAccess", True, default=False))


def default_group_closed(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """What Google gives every VPC is gone or covered: subnets of its own in every region, and the implied rule that lets
    everything out. The implied rule for what comes in denies."""
    for network in stack.of_type(NETWORK):
        automatic = network.fact("autoCreateSubnetworks")
        if automatic is UNKNOWN:
            yield Undecided(("autoCreateSubnetworks",), network.urn)
        elif automatic is not False:
            yield network.urn, "autoCreateSubnetworks must be false"
        answers = {_denies_the_rest(rule) for rule in linked(stack, network.urn, FIREWALL, "network")}
        if True not in answers:
            wrong = network.urn, "lets everything out: no Firewall denies protocol all in direction EGRESS to 0.0.0.0/0"
            yield Undecided(("network",), network.urn) if None in answers else wrong


def _denies_the_rest(rule: Resource) -> bool | None:
    """Whether *rule* denies whatever no other rule lets out; None where what it says is not known yet."""
    protocols, ranges = rule.fact("denies[*].protocol"), rule.fact("destinationRanges")
    answers = (
        _is(rule.fact("direction"), lambda found: found == "EGRESS"),
        _is(rule.fact("disabled"), lambda found: found is not True),
        _is(rule.fact("targetTags"), lambda found: found is ABSENT),
        _is(rule.fact("targetServiceAccounts"), lambda found: found is ABSENT),
        _any(protocols, lambda protocol: str(protocol).lower() == "all"),
        _any(ranges, is_world),
    )
    return False if False in answers else None if None in answers else True


def _is(value: Any, holds: Callable[[Any], bool]) -> bool | None:
    return None if value is UNKNOWN else holds(value)


def _any(values: Any, holds: Callable[[Any], bool]) -> bool | None:
    if values is UNKNOWN:
        return None
    answers = [_is(value, holds) for value in values or ()]
    return True if True in answers else None if None in answers else False
