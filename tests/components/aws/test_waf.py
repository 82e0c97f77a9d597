"""The firewall before the load balancer."""

from __future__ import annotations

from typing import Any

from tests.components.aws.edge import edge
from tests.recorder import Recording


def one(recording: Recording, ending: str) -> dict[str, Any]:
    (found,) = recording.of_type(ending).values()
    return found.inputs


def test_the_firewall_is_in_prod_and_by_choice() -> None:
    assert not edge("dev").of_type("wafv2/webAcl:WebAcl")
    acl = one(edge("prod"), "wafv2/webAcl:WebAcl")
    assert acl["scope"] == "REGIONAL"
    assert acl["defaultAction"] == {"allow": {}}
    groups = {
        rule["name"]: rule["statement"]["managedRuleGroupStatement"]
        for rule in acl["rules"]
        if "managedRuleGroupStatement" in rule["statement"]
    }
    assert set(groups) == {
        "AWSManagedRulesAmazonIpReputationList",
        "AWSManagedRulesCommonRuleSet",
        "AWSManagedRulesKnownBadInputsRuleSet",
        "AWSManagedRulesSQLiRuleSet",
    }
    counted = groups["AWSManagedRulesCommonRuleSet"]["ruleActionOverrides"]
    assert counted == [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}], "uploads pass"
    assert len({rule["priority"] for rule in acl["rules"]}) == len(acl["rules"])
    (limit,) = [rule for rule in acl["rules"] if "rateBasedStatement" in rule["statement"]]
    assert limit["action"] == {"block": {}}


def test_the_firewall_stands_before_the_load_balancer_and_logs_no_credentials() -> None:
    recording = edge("prod", ingress={"log_retention_days": 120})
    assert one(recording, "WebAclAssociation")["resourceArn"].endswith(":ingress-load-balancer")
    logging = one(recording, "WebAclLoggingConfiguration")
    assert {field["singleHeader"]["name"] for field in logging["redactedFields"]} == {"authorization", "cookie"}
    group = recording.of_type("LogGroup")["ingress-web-acl-logs"].inputs
    assert group["name"].startswith("aws-waf-logs-"), "AWS WAF writes to no other"
    assert group["retentionInDays"] == 120
    assert group["kmsKeyId"]
