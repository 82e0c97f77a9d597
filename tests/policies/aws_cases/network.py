"""Cases of policies/rules/network.py on AWS."""

from __future__ import annotations

from typing import Any

from policies.resource import UNKNOWN
from policies.rules.aws.types import INGRESS_RULE, OLD_RULE, SECURITY_GROUP, SUBNET
from tests.policies.cases import FAILS, HOLDS, Case, case, prop

HOME, WORLD, HALF, WORLD_6 = "10.0.0.0/16", "0.0.0.0/0", "128.0.0.0/1", "::/0"


def ports(rule: str, port: int, allowed: int, **more: Any) -> list[Case]:
    """One rule that opens *port* to a private network, in each of the three ways; and one to the world, of *allowed* only."""
    home = {"cidrIpv4": HOME, "ipProtocol": "tcp", "fromPort": port, "toPort": port}
    world = {**home, "cidrIpv4": WORLD, "fromPort": allowed, "toPort": allowed}
    old = {"protocol": "tcp", "fromPort": port, "toPort": port, "cidrBlocks": [HOME]}
    return [
        case(
            rule,
            INGRESS_RULE,
            home,
            prop("cidrIpv4", WORLD, HALF, "no network", absent=HOLDS, good=("203.0.113.0/24",)),
            prop("cidrIpv6", WORLD_6, "2000::/3", absent=HOLDS, good=("fd00::/8", "2001:db8::/32")),
            prop("ipProtocol", good=("-1",), absent=HOLDS, unknown=HOLDS),
            prop("referencedSecurityGroupId", good=("sg-1",), absent=HOLDS, unknown=HOLDS),
        ),
        case(
            rule,
            INGRESS_RULE,
            world,
            prop("ipProtocol", "-1", "all", good=("udp", "6", "icmp"), absent=HOLDS),
            prop("fromPort", -1, unknown="undecided"),
            prop("toPort", 65535, unknown="undecided"),
            **more,
        ),
        case(rule, INGRESS_RULE, {"ipProtocol": "tcp", "fromPort": port, "toPort": port}, prop("cidrIpv4", WORLD, absent=HOLDS)),
        case(
            rule,
            SECURITY_GROUP,
            {"ingress": [{**old}, {**old, "protocol": "icmp", "cidrBlocks": [WORLD]}]},
            prop("ingress[0].cidrBlocks", [HOME, WORLD], absent=HOLDS),
            prop("ingress[0].ipv6CidrBlocks", [WORLD_6], absent=HOLDS),
            prop("ingress[1].protocol", "-1", "tcp", "UDP", absent=HOLDS),
            prop("ingress[0].cidrBlocks[0]", WORLD, absent=HOLDS),
            prop("ingress", good=([],), absent=HOLDS),
        ),
        case(
            rule,
            OLD_RULE,
            {"type": "ingress", **old},
            prop("cidrBlocks", [WORLD], [HOME, HALF], absent=HOLDS),
            prop("type", good=("egress",), absent=HOLDS, unknown=HOLDS),
        ),
        case(
            rule, OLD_RULE, {"type": "egress", **old, "cidrBlocks": [WORLD]}, prop("type", "ingress", absent=FAILS, unknown=FAILS)
        ),
        case(rule, INGRESS_RULE, {**home, "cidrIpv4": HOME}, prop("cidrIpv4", WORLD, absent=HOLDS, good=(HOME,))),
        case(rule, INGRESS_RULE, {**world, "fromPort": UNKNOWN, "cidrIpv4": HOME}, prop("toPort", absent=HOLDS, unknown=HOLDS)),
    ]


CASES = [
    *ports("admin-ports-closed", 22, 443, strict={"ports": [443]}),
    *ports("data-ports-closed", 5432, 443, strict={"ports": [443, 5432]}),
    *ports("only-web-open", 6379, 443, strict={"ports": [80]}),
    case(
        "only-web-open",
        INGRESS_RULE,
        {"cidrIpv4": WORLD, "ipProtocol": "tcp", "fromPort": 80, "toPort": 80},
        prop("toPort", 81, 443, unknown="undecided"),
    ),
    case("subnet-no-public-ip", SUBNET, {"mapPublicIpOnLaunch": False}, prop("mapPublicIpOnLaunch", True, absent=HOLDS)),
]
