"""Every stack rule of AWS on the real production stack: as it is, and with one thing broken, unknown or gone."""

from __future__ import annotations

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rule import StackRule
from policies.rules import containers, database, durability, edge, network, registry, secrets, storage, upkeep
from policies.rules.aws import types as t
from tests.policies.aws_golden import golden
from tests.policies.cases import FAILS, HOLDS, UNDECIDED
from tests.policies.golden import (
    Breaking,
    Row,
    copied,
    dropped,
    edited,
    lacking,
    of,
    said,
    then,
    with_more,
    without_types,
)
from tests.policies.runtime_args import resource

FORWARD = [{"type": "forward", "targetGroupArn": "arn"}]
REDIRECT = [{"type": "redirect", "redirect": {"protocol": "HTTPS", "port": "443", "statusCode": "HTTP_301"}}]
S3_KEY = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]
NO_KEY = [{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "aws:kms"}}]


def both(value: str) -> Breaking:
    nowhere: dict[str, list[str]] = {"taskRoleArn": [], "executionRoleArn": []}
    return edited("service-api-task", edges=nowhere, taskRoleArn=value, executionRoleArn=value)


TO_INTERNET = copied("network-public-internet", "hole", edges={"routeTableId": ["network-database-routes"]})
INLINE = edited("network-database-routes", edges={"routes": ["network-internet"]})
ELSEWHERE = then(
    edited("database-subnets", edges={"subnetIds": []}, subnetIds=UNKNOWN),
    edited("cache-subnets", edges={"subnetIds": []}, subnetIds=UNKNOWN),
)
BY_SUBNET = edited("database-subnets", edges={"subnetIds": ["network-public-1"]})

ROWS = (
    Row("database-subnets-private", "a route out", TO_INTERNET, FAILS, "database-subnets"),
    Row("database-subnets-private", "a route out in the table", INLINE, FAILS, "cache-subnets"),
    Row("database-subnets-private", "a public subnet", BY_SUBNET, FAILS, "database-subnets"),
    Row("database-subnets-private", "subnets of another program", ELSEWHERE, UNDECIDED, "database-subnets"),
    Row("database-subnets-private", "gone", without_types(t.DATABASE_SUBNETS, t.CACHE_SUBNETS), HOLDS),
    Row("database-in-vault", "no selection", dropped("backups-vault-selection"), FAILS, "database-cluster"),
    Row("database-in-vault", "a replica", then(without_types(t.CLUSTER), edited("rds", replicateSourceDb=UNKNOWN)), HOLDS),
    Row("database-in-vault", "no database", without_types(t.CLUSTER, t.INSTANCE), HOLDS),
    Row("database-cluster-spread", "one server", dropped("database-instance-2"), FAILS, "database-cluster"),
    Row(
        "database-cluster-spread",
        "one zone",
        edited("database-instance-2", availabilityZone="ap-northeast-1a"),
        FAILS,
        "database-cluster",
    ),
    Row("database-cluster-spread", "unknown zone", edited("database-instance-2", availabilityZone=UNKNOWN), HOLDS),
    Row("database-cluster-spread", "zone absent", lacking("database-instance-2", "availabilityZone"), HOLDS),
    Row("database-cluster-spread", "three are asked for", dropped(), FAILS, "database-cluster", {"servers": 3}),
    Row("database-cluster-spread", "no cluster", without_types(t.CLUSTER), HOLDS),
    Row(
        "database-events",
        "no failures",
        edited("monitoring-cluster-events", eventCategories=["maintenance"]),
        FAILS,
        "monitoring-cluster-events",
    ),
    Row(
        "database-events",
        "unknown",
        edited("monitoring-cluster-events", eventCategories=UNKNOWN),
        UNDECIDED,
        "monitoring-cluster-events",
    ),
    Row("database-events", "all of them", lacking("monitoring-cluster-events", "eventCategories"), HOLDS),
    Row("database-events", "switched off", edited("monitoring-cluster-events", enabled=False), FAILS),
    Row("database-events", "gone", dropped("monitoring-instance-events"), FAILS),
    Row("database-events", "no database", without_types(t.CLUSTER, t.CLUSTER_INSTANCE, t.INSTANCE), HOLDS),
    Row(
        "default-group-closed",
        "a rule in it",
        edited("network-default-security-group", ingress=[{"protocol": "-1", "self": True}]),
        FAILS,
        "network-default-security-group",
    ),
    Row(
        "default-group-closed",
        "unknown",
        edited("network-default-security-group", egress=UNKNOWN),
        UNDECIDED,
        "network-default-security-group",
    ),
    Row("default-group-closed", "without rules", lacking("network-default-security-group", "ingress", "egress"), HOLDS),
    Row("default-group-closed", "gone", dropped("network-default-security-group"), FAILS, "network-vpc"),
    Row("network-flow-logs", "gone", dropped("network-flow-logs"), FAILS, "network-vpc"),
    Row("network-flow-logs", "no network", without_types(t.VPC), HOLDS),
    Row(
        "task-roles-separate",
        "one role",
        edited("service-api-task", edges={"taskRoleArn": ["service-api-execution-role"]}),
        FAILS,
        "service-api-task",
    ),
    Row("task-roles-separate", "one ARN", both("arn:aws:iam::123456789012:role/one"), FAILS, "service-api-task"),
    Row(
        "task-roles-separate",
        "unknown",
        edited("service-api-task", edges={"taskRoleArn": []}, taskRoleArn=UNKNOWN),
        UNDECIDED,
        "service-api-task",
    ),
    Row("task-roles-separate", "no role", lacking("service-api-task", "taskRoleArn"), HOLDS),
    Row("balancer-https", "forwards", edited("ingress-listener-80", defaultActions=FORWARD), FAILS, "ingress-listener-80"),
    Row(
        "balancer-https",
        "unknown action",
        edited("ingress-listener-80", defaultActions=UNKNOWN),
        UNDECIDED,
        "ingress-listener-80",
    ),
    Row(
        "balancer-https", "unknown protocol", edited("ingress-listener-443", protocol=UNKNOWN), UNDECIDED, "ingress-listener-443"
    ),
    Row("balancer-https", "no protocol", lacking("ingress-listener-443", "protocol"), FAILS, "ingress-listener-443"),
    Row("balancer-https", "TLS", edited("ingress-listener-443", protocol="TLS"), HOLDS),
    Row("balancer-waf", "gone", dropped("ingress-web-acl-association"), FAILS, "ingress-load-balancer"),
    Row(
        "balancer-waf",
        "internal",
        then(dropped("ingress-web-acl-association"), edited("ingress-load-balancer", internal=True)),
        HOLDS,
    ),
    Row(
        "balancer-waf",
        "unknown",
        then(dropped("ingress-web-acl-association"), edited("ingress-load-balancer", internal=UNKNOWN)),
        UNDECIDED,
        "ingress-load-balancer",
    ),
    *(
        Row("bucket-guarded", f"no {guard}", dropped(f"backups-bucket-{guard}"), FAILS, "backups-bucket")
        for guard in ("private", "policy", "versions", "ownership", "lifecycle", "encryption")
    ),
    Row(
        "bucket-guarded",
        "another's guard",
        edited("backups-bucket-policy", edges={"bucket": ["network-logs"]}),
        FAILS,
        "backups-bucket",
    ),
    Row("bucket-customer-key", "S3's key", edited("backups-bucket-encryption", rules=S3_KEY), FAILS, "backups-bucket-encryption"),
    Row(
        "bucket-customer-key", "AWS's key", edited("backups-bucket-encryption", rules=NO_KEY), FAILS, "backups-bucket-encryption"
    ),
    Row(
        "bucket-customer-key",
        "unknown",
        edited("backups-bucket-encryption", rules=UNKNOWN),
        UNDECIDED,
        "backups-bucket-encryption",
    ),
    Row("bucket-customer-key", "absent", lacking("backups-bucket-encryption", "rules"), FAILS, "backups-bucket-encryption"),
    Row(
        "bucket-customer-key",
        "no balancer's logs",
        edited("ingress-load-balancer", edges={"accessLogs": []}),
        FAILS,
        "network-logs-encryption",
    ),
    Row("bucket-access-logged", "gone", dropped("backups-bucket-logging"), FAILS, "backups-bucket"),
    Row("backup-vault-locked", "gone", dropped("backups-vault-lock"), FAILS, "backups-vault"),
    Row("registry-lifecycle", "gone", without_types(t.REPOSITORY_LIFECYCLE), FAILS, "network-repository-api"),
    Row("secret-rotated", "gone", dropped("database-application-rotation"), FAILS, "database-application-secret"),
    Row(
        "secret-rotated",
        "not the function's",
        edited("database-rotation", edges={"environment": []}),
        FAILS,
        "database-previous-secret",
    ),
    Row("secret-rotated", "no secret", without_types(t.SECRET), HOLDS),
)

TABLES = (database, durability, upkeep, network, containers, edge, storage, registry, secrets)
OWN = [rule for table in TABLES for rule in table.RULES if isinstance(rule, StackRule)]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_stack_rule_sees_what_is_wrong(row: Row) -> None:
    row.check(golden())


def test_a_listener_rule_that_does_not_redirect_is_seen() -> None:
    rule = next(one for one in golden().resources if one.type == t.LISTENER_RULE)
    plain = copied(rule.name, "plain", edges={"listenerArn": ["ingress-listener-80"]}, actions=FORWARD)(golden())
    assert said(of("balancer-https"), plain) == [(FAILS, "ingress-listener-80")]
    assert said(of("balancer-https"), edited("plain", actions=REDIRECT)(plain)) == []


@pytest.mark.parametrize("rule", OWN, ids=lambda rule: rule.id)
def test_every_stack_rule_holds_on_the_real_stack_fails_somewhere_and_leaves_others_alone(rule: StackRule) -> None:
    assert said(rule, golden()) == []
    assert FAILS in {row.verdict for row in ROWS if row.rule == rule.id}
    other = resource("aws:ec2/eip:Eip", {"bucket": UNKNOWN})
    assert said(rule, Stack("test", "prod", "aws", (other,))) == []
    assert said(rule, with_more(golden(), other)) == []
