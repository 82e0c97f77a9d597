"""Web application firewall: Amazon's managed rules and a limit of requests per address."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_aws as aws

from components.aws.kms import CustomerKey
from components.aws.logs import log_group
from components.component import Component
from components.names import Scope

RULE_GROUPS: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesAmazonIpReputationList": (),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
    "AWSManagedRulesSQLiRuleSet": (),
}
"""Amazon's rule groups in the order they are asked, with the rules that only count. ``SizeRestrictions_BODY`` would refuse every
body over 8 KiB, uploads included. All take 1125 of the 1500 capacity units that the base price covers."""

REQUESTS_PER_ADDRESS = 2000
"""In five minutes; more is blocked until it falls below again. Nearly 7 a second: a person never gets there, a scanner soon."""


def web_acl(
    component: Component,
    scope: Scope,
    *,
    resource: pulumi.Input[str],
    log_retention_days: int,
    key: CustomerKey,
) -> aws.wafv2.WebAcl:
    """Firewall ``<component>-web-acl`` before *resource*, the ARN of a load balancer.

    What it blocks or counts is logged, without cookies and authorization; the rest is in the load balancer's access log.
    """
    name = f"{component.name}-web-acl"
    physical = scope.physical(component.name, limit=100)
    acl = aws.wafv2.WebAcl(
        name,
        name=physical,
        description=f"{scope.physical()}: managed rules and a limit per address",
        scope="REGIONAL",
        default_action={"allow": {}},
        rules=[*(_managed(at, group) for at, group in enumerate(RULE_GROUPS, start=1)), _rate_limit(0)],
        visibility_config=_visibility(physical),
        tags=scope.named(name),
        opts=component.child(),
    )
    aws.wafv2.WebAclAssociation(f"{name}-association", resource_arn=resource, web_acl_arn=acl.arn, opts=component.child())
    logs = log_group(
        component,
        "web-acl-logs",
        scope,
        # AWS WAF writes to log groups of this beginning only.
        name=f"aws-waf-logs-{physical}",
        retention_days=log_retention_days,
        key=key,
    )
    aws.wafv2.WebAclLoggingConfiguration(
        f"{name}-logging",
        resource_arn=acl.arn,
        log_destination_configs=[logs.arn],
        redacted_fields=[{"single_header": {"name": header}} for header in ("authorization", "cookie")],
        logging_filter={
            "default_behavior": "DROP",
            "filters": [
                {
                    "behavior": "KEEP",
                    "requirement": "MEETS_ANY",
                    "conditions": [{"action_condition": {"action": action}} for action in ("BLOCK", "COUNT")],
                }
            ],
        },
        opts=component.child(),
    )
    return acl


def _managed(priority: int, group: str) -> Any:
    counted = [{"name": rule, "action_to_use": {"count": {}}} for rule in RULE_GROUPS[group]]
    return {
        "name": group,
        "priority": priority,
        "override_action": {"none": {}},
        "statement": {
            "managed_rule_group_statement": {"vendor_name": "AWS", "name": group, "rule_action_overrides": counted},
        },
        "visibility_config": _visibility(group),
    }


def _rate_limit(priority: int) -> Any:
    return {
        "name": "requests-per-address",
        "priority": priority,
        "action": {"block": {}},
        "statement": {
            "rate_based_statement": {"limit": REQUESTS_PER_ADDRESS, "aggregate_key_type": "IP", "evaluation_window_sec": 300}
        },
        "visibility_config": _visibility("requests-per-address"),
    }


def _visibility(metric: str) -> Any:
    return {"cloudwatch_metrics_enabled": True, "sampled_requests_enabled": True, "metric_name": metric}
