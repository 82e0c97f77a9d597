"""Every stack rule of Google Cloud on the real production stack: as it is, and with one thing broken, unknown or gone; and the
checks that need to know where a value comes from."""

from __future__ import annotations

from typing import Any

import pytest

from policies.judge import of_resource
from policies.resource import UNKNOWN, Stack
from policies.rule import StackRule
from policies.rules import containers, database, durability, edge, network, own, registry, secrets, storage, upkeep
from policies.rules.gcp import types as t
from tests.policies.cases import FAILS, HOLDS, UNDECIDED, rule_of
from tests.policies.golden import Row, at, copied, dropped, edited, lacking, named, of, real, said, then, with_more, without_types
from tests.policies.runtime_args import resource

PATHS = [{"name": "api", "defaultService": "backend"}]
ARMED = {"priority": 1000, "action": "deny(403)", "preview": False}
DORMANT = {**ARMED, "preview": True}
ALLOWING = {"priority": 2147483647, "action": "allow"}
FIREWALL, VPC, BUCKET = "network-deny-egress", "network-vpc", "backups-bucket"

ROWS = (
    Row("database-subnets-private", "no way", edited("database-instance", settings={}), FAILS, "database-instance"),
    Row("database-subnets-private", "unknown", edited("database-instance", settings=UNKNOWN), HOLDS),
    Row(
        "database-subnets-private",
        "psc",
        at("database-instance", "settings.ipConfiguration", {"pscConfigs": [{"pscEnabled": True}]}),
        HOLDS,
    ),
    Row(
        "database-subnets-private",
        "psc switched off",
        at("database-instance", "settings.ipConfiguration", {"pscConfigs": [{"pscEnabled": False}]}),
        FAILS,
        "database-instance",
    ),
    Row(
        "database-subnets-private",
        "psc of nobody",
        at("database-instance", "settings.ipConfiguration", {"pscConfigs": []}),
        FAILS,
        "database-instance",
    ),
    Row(
        "database-subnets-private",
        "psc unknown",
        at("database-instance", "settings.ipConfiguration", {"pscConfigs": [{"pscEnabled": UNKNOWN}]}),
        UNDECIDED,
        "database-instance",
    ),
    Row("default-group-closed", "gone", dropped(FIREWALL), FAILS, VPC),
    Row("default-group-closed", "of another network", edited(FIREWALL, edges={"network": ["network-egress"]}), FAILS, VPC),
    Row("default-group-closed", "for some only", edited(FIREWALL, targetTags=["web"]), FAILS, VPC),
    Row("default-group-closed", "for some accounts only", edited(FIREWALL, targetServiceAccounts=["web"]), FAILS, VPC),
    Row("default-group-closed", "of one protocol", edited(FIREWALL, denies=[{"protocol": "tcp"}]), FAILS, VPC),
    Row("default-group-closed", "to some addresses", edited(FIREWALL, destinationRanges=["10.0.0.0/8"]), FAILS, VPC),
    Row("default-group-closed", "disabled", edited(FIREWALL, disabled=True), FAILS, VPC),
    Row("default-group-closed", "the other way", edited(FIREWALL, direction="INGRESS"), FAILS, VPC),
    Row("default-group-closed", "Google's own subnets", edited(VPC, autoCreateSubnetworks=True), FAILS, VPC),
    Row("default-group-closed", "the provider's default", lacking(VPC, "autoCreateSubnetworks"), FAILS, VPC),
    Row("default-group-closed", "unknown", edited(VPC, autoCreateSubnetworks=UNKNOWN), UNDECIDED, VPC),
    Row("default-group-closed", "denies unknown", edited(FIREWALL, denies=UNKNOWN), UNDECIDED, VPC),
    Row("default-group-closed", "ranges unknown", edited(FIREWALL, destinationRanges=[UNKNOWN]), UNDECIDED, VPC),
    Row("default-group-closed", "no network of ours", without_types(t.NETWORK), HOLDS),
    Row("network-flow-logs", "none", lacking("network-egress", "logConfig"), FAILS, "network-egress"),
    Row("network-flow-logs", "no sample", at("network-egress", "logConfig.flowSampling", 0), FAILS, "network-egress"),
    Row("network-flow-logs", "unknown", edited("network-egress", logConfig=UNKNOWN), HOLDS),
    Row(
        "network-flow-logs",
        "a subnet for proxies",
        then(lacking("network-egress", "logConfig"), edited("network-egress", purpose="REGIONAL_MANAGED_PROXY")),
        HOLDS,
    ),
    Row(
        "network-flow-logs",
        "of unknown purpose",
        then(lacking("network-egress", "logConfig"), edited("network-egress", purpose=UNKNOWN)),
        UNDECIDED,
        "network-egress",
    ),
    Row("balancer-https", "answers", lacking("ingress-to-https", "defaultUrlRedirect"), FAILS, "ingress-to-https"),
    Row("balancer-https", "some paths", edited("ingress-to-https", pathMatchers=PATHS), FAILS, "ingress-to-https"),
    Row("balancer-https", "unknown paths", edited("ingress-to-https", pathMatchers=UNKNOWN), UNDECIDED, "ingress-to-https"),
    Row(
        "balancer-https",
        "the routes",
        edited("ingress-http-proxy", edges={"urlMap": ["ingress-routes"]}),
        FAILS,
        "ingress-routes",
    ),
    Row("balancer-https", "another's map", edited("ingress-http-proxy", edges={"urlMap": []}), UNDECIDED, "ingress-http-proxy"),
    Row("balancer-https", "unknown", edited("ingress-to-https", defaultUrlRedirect=UNKNOWN), UNDECIDED, "ingress-to-https"),
    Row("balancer-https", "TLS only", without_types(t.HTTP_PROXY), HOLDS),
    Row("balancer-waf", "none", lacking("service-api-backend", "securityPolicy"), FAILS, "service-api-backend"),
    Row("balancer-waf", "not known yet", edited("service-api-backend", securityPolicy=UNKNOWN), HOLDS),
    Row(
        "balancer-waf",
        "of an internal one",
        then(
            lacking("service-api-backend", "securityPolicy"),
            edited("service-api-backend", loadBalancingScheme="INTERNAL_MANAGED"),
        ),
        HOLDS,
    ),
    Row("balancer-waf", "only looks on", edited("ingress-armor", rules=[DORMANT, ALLOWING]), FAILS, "ingress-armor"),
    Row("balancer-waf", "lets all through", edited("ingress-armor", rules=[ALLOWING]), FAILS, "ingress-armor"),
    Row("balancer-waf", "without rules", lacking("ingress-armor", "rules"), FAILS, "ingress-armor"),
    Row("balancer-waf", "one is enough", edited("ingress-armor", rules=[UNKNOWN, ARMED]), HOLDS),
    Row("balancer-waf", "unknown", edited("ingress-armor", rules=UNKNOWN), UNDECIDED, "ingress-armor"),
    Row("balancer-waf", "one unknown", edited("ingress-armor", rules=[ALLOWING, UNKNOWN]), UNDECIDED, "ingress-armor"),
    Row(
        "balancer-waf",
        "preview unknown",
        edited("ingress-armor", rules=[{**ARMED, "preview": UNKNOWN}]),
        UNDECIDED,
        "ingress-armor",
    ),
    Row("backup-vault-locked", "gone at once", at(BUCKET, "softDeletePolicy.retentionDurationSeconds", 0), FAILS, BUCKET),
    Row("backup-vault-locked", "Google's default", lacking(BUCKET, "softDeletePolicy"), HOLDS),
    Row("backup-vault-locked", "unknown", edited(BUCKET, softDeletePolicy=UNKNOWN), UNDECIDED, BUCKET),
    Row(
        "backup-vault-locked",
        "locked",
        then(
            at(BUCKET, "softDeletePolicy.retentionDurationSeconds", 0),
            edited(BUCKET, retentionPolicy={"isLocked": True, "retentionPeriod": 604800}),
        ),
        HOLDS,
    ),
    Row("backup-vault-locked", "no backups", at("bucket-static-bucket", "softDeletePolicy.retentionDurationSeconds", 0), HOLDS),
    Row("bucket-customer-key", "asked for", dropped(), FAILS, BUCKET, {"google": True}),
    Row(
        "bucket-customer-key",
        "given",
        then(edited(BUCKET, encryption={"defaultKmsKeyName": UNKNOWN}), dropped("bucket-static-bucket")),
        HOLDS,
        "",
        {"google": True},
    ),
    Row("registry-lifecycle", "none", lacking("network-repository", "cleanupPolicies"), FAILS, "network-repository"),
    Row(
        "registry-lifecycle", "only looks on", edited("network-repository", cleanupPolicyDryRun=True), FAILS, "network-repository"
    ),
    Row(
        "registry-lifecycle",
        "unknown",
        edited("network-repository", cleanupPolicyDryRun=UNKNOWN),
        UNDECIDED,
        "network-repository",
    ),
)

TABLES = (database, durability, upkeep, network, containers, edge, storage, registry, secrets, own)
OWN = [rule for table in TABLES for rule in table.RULES if isinstance(rule, StackRule)]
WITHOUT = {
    "database-in-vault",
    "database-cluster-spread",
    "database-events",
    "task-roles-separate",
    "bucket-guarded",
    "bucket-access-logged",
    "secret-rotated",
}
"""Of AWS only; policies/rules/gcp says why."""


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_stack_rule_sees_what_is_wrong(row: Row) -> None:
    row.check(real("gcp-prod"))


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_every_stack_rule_holds_on_the_real_stack_fails_somewhere_and_leaves_others_alone(rule: StackRule) -> None:
    stack = real("gcp-prod")
    assert said(rule, stack) == []
    assert (FAILS in {row.verdict for row in ROWS if row.rule == rule.id}) is not (rule.id in WITHOUT)
    other = resource("gcp:compute/address:Address", {"bucket": UNKNOWN})
    assert said(rule, Stack("test", "prod", "gcp", (other,))) == []
    assert said(rule, with_more(stack, other)) == []


def verdicts(id_: str, stack: Stack, name: str) -> list[str]:
    found: Any = of_resource(rule_of(id_), named(stack, name), {})
    return [type(one).__name__ for one in found]


@pytest.mark.parametrize(
    ("id_", "type_", "edge"),
    [
        ("granted-to-named", t.SECRET_MEMBER, "member"),
        ("granted-to-named", t.PROJECT_MEMBER, "member"),
        ("bucket-not-public", t.BUCKET_MEMBER, "member"),
        ("service-invokers-limited", t.JOB_MEMBER, "member"),
        ("container-secrets-pinned", t.SERVICE, "template"),
        ("container-secrets-pinned", t.JOB, "template"),
    ],
)
def test_an_unknown_value_is_known_by_where_it_comes_from(id_: str, type_: str, edge: str) -> None:
    """A member that is an account of the stack is nobody else, and what a version of the stack is called is a number. Without
    the edge, as a preview passes one resource, or with one to something else, it stays undecided."""
    stack = real("gcp-prod")
    name = stack.of_type(type_)[0].name
    assert verdicts(id_, stack, name) == []
    assert set(verdicts(id_, edited(name, edges={edge: []})(stack), name)) == {"Undecided"}
    assert set(verdicts(id_, edited(name, edges={edge: [VPC]})(stack), name)) == {"Undecided"}


def test_everybody_is_seen_whatever_the_edges_say() -> None:
    stack = real("gcp-prod")
    name = stack.of_type(t.SECRET_MEMBER)[0].name
    assert verdicts("granted-to-named", edited(name, member="allUsers")(stack), name) == ["Failed"]


def test_a_bucket_of_backups_is_one_of_the_component_of_backups() -> None:
    """Its parent says so, not its name."""
    rule = of("backup-vault-locked")
    stack = copied("bucket-static-bucket", "backups-of-somebody", softDeletePolicy={"retentionDurationSeconds": 0})(
        real("gcp-prod")
    )
    assert said(rule, stack) == []
