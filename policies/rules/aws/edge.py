"""AWS: the checks of the rules in policies/rules/edge.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from policies.checks import all_of, must_be, must_be_in, must_have, only_when
from policies.resource import UNKNOWN, Resource, Stack
from policies.rule import Check, Config
from policies.rules.aws.types import BALANCER, DISTRIBUTION, LISTENER, LISTENER_RULE, WEB_ACL_ASSOCIATION
from policies.rules.conditions import when_set
from policies.rules.sides import linked
from policies.verdict import Undecided

SECURE = ("HTTPS", "TLS")
TLS_POLICIES = (
    "ELBSecurityPolicy-TLS13-1-2-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-2021-06",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-Res-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-2-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-2-Res-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-PQ-2025-09",
    "ELBSecurityPolicy-TLS13-1-3-2021-06",
    "ELBSecurityPolicy-TLS13-1-3-FIPS-2023-04",
    "ELBSecurityPolicy-TLS13-1-3-PQ-2025-09",
    "ELBSecurityPolicy-FS-1-2-Res-2020-10",
)
"""Policies of Elastic Load Balancing with TLS 1.2 as the least and forward secrecy for every client."""

REDIRECT = ("redirect", "HTTPS")
VIEWERS = ("https-only", "redirect-to-https")

balancer_tls_version = Check((LISTENER,), only_when("protocol", SECURE, must_be_in("sslPolicy", TLS_POLICIES)))
balancer_headers = Check(
    (BALANCER,),
    only_when("loadBalancerType", ("application",), must_be("dropInvalidHeaderFields", True), default="application"),
)
balancer_logs = Check((BALANCER,), all_of(must_be("accessLogs.enabled", True), must_have("accessLogs.bucket")))
balancer_deletion_protected = Check((BALANCER,), must_be("enableDeletionProtection", True))
cdn_https = Check(
    (DISTRIBUTION,),
    all_of(
        must_be_in("defaultCacheBehavior.viewerProtocolPolicy", VIEWERS),
        when_set("orderedCacheBehaviors", must_be_in("orderedCacheBehaviors[*].viewerProtocolPolicy", VIEWERS)),
    ),
)


def balancer_https(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A listener speaks TLS, or it and all its rules do nothing but send to HTTPS."""
    for listener in stack.of_type(LISTENER):
        protocol = listener.fact("protocol")
        if protocol is UNKNOWN:
            yield Undecided(("protocol",), listener.urn)
        elif protocol not in SECURE:
            rules = linked(stack, listener.urn, LISTENER_RULE, "listenerArn")
            does = {*_actions(listener, "defaultActions"), *(one for rule in rules for one in _actions(rule, "actions"))}
            if does - {REDIRECT, UNKNOWN}:
                yield listener.urn, "protocol must be HTTPS, or defaultActions and every ListenerRule must redirect to HTTPS"
            elif UNKNOWN in does:
                yield Undecided(("defaultActions",), listener.urn)


def _actions(resource: Resource, path: str) -> Iterator[Any]:
    """What the actions of a listener or of a rule are, and where a redirect goes to."""
    for at, kind in resource.each(f"{path}[*].type"):
        target = resource.fact(at.removesuffix("type") + "redirect.protocol")
        yield UNKNOWN if UNKNOWN in (kind, target) else (kind, target)


def balancer_waf(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A balancer of the internet has a web ACL in front."""
    for balancer in stack.of_type(BALANCER):
        internal = balancer.fact("internal")
        if internal is True or linked(stack, balancer.urn, WEB_ACL_ASSOCIATION, "resourceArn"):
            continue
        if internal is UNKNOWN:
            yield Undecided(("internal",), balancer.urn)
        else:
            yield balancer.urn, "has no web ACL: no WebAclAssociation names it in resourceArn"
