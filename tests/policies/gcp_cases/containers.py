"""Cases of policies/rules/containers.py on Google Cloud: Cloud Run services and jobs."""

from __future__ import annotations

from typing import Any

from policies.resource import UNKNOWN
from policies.rules.gcp.types import JOB, JOB_BINDING, JOB_MEMBER, SERVICE, SERVICE_BINDING, SERVICE_MEMBER
from tests.policies.cases import HOLDS, UNDECIDED, Case, Property, case, prop

URL = "postgresql://shop:hunter2@db.example.com/shop"
ACCOUNT = "shop-api@shop.iam.gserviceaccount.com"
BALANCED, OPEN = "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", "INGRESS_TRAFFIC_ALL"
AT = {SERVICE: "template", JOB: "template.template"}


def both(rule: str, template: dict[str, Any], *properties: Property) -> list[Case]:
    """A service and a job with *template*; paths of *properties* begin in it."""
    return [
        case(
            rule,
            token,
            {"template": template if token == SERVICE else {"template": template}},
            *(Property(f"{at}.{one.path}", one.bad, one.absent, one.unknown, one.good) for one in properties),
        )
        for token, at in AT.items()
    ]


def variable(name: str, value: Any, *properties: Property) -> list[Case]:
    """In the second of two containers."""
    containers = [{"image": "proxy"}, {"image": "api", "envs": [{"name": name, "value": value}]}]
    return both("container-no-literal-secrets", {"containers": containers}, *properties)


def members(rule: str, member_type: str, binding_type: str) -> list[Case]:
    """Without its edges, as in a preview's arguments, an unknown member cannot be told from everybody."""
    account = f"serviceAccount:{ACCOUNT}"
    return [
        case(rule, member_type, {"member": account}, prop("member", "allUsers", "allAuthenticatedUsers", absent=HOLDS)),
        case(
            rule,
            binding_type,
            {"members": [account]},
            prop("members[0]", "allUsers", absent=HOLDS),
            prop("members", [account, "allAuthenticatedUsers"], absent=HOLDS, good=([],)),
        ),
    ]


VALUE = "containers[1].envs[0].value"
REFERENCE = {"secretKeyRef": {"secret": "db", "version": "3"}}

CASES = [
    *variable("MODE", "production", prop(VALUE, URL, "AIza" + "x" * 35, absent=HOLDS)),
    *variable(
        "MODE",
        "production",
        prop(
            "containers[1].envs[0].name",
            "DB_PASSWORD",
            "API_KEY",
            "session_token",
            unknown=HOLDS,
            absent=HOLDS,
            good=("TOKEN_TTL", "SECRET_IDS"),
        ),
        prop("containers[1].envs[0]", absent=HOLDS),
        prop("containers[1].envs", absent=HOLDS, good=([],)),
        prop("containers[1]", absent=HOLDS),
        prop("containers", absent=HOLDS, good=([],)),
    ),
    # what a name says to be a place may be known later
    *variable("DB_HOST", "10.0.0.3", prop(VALUE, URL, absent=HOLDS, unknown=HOLDS)),
    *variable("DB_SECRET_ID", UNKNOWN, prop(VALUE, URL, absent=HOLDS, unknown=HOLDS, good=("projects/shop/secrets/db",))),
    *variable("DB_PASSWORD", "", prop(VALUE, "hunter2", absent=HOLDS, unknown=UNDECIDED)),
    *both(
        "container-no-literal-secrets",
        {"containers": [{"envs": [{"name": "DB_PASSWORD", "valueSource": REFERENCE}]}]},
        prop("containers[0].envs[0].valueSource", absent=HOLDS, unknown=HOLDS),
        prop("containers[0].envs", [{"name": "DB_PASSWORD", "value": "hunter2"}], absent=HOLDS),
    ),
    *both(
        "service-own-identity",
        {"serviceAccount": ACCOUNT},
        prop(
            "serviceAccount",
            "",
            "1234-compute@developer.gserviceaccount.com",
            "shop@appspot.gserviceaccount.com",
            unknown=HOLDS,
        ),
    ),
    case(
        "service-ingress-limited",
        SERVICE,
        {"ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"},
        prop("ingress", OPEN, "INGRESS_TRAFFIC_UNSPECIFIED"),
    ),
    case(
        "service-ingress-limited",
        SERVICE,
        {"ingress": BALANCED, "defaultUriDisabled": True},
        prop("defaultUriDisabled", False),
        prop("ingress", OPEN, good=("INGRESS_TRAFFIC_INTERNAL_ONLY",)),
    ),
    *members("service-invokers-limited", SERVICE_MEMBER, SERVICE_BINDING),
    *members("service-invokers-limited", JOB_MEMBER, JOB_BINDING),
    case(
        "service-invokers-limited",
        SERVICE,
        {"ingress": BALANCED, "invokerIamDisabled": True},
        prop("ingress", OPEN, good=("INGRESS_TRAFFIC_INTERNAL_ONLY",)),
    ),
    case(
        "service-invokers-limited",
        SERVICE,
        {"ingress": OPEN, "invokerIamDisabled": False},
        prop("invokerIamDisabled", True, absent=HOLDS),
        prop("ingress", absent=HOLDS, unknown=HOLDS),
    ),
    *both(
        "service-private-egress",
        {"vpcAccess": {"egress": "ALL_TRAFFIC", "networkInterfaces": [{"subnetwork": "egress"}]}},
        prop("vpcAccess.egress", "PRIVATE_RANGES_ONLY"),
        prop("vpcAccess.networkInterfaces", [], unknown=HOLDS),
        prop("vpcAccess", {}, {"egress": "ALL_TRAFFIC"}, good=({"egress": "ALL_TRAFFIC", "connector": "vpc"},)),
    ),
    case(
        "service-minimum-instances",
        SERVICE,
        {"scaling": {"minInstanceCount": 1}},
        prop("scaling.minInstanceCount", 0),
        prop("scaling", {}),
        strict={"instances": 2},
    ),
    case(
        "service-minimum-instances",
        SERVICE,
        {"template": {"scaling": {"minInstanceCount": 1}}},
        prop("template.scaling.minInstanceCount", 0, good=(3,)),
        prop("template", {}),
        strict={"instances": 2},
    ),
]
