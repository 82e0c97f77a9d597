"""Cases of policies/rules/network.py on Google Cloud."""

from __future__ import annotations

from typing import Any

from policies.resource import UNKNOWN
from policies.rules.gcp.types import FIREWALL, FORWARDING, GLOBAL_FORWARDING, SUBNETWORK
from tests.policies.cases import FAILS, HOLDS, UNDECIDED, Case, case, prop

HOME, WORLD, HALF, WORLD_6 = "10.0.0.0/16", "0.0.0.0/0", "128.0.0.0/1", "::/0"


def firewall(rule: str, port: int, allowed: int, strict: dict[str, Any]) -> list[Case]:
    """A rule that opens *port* to a private network; one that opens *allowed* to the world; and what else a rule may say."""

    def opening(network: str, *ports: str, **more: Any) -> dict[str, Any]:
        return {"direction": "INGRESS", "sourceRanges": [network], "allows": [{"protocol": "tcp", "ports": [*ports]}], **more}

    spans = (f"{port - 5}-{port + 5}", f"0-{port}", f"{port}-65535", str(port), "1-x")
    return [
        case(
            rule,
            FIREWALL,
            opening(HOME, str(port)),
            prop(
                "sourceRanges[0]",
                WORLD,
                HALF,
                WORLD_6,
                "2000::/3",
                "no network",
                good=("203.0.113.0/24", "fd00::/8"),
                absent=FAILS,
            ),
            prop("sourceRanges", [HOME, WORLD], [], absent=FAILS),
            prop("allows", good=([],), absent=HOLDS, unknown=HOLDS),
        ),
        # nobody named: everybody
        case(
            rule,
            FIREWALL,
            {"allows": [{"protocol": "tcp", "ports": [str(port)]}], "sourceTags": ["web"]},
            prop("sourceTags", []),
            prop("sourceServiceAccounts", good=(["web@shop.iam.gserviceaccount.com"],), absent=HOLDS, unknown=HOLDS),
            prop("direction", good=("INGRESS", "EGRESS"), absent=HOLDS, unknown=HOLDS),
        ),
        case(
            rule,
            FIREWALL,
            opening(WORLD, str(allowed)),
            prop("allows[0].ports[0]", *spans, absent=FAILS),
            prop("allows[0].ports", [], [str(allowed), str(port)], absent=FAILS),
            prop("allows[0].protocol", "all", "ALL", good=("udp", "6", "icmp", "esp"), absent=UNDECIDED),
            prop("allows", [{"protocol": "icmp"}, {"protocol": "all"}], absent=HOLDS),
            strict=strict,
        ),
        case(
            rule,
            FIREWALL,
            opening(WORLD, str(port), direction="EGRESS"),
            prop("direction", "INGRESS", absent=FAILS),
        ),
        case(rule, FIREWALL, opening(WORLD, str(port), disabled=True), prop("disabled", False, absent=FAILS)),
        case(rule, FIREWALL, {**opening(HOME, "1"), "allows": UNKNOWN}, prop("sourceRanges", absent=UNDECIDED)),
    ]


def balancer(rule: str, port: int, allowed: int, strict: dict[str, Any]) -> list[Case]:
    """Addresses of load balancers, and of a private endpoint, which has no scheme."""
    return [
        *(
            case(
                rule,
                type_,
                {"loadBalancingScheme": "EXTERNAL_MANAGED", "portRange": str(allowed)},
                prop("portRange", str(port), f"{port}-{port}", "1-65535", good=(f"{allowed}-{allowed}",), absent=FAILS),
                strict=strict,
            )
            for type_ in (GLOBAL_FORWARDING, FORWARDING)
        ),
        *(
            case(
                rule,
                type_,
                {"loadBalancingScheme": "INTERNAL_MANAGED", "portRange": str(port)},
                prop("loadBalancingScheme", "EXTERNAL", "EXTERNAL_MANAGED", absent=FAILS, good=("", "INTERNAL")),
            )
            for type_ in (GLOBAL_FORWARDING, FORWARDING)
        ),
    ]


def ports(rule: str, port: int, allowed: int, strict: dict[str, Any]) -> list[Case]:
    return [*firewall(rule, port, allowed, strict), *balancer(rule, port, allowed, strict)]


CASES = [
    *ports("admin-ports-closed", 22, 443, {"ports": [443]}),
    *ports("data-ports-closed", 5432, 443, {"ports": [443, 5432]}),
    *ports("only-web-open", 6379, 443, {"ports": [80]}),
    case(
        "subnet-private-access",
        SUBNETWORK,
        {"privateIpGoogleAccess": True},
        prop("privateIpGoogleAccess", False),
    ),
]
