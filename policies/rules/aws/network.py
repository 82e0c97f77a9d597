"""AWS: the checks of the rules in policies/rules/network.py."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from policies.checks import must_be
from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rule import Check, Config, NotApplicable
from policies.rules.aws.types import DEFAULT_GROUP, FLOW_LOG, INGRESS_RULE, OLD_RULE, SECURITY_GROUP, SUBNET, VPC
from policies.rules.ports import EVERY_PORT, Opening, closed, only
from policies.rules.sides import linked, needs
from policies.verdict import Undecided

Judged = Callable[[Iterable[Opening], Config], Iterator["str | Undecided"]]


def _openings(resource: Resource) -> Iterator[Opening]:
    """What *resource* lets in: a rule of its own, the old kind of rule, or the rules written into a group."""
    if resource.type == INGRESS_RULE:
        yield _opening(resource, "", "cidrIpv4", ("cidrIpv4", "cidrIpv6"), "ipProtocol")
    elif resource.type == OLD_RULE:
        if resource.fact("type") != "egress":
            yield _opening(resource, "", "cidrBlocks", ("cidrBlocks", "ipv6CidrBlocks"), "protocol")
    else:
        listed = resource.fact("ingress")
        if listed is UNKNOWN:
            yield Opening("ingress", (UNKNOWN,), UNKNOWN, EVERY_PORT)
        for number in range(len(listed) if isinstance(listed, list) else 0):
            yield _opening(resource, f"ingress[{number}].", f"ingress[{number}]", ("cidrBlocks", "ipv6CidrBlocks"), "protocol")


def _opening(resource: Resource, prefix: str, at: str, networks: tuple[str, ...], protocol: str) -> Opening:
    found = [resource.fact(prefix + name) for name in networks]
    low, high = (resource.fact(prefix + name) for name in ("fromPort", "toPort"))
    lists = [value if isinstance(value, list) else [value] for value in found if value is not ABSENT]
    return Opening(
        at,
        tuple(network for listed in lists for network in listed),
        resource.fact(prefix + protocol),
        EVERY_PORT if ABSENT in (low, high) else (low, high),
    )


def _ingress(judged: Judged) -> Check:
    def judge(resource: Resource, config: Config) -> Iterator[str | Undecided]:
        yield from judged(_openings(resource), config)

    return Check((INGRESS_RULE, SECURITY_GROUP, OLD_RULE), judge)


admin_ports_closed = _ingress(closed)
data_ports_closed = _ingress(closed)
only_web_open = _ingress(only)
network_flow_logs = needs(VPC, FLOW_LOG, by="vpcId", what="flow log")
subnet_no_public_ip = Check((SUBNET,), must_be("mapPublicIpOnLaunch", False, default=False))
subnet_private_access = NotApplicable("The way to S3 is a gateway endpoint in the route tables, not a property of a subnet")


def default_group_closed(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """The group that AWS gives every VPC, and every careless resource, lets nothing in or out."""
    for vpc in stack.of_type(VPC):
        groups = linked(stack, vpc.urn, DEFAULT_GROUP, "vpcId")
        if not groups:
            yield vpc.urn, "leaves its default security group open: no DefaultSecurityGroup names it in vpcId"
        for group in groups:
            for way in ("ingress", "egress"):
                rules = group.fact(way)
                if rules is UNKNOWN:
                    yield Undecided((way,), group.urn)
                elif rules is not ABSENT and rules:
                    yield group.urn, f"{way} must be empty"
