"""Web application firewall: Amazon's managed rules and a limit of requests per address."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

import pulumi

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


class _Waf(pulumi.CustomResource):
    """A resource of AWS WAF, in the provider's own words.

    ``pulumi_aws.wafv2`` describes every rule that can be nested in any other. Loading it takes half a second, a sixth of a run
    of the whole program, for three resources.
    """

    arn: pulumi.Output[str]

    def __init__(self, kind: str, name: str, properties: Mapping[str, Any], opts: pulumi.ResourceOptions) -> None:
        token = f"aws:wafv2/{kind[0].lower()}{kind[1:]}:{kind}"
        same_provider = pulumi.ResourceOptions(version=version("pulumi_aws"))
        super().__init__(token, name, {"arn": None, **properties}, pulumi.ResourceOptions.merge(same_provider, opts))


def web_acl(
    component: Component,
    scope: Scope,
    *,
    resource: pulumi.Input[str],
    log_retention_days: int,
    key: CustomerKey,
) -> None:
    """Firewall ``<component>-web-acl`` before *resource*, the ARN of a load balancer.

    What it blocks or counts is logged, without cookies and authorization; the rest is in the load balancer's access log.
    """
    name = f"{component.name}-web-acl"
    physical = scope.physical(component.name, limit=100)
    acl = _Waf(
        "WebAcl",
        name,
        {
            "name": physical,
            "description": f"{scope.physical()}: managed rules and a limit per address",
            "scope": "REGIONAL",
            "defaultAction": {"allow": {}},
            "rules": [*(_managed(at, group) for at, group in enumerate(RULE_GROUPS, start=1)), _rate_limit(0)],
            "visibilityConfig": _visibility(physical),
            "tags": scope.named(name),
        },
        component.child(),
    )
    _Waf("WebAclAssociation", f"{name}-association", {"resourceArn": resource, "webAclArn": acl.arn}, component.child())
    logs = log_group(
        component,
        "web-acl-logs",
        scope,
        # AWS WAF writes to log groups of this beginning only.
        name=f"aws-waf-logs-{physical}",
        retention_days=log_retention_days,
        key=key,
    )
    blocked_or_counted = [{"actionCondition": {"action": action}} for action in ("BLOCK", "COUNT")]
    _Waf(
        "WebAclLoggingConfiguration",
        f"{name}-logging",
        {
            "resourceArn": acl.arn,
            "logDestinationConfigs": [logs.arn],
            "redactedFields": [{"singleHeader": {"name": header}} for header in ("authorization", "cookie")],
            "loggingFilter": {
                "defaultBehavior": "DROP",
                "filters": [{"behavior": "KEEP", "requirement": "MEETS_ANY", "conditions": blocked_or_counted}],
            },
        },
        component.child(),
    )


def _managed(priority: int, group: str) -> Any:
    counted = [{"name": rule, "actionToUse": {"count": {}}} for rule in RULE_GROUPS[group]]
    return {
        "name": group,
        "priority": priority,
        "overrideAction": {"none": {}},
        "statement": {
            "managedRuleGroupStatement": {"vendorName": "AWS", "name": group, "ruleActionOverrides": counted},
        },
        "visibilityConfig": _visibility(group),
    }


def _rate_limit(priority: int) -> Any:
    return {
        "name": "requests-per-address",
        "priority": priority,
        "action": {"block": {}},
        "statement": {
            "rateBasedStatement": {"limit": REQUESTS_PER_ADDRESS, "aggregateKeyType": "IP", "evaluationWindowSec": 300}
        },
        "visibilityConfig": _visibility("requests-per-address"),
    }


def _visibility(metric: str) -> Any:
    return {"cloudwatchMetricsEnabled": True, "sampledRequestsEnabled": True, "metricName": metric}
