"""Web application firewall: Cloud Armor's rules against known attacks and a limit of requests per address."""

from __future__ import annotations

from typing import Any

import pulumi_gcp as gcp

from components.gcp.component import GcpComponent
from components.names import Scope

RULE_SETS = {
    "sqli-v33-stable": "SQL injection",
    "xss-v33-stable": "Cross-site scripting",
    "lfi-v33-stable": "Reading local files",
    "rfi-v33-stable": "Including remote files",
    "rce-v33-stable": "Running commands",
    "scannerdetection-v33-stable": "Known scanners",
    "protocolattack-v33-stable": "Request smuggling and split headers",
    "sessionfixation-v33-stable": "Sessions that somebody else made",
    "cve-canary": "Log4j and other known holes",
}
"""Google's rule sets (OWASP core rule set 3.3.2) in the order they are asked. ``methodenforcement`` is not among them: it would
refuse PUT, PATCH and DELETE."""
SENSITIVITY = 1
"""Of 4: the rules that hardly ever refuse a harmless request."""

REQUESTS_PER_ADDRESS, INTERVAL_SECONDS = 2000, 300
"""More from one address are refused until it falls below again, as on AWS. Nearly 7 a second: a person never gets there, a
scanner soon."""

FIRST, STEP = 1000, 100
"""Priorities of the rule sets, with room for rules that an operator adds between them for a while."""
LIMIT_PRIORITY, DEFAULT_PRIORITY = 2147483646, 2147483647
ANYBODY: Any = {"versioned_expr": "SRC_IPS_V1", "config": {"src_ip_ranges": ["*"]}}


def security_policy(component: GcpComponent, scope: Scope) -> gcp.compute.SecurityPolicy:
    """Policy ``<component>-armor`` for the backend services. Bodies are inspected up to Cloud Armor's 8 KiB, JSON as such.

    What it refuses is in the load balancer's log (``enforcedSecurityPolicy``), without headers and bodies.
    """
    sets = [_refuse(FIRST + STEP * at, name) for at, name in enumerate(RULE_SETS)]
    return gcp.compute.SecurityPolicy(
        f"{component.name}-armor",
        name=scope.physical(component.name),
        description=f"{scope.physical()}: known attacks and a limit per address",
        type="CLOUD_ARMOR",
        # Whoever is below the limit is allowed, and no later rule is asked: so the limit comes after all others.
        rules=[*sets, _limit(), _allow()],
        advanced_options_config={"json_parsing": "STANDARD", "log_level": "NORMAL"},
        adaptive_protection_config={"layer7_ddos_defense_config": {"enable": True, "rule_visibility": "STANDARD"}},
        labels=scope.labels(),
        opts=component.child(),
    )


def _refuse(priority: int, rule_set: str) -> Any:
    expression = f"evaluatePreconfiguredWaf('{rule_set}', {{'sensitivity': {SENSITIVITY}}})"
    return {
        "action": "deny(403)",
        "priority": priority,
        "description": RULE_SETS[rule_set],
        "match": {"expr": {"expression": expression}},
    }


def _limit() -> Any:
    return {
        "action": "throttle",
        "priority": LIMIT_PRIORITY,
        "description": "Requests per address",
        "match": ANYBODY,
        "rate_limit_options": {
            "conform_action": "allow",
            "exceed_action": "deny(429)",
            "enforce_on_key": "IP",
            "rate_limit_threshold": {"count": REQUESTS_PER_ADDRESS, "interval_sec": INTERVAL_SECONDS},
        },
    }


def _allow() -> Any:
    return {"action": "allow", "priority": DEFAULT_PRIORITY, "description": "Everything else", "match": ANYBODY}
