"""AWS: security groups in every form, addresses, and the policies of roles."""

from __future__ import annotations

from typing import Any

import pytest

from operations.review.access.way import INTERNET, NETWORK, SOMEBODY
from policies.resource import Resource
from policies.values import UNKNOWN
from tests.operations.review.access.graphs import made, of, rights, ways

GROUP, INTO, OUT = (
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
)
OLD = "aws:ec2/securityGroupRule:SecurityGroupRule"
ROLE, POLICY, SECRET = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy", "aws:secretsmanager/secret:Secret"

front, back = made(GROUP, "front-group"), made(GROUP, "back-group")
service = made("aws:ecs/service:Service", "service", edges={"networkConfiguration": front})
database = made("aws:rds/instance:Instance", "database", edges={"vpcSecurityGroupIds": back}, publiclyAccessible=True)
BASE = (front, back, service, database)


def lets_in(low: Any = 5432, high: Any = 5432, protocol: Any = "tcp", **peer: Any) -> Resource:
    return made(INTO, "in", edges={"securityGroupId": back}, fromPort=low, toPort=high, ipProtocol=protocol, **peer)


def lets_out(low: int = 5432, high: int = 5432, protocol: str = "tcp") -> Resource:
    edges = {"securityGroupId": front, "referencedSecurityGroupId": back}
    return made(OUT, "out", edges=edges, fromPort=low, toPort=high, ipProtocol=protocol)


def from_front(low: int = 5432, high: int = 5432, protocol: str = "tcp") -> Resource:
    edges = {"securityGroupId": back, "referencedSecurityGroupId": front}
    return made(INTO, "in", edges=edges, fromPort=low, toPort=high, ipProtocol=protocol)


@pytest.mark.parametrize(
    ("into", "out", "ports"),
    [
        (from_front(), lets_out(), "5432"),
        (from_front(5000, 6000), lets_out(5432, 9000), "5432-6000"),
        (from_front(0, 0, "-1"), lets_out(), "5432"),
        (from_front(0, 0, "-1"), lets_out(-1, -1, "-1"), "every port"),
        (from_front(53, 53, "udp"), lets_out(53, 53, "udp"), "53/udp"),
    ],
)
def test_a_way_needs_leave_on_both_sides(into: Resource, out: Resource, ports: str) -> None:
    assert ways(of("aws", *BASE, into, out)) == {("service", "database", ports)}
    assert ways(of("aws", *BASE, into)) == set()
    assert ways(of("aws", *BASE, out)) == set()


@pytest.mark.parametrize("out", [lets_out(80, 80), lets_out(5432, 5432, "udp")])
def test_other_ports_and_protocols_do_not_meet(out: Resource) -> None:
    assert ways(of("aws", *BASE, from_front(), out)) == set()


def test_an_address_that_covers_the_target_lets_out_too() -> None:
    out = made(OUT, "out", edges={"securityGroupId": front}, cidrIpv4="0.0.0.0/0", fromPort=5432, toPort=5432, ipProtocol="tcp")
    assert ways(of("aws", *BASE, from_front(), out)) == {("service", "database", "5432"), ("service", INTERNET, "5432")}


@pytest.mark.parametrize(
    ("rule", "way"),
    [
        (lets_in(cidrIpv4="0.0.0.0/0"), (INTERNET, "database", "5432")),
        (lets_in(cidrIpv6="::/0"), (INTERNET, "database", "5432")),
        (lets_in(cidrIpv4="0.0.0.0/1"), (INTERNET, "database", "5432")),
        (lets_in(5000, 6000, cidrIpv4="0.0.0.0/0"), (INTERNET, "database", "5000-6000")),
        (lets_in(0, 65535, cidrIpv4="0.0.0.0/0"), (INTERNET, "database", "every port")),
        (lets_in(protocol="-1", cidrIpv4="0.0.0.0/0"), (INTERNET, "database", "every port")),
        (lets_in(cidrIpv4="10.0.0.0/16"), ("10.0.0.0/16", "database", "5432")),
        (lets_in(referencedSecurityGroupId="sg-123"), ("sg-123", "database", "5432")),
        (lets_in(prefixListId="pl-123"), ("pl-123", "database", "5432")),
        (lets_in(cidrIpv4=UNKNOWN), (SOMEBODY, "database", "5432")),
        (lets_in(UNKNOWN, cidrIpv4="0.0.0.0/0"), (INTERNET, "database", "a port known only after the deployment")),
    ],
)
def test_who_is_let_in_by_address(rule: Resource, way: tuple[str, str, str]) -> None:
    found = of("aws", *BASE, rule)
    assert ways(found) == {way}
    assert bool(found.unclear) == (way[0] == SOMEBODY)


@pytest.mark.parametrize(
    "rule",
    [
        made(
            OLD,
            "old",
            edges={"securityGroupId": back},
            type="ingress",
            protocol="6",
            fromPort=5432,
            toPort=5432,
            cidrBlocks=["0.0.0.0/0"],
        ),
        made(
            OLD,
            "old",
            edges={"securityGroupId": back},
            type="ingress",
            protocol="tcp",
            fromPort=5432,
            toPort=5432,
            ipv6CidrBlocks=["::/0"],
        ),
    ],
)
def test_rules_of_the_old_form(rule: Resource) -> None:
    assert ways(of("aws", *BASE, rule)) == {(INTERNET, "database", "5432")}


def test_rules_written_into_a_group() -> None:
    rule = {"protocol": "tcp", "fromPort": 5432, "toPort": 5432, "cidrBlocks": ["0.0.0.0/0"]}
    inside = made(GROUP, "back-group", ingress=[rule])
    assert ways(of("aws", front, inside, service, database, from_front(), lets_out())) == {
        (INTERNET, "database", "5432"),
        ("service", "database", "5432"),
    }
    assert ways(of("aws", front, made(GROUP, "back-group", ingress=UNKNOWN), service, database)) == {
        (SOMEBODY, "database", "a port known only after the deployment")
    }


def test_without_a_public_address_it_is_the_network() -> None:
    private = made("aws:rds/instance:Instance", "database", edges={"vpcSecurityGroupIds": back})
    assert ways(of("aws", back, private, lets_in(cidrIpv4="0.0.0.0/0"))) == {(NETWORK, "database", "5432")}
    unknown = made("aws:rds/instance:Instance", "database", edges={"vpcSecurityGroupIds": back}, publiclyAccessible=UNKNOWN)
    assert ways(of("aws", back, unknown, lets_in(cidrIpv4="0.0.0.0/0"))) == {(INTERNET, "database", "5432")}


def test_a_type_that_nobody_told_us_about_counts_as_public() -> None:
    strange = made("aws:new/thing:Thing", "thing", edges={"securityGroups": back})
    assert ways(of("aws", back, strange, lets_in(cidrIpv4="0.0.0.0/0"))) == {(INTERNET, "thing", "5432")}


def test_groups_from_elsewhere_are_unclear_and_not_closed() -> None:
    found = of("aws", made("aws:rds/instance:Instance", "database", vpcSecurityGroupIds=["sg-123"]))
    assert found.unclear == ("Who reaches database cannot be told: it has no security group that this stack makes.",)


def test_a_bucket_that_anybody_may_read() -> None:
    bucket = made("aws:s3/bucket:Bucket", "files")
    allow = '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject", "Resource": "*"}]}'
    policy = made("aws:s3/bucketPolicy:BucketPolicy", "policy", edges={"bucket": bucket}, policy=allow)
    block = made(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "block", edges={"bucket": bucket}, restrictPublicBuckets=True
    )
    assert ways(of("aws", bucket, policy)) == {(INTERNET, "files", "443")}
    assert ways(of("aws", bucket, policy, block)) == set()


secret, other = made(SECRET, "login", name="app/production/db"), made(SECRET, "other")
role = made(ROLE, "reader-role", "reader")
ARN = "arn:aws:secretsmanager:ap-northeast-1:123456789012:"


def allowing(resource: Any, action: Any = "secretsmanager:GetSecretValue", **more: Any) -> Resource:
    document = {"Statement": [{"Effect": "Allow", "Action": action, "Resource": resource, **more}]}
    return made(POLICY, "policy", "reader", edges={"role": role}, policy=document)


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (allowing(f"{ARN}login"), {("reader", "read", "login")}),
        (allowing([f"{ARN}login", f"{ARN}other"]), {("reader", "read", "login"), ("reader", "read", "other")}),
        (allowing(f"{ARN}secret:app/production/db-??????"), {("reader", "read", "login")}),
        (allowing(f"{ARN}secret:app/*"), {("reader", "read", "login")}),
        (allowing("*"), {("reader", "read", "every secret of the account")}),
        (allowing(UNKNOWN), {("reader", "read", "a secret known only after the deployment")}),
        (allowing(f"{ARN}login", ["SecretsManager:Get*"]), {("reader", "read", "login")}),
        (allowing(f"{ARN}login", "secretsmanager:*"), {("reader", "read", "login"), ("reader", "change", "login")}),
        (allowing(f"{ARN}login", "secretsmanager:DescribeSecret"), set()),
        (allowing(f"{ARN}nothing-of-ours"), set()),
        (
            made(
                POLICY, "policy", edges={"role": role}, policy={"Statement": {"Effect": "Deny", "Action": "*", "Resource": "*"}}
            ),
            set(),
        ),
        (
            made(POLICY, "policy", edges={"role": role}, policy=UNKNOWN),
            {("reader", "read", "a secret known only after the deployment")},
        ),
        (
            made(
                POLICY,
                "policy",
                role="from-elsewhere",
                policy={"Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}]},
            ),
            {(SOMEBODY, "read", "every secret of the account")},
        ),
    ],
)
def test_policies_of_roles(policy: Resource, expected: set[tuple[str, str, str]]) -> None:
    assert rights(of("aws", secret, other, role, policy)) == expected


def test_everything_but_is_everything() -> None:
    document = {"Statement": [{"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}]}
    found = rights(of("aws", secret, role, made(POLICY, "policy", edges={"role": role}, policy=document)))
    assert ("reader", "read", "every secret of the account") in found
    assert ("reader", "change", "every bucket of the account") in found


def test_policies_of_aws_itself_and_inline_ones() -> None:
    attached = made(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        "attached",
        edges={"role": role},
        policyArn="arn:aws:iam::aws:policy/SecretsManagerReadWrite",
    )
    assert ("reader", "read", "every secret of the account") in rights(of("aws", role, attached))
    inline = made(
        ROLE,
        "inline",
        inlinePolicies=[
            {"policy": {"Statement": [{"Effect": "Allow", "Action": "secretsmanager:GetSecretValue", "Resource": f"{ARN}login"}]}}
        ],
    )
    assert rights(of("aws", secret, inline)) == {("inline", "read", "login")}
