"""Google Cloud: addresses, ingress settings, firewall rules by priority, and members of secrets."""

from __future__ import annotations

from typing import Any

import pytest

from operations.review.access.way import GOOGLE, INTERNET, NETWORK, SOMEBODY
from policies.resource import Resource
from policies.values import UNKNOWN
from tests.operations.review.access.graphs import made, of, rights, ways

SQL, RUN, FIREWALL = (
    "gcp:sql/databaseInstance:DatabaseInstance",
    "gcp:cloudrunv2/service:Service",
    "gcp:compute/firewall:Firewall",
)
MEMBER, SECRET, ACCOUNT = (
    "gcp:secretmanager/secretIamMember:SecretIamMember",
    "gcp:secretmanager/secret:Secret",
    "gcp:serviceaccount/account:Account",
)
INVOKER = "gcp:cloudrunv2/serviceIamMember:ServiceIamMember"

database = made(SQL, "database", settings={"ipConfiguration": {"ipv4Enabled": False}})


def service(tags: Any = ("web",), egress: str = "ALL_TRAFFIC", **more: Any) -> Resource:
    template = {"vpcAccess": {"egress": egress, "networkInterfaces": [{"tags": list(tags)}]}}
    return made(RUN, "service", **{"template": template, "defaultUriDisabled": True, **more})


def rule(name: str, priority: int, to: Any = None, **more: Any) -> Resource:
    edges = {"destinationRanges": to} if isinstance(to, Resource) else {}
    ranges = {} if edges else {"destinationRanges": to}
    return made(FIREWALL, name, edges=edges, direction="EGRESS", priority=priority, **ranges, **more)


TCP = [{"protocol": "tcp", "ports": ["5432"]}]
closed = rule("closed", 65534, ["0.0.0.0/0"], denies=[{"protocol": "all"}])
granted = rule("granted", 1000, database, allows=TCP, targetTags=["web"])


def test_a_rule_lets_its_targets_out() -> None:
    assert ways(of("gcp", database, service(), closed, granted)) == {("service", "database", "5432")}
    assert ways(of("gcp", database, service(["other"]), closed, granted)) == set()
    assert ways(of("gcp", database, service([UNKNOWN]), closed, granted)) == {("service", "database", "5432")}


def test_what_nothing_denies_is_open() -> None:
    every = {("service", "database", "every port"), ("service", INTERNET, "every port")}
    assert ways(of("gcp", database, service())) == every
    disabled = rule("closed", 65534, ["0.0.0.0/0"], denies=[{"protocol": "all"}], disabled=True)
    assert ways(of("gcp", database, service(), disabled)) == every


@pytest.mark.parametrize(("priority", "stays"), [(999, False), (1000, False), (1001, True)])
def test_the_lower_number_wins_and_denial_a_tie(priority: int, stays: bool) -> None:
    private = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]
    deny = rule("deny-private", priority, private, denies=[{"protocol": "all"}])
    found = ways(of("gcp", database, service(), closed, granted, deny))
    assert (("service", "database", "5432") in found) is stays


@pytest.mark.parametrize(
    ("ranges", "target"), [(["0.0.0.0/0"], INTERNET), (["199.36.153.8/30"], GOOGLE), (["10.1.0.0/16"], "10.1.0.0/16")]
)
def test_addresses(ranges: list[str], target: str) -> None:
    assert ways(of("gcp", service(), closed, rule("out", 1000, ranges, allows=TCP))) == {("service", target, "5432")}


def test_an_unknown_destination_is_unclear() -> None:
    found = of("gcp", service(), closed, rule("out", 1000, UNKNOWN, allows=TCP))
    assert found.unclear == ("Where out lets its targets go is known only after the deployment.",)


def test_a_container_outside_of_the_network_has_no_rules() -> None:
    for one in (service(egress="PRIVATE_RANGES_ONLY"), made(RUN, "service", template={}, defaultUriDisabled=True)):
        assert ("service", INTERNET, "every port") in ways(of("gcp", one, closed))


@pytest.mark.parametrize(
    ("more", "source"),
    [
        ({"invokerIamDisabled": True}, INTERNET),
        ({"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_ALL"}, INTERNET),
        ({"invokerIamDisabled": True, "ingress": "INGRESS_TRAFFIC_INTERNAL_ONLY"}, NETWORK),
        ({"invokerIamDisabled": False, "ingress": "INGRESS_TRAFFIC_ALL"}, None),
        ({"invokerIamDisabled": True, "defaultUriDisabled": True}, None),
    ],
)
def test_the_address_of_a_service(more: dict[str, Any], source: str | None) -> None:
    found = ways(of("gcp", service(**{"defaultUriDisabled": False, **more}), closed))
    assert found == ({(source, "service", "443")} if source else set())


def test_everybody_may_call_a_service_or_one_account() -> None:
    opened = service(defaultUriDisabled=False)
    everybody = made(INVOKER, "everybody", edges={"name": opened}, member="allUsers")
    assert ways(of("gcp", opened, closed, everybody)) == {(INTERNET, "service", "443")}
    account = made(ACCOUNT, "caller-identity", "caller")
    one = made(INVOKER, "one", edges={"name": opened, "member": account})
    assert ways(of("gcp", opened, closed, account, one)) == {("caller", "service", "443")}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ({}, {(INTERNET, "3307")}),
        ({"ipv4Enabled": True, "authorizedNetworks": [{"value": "0.0.0.0/0"}]}, {(INTERNET, "3307"), (INTERNET, "5432")}),
        (
            {"ipv4Enabled": True, "authorizedNetworks": [{"value": "203.0.113.0/24"}]},
            {(INTERNET, "3307"), ("203.0.113.0/24", "5432")},
        ),
        ({"ipv4Enabled": True, "authorizedNetworks": UNKNOWN}, {(INTERNET, "3307"), (SOMEBODY, "5432")}),
        ({"ipv4Enabled": False}, set()),
    ],
)
def test_the_address_of_a_database(address: dict[str, Any], expected: set[tuple[str, str]]) -> None:
    found = ways(of("gcp", made(SQL, "database", settings={"ipConfiguration": address})))
    assert {(source, ports) for source, _, ports in found} == expected


secret, account = made(SECRET, "login"), made(ACCOUNT, "reader-identity", "reader")
ACCESSOR = "roles/secretmanager.secretAccessor"


@pytest.mark.parametrize(
    ("member", "expected"),
    [
        (made(MEMBER, "m", edges={"secretId": secret, "member": account}, role=ACCESSOR), {("reader", "read", "login")}),
        (made(MEMBER, "m", edges={"secretId": secret}, member="allUsers", role=ACCESSOR), {("allUsers", "read", "login")}),
        (made(MEMBER, "m", edges={"secretId": secret}, member=UNKNOWN, role=ACCESSOR), {(SOMEBODY, "read", "login")}),
        (
            made(MEMBER, "m", edges={"secretId": secret, "member": account}, role="projects/p/roles/own"),
            {("reader", "read", "login")},
        ),
        (
            made(MEMBER, "m", edges={"secretId": secret, "member": account}, role="roles/secretmanager.admin"),
            {("reader", "read", "login"), ("reader", "change", "login")},
        ),
        (
            made("gcp:projects/iAMMember:IAMMember", "m", edges={"member": account}, role=ACCESSOR),
            {("reader", "read", "every secret of the project")},
        ),
        (made("gcp:projects/iAMMember:IAMMember", "m", edges={"member": account}, role="roles/cloudsql.client"), set()),
        (
            made(
                "gcp:secretmanager/secretIamBinding:SecretIamBinding",
                "m",
                edges={"secretId": secret},
                members=["user:a", "user:b"],
                role=ACCESSOR,
            ),
            {("user:a", "read", "login"), ("user:b", "read", "login")},
        ),
    ],
)
def test_members(member: Resource, expected: set[tuple[str, str, str]]) -> None:
    assert rights(of("gcp", secret, account, member)) == expected
