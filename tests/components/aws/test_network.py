"""The network of AWS: addresses, ways out, the existing network, who may talk to whom."""

from __future__ import annotations

import asyncio
from ipaddress import IPv4Network
from itertools import combinations
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.aws.network import AwsNetwork
from components.aws.subnets import FIRST_BLOCK, block
from components.contract import Workload
from tests.components.aws.network import ENDPOINTS, EXISTING, network_alone, statements
from tests.recorder import Recording

SLOTS = (1, 2, 3)


class Probe(Workload):
    TYPE = "Probe"


def inputs(recording: Recording) -> dict[str, dict[str, Any]]:
    return {key: resource.inputs for key, resource in recording.resources.items()}


def changed(before: Recording, after: Recording) -> set[str]:
    """Resources of both whose inputs differ."""
    old, new = inputs(before), inputs(after)
    return {key for key in old.keys() & new.keys() if old[key] != new[key]}


def waits_for(outputs: list[pulumi.Input[str]], recording: Recording) -> list[set[str]]:
    """What each of *outputs* comes after: the resources it is of and what those depend on."""

    async def resources(output: pulumi.Input[str]) -> set[str]:
        sources = {resource._name for resource in await pulumi.Output.from_input(output).resources()}
        found = [resource for resource in recording.resources.values() if resource.name in sources]
        return sources | {after._name for resource in found for after in resource.options.depends_on or ()}

    async def all_of() -> list[set[str]]:
        return [await resources(output) for output in outputs]

    return asyncio.run(all_of())


@pytest.mark.parametrize("kind", FIRST_BLOCK)
def test_subnets_have_their_slots(kind: str) -> None:
    subnets = network_alone(tier="prod").of_type("ec2/subnet:Subnet")
    assert len(subnets) == 9
    mine = [subnets[f"network-{kind}-{slot}"].inputs for slot in SLOTS]
    assert [subnet["availabilityZone"] for subnet in mine] == ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"]
    first = FIRST_BLOCK[kind] * 16
    assert [subnet["cidrBlock"] for subnet in mine] == [f"10.0.{first + step}.0/20" for step in (0, 16, 32)]
    assert not any(subnet["mapPublicIpOnLaunch"] for subnet in mine)


@given(st.sampled_from(["10.{}.0.0/16", "10.{}.128.0/17", "192.168.0.0/{}"]), st.integers(16, 20))
def test_addresses_never_overlap_and_stay_inside(form: str, number: int) -> None:
    cidr = form.format(number)
    blocks = [IPv4Network(block(cidr, kind, slot)) for kind in FIRST_BLOCK for slot in SLOTS]
    assert not any(one.overlaps(other) for one, other in combinations(blocks, 2))
    assert all(found.subnet_of(IPv4Network(cidr)) for found in blocks)


@pytest.mark.parametrize("nat", ["none", "single", "per-zone"])
def test_adding_a_zone_moves_nothing(nat: str) -> None:
    """Addresses made from an index that counts zones replace subnets (pulumi-awsx#520, #910; anchors, 'Also')."""
    settings = {"nat": nat, "interface_endpoints": ENDPOINTS if nat == "none" else []}
    two, three = (network_alone(**settings, availability_zones=zones) for zones in (2, 3))
    assert len(three.of_type("ec2/subnet:Subnet")) == len(two.of_type("ec2/subnet:Subnet")) + 3
    assert inputs(two).keys() < inputs(three).keys()
    # an interface endpoint gets one more subnet, which AWS does in place
    parts = ("ecr-api", "ecr-dkr", "logs", "secretsmanager") if nat == "none" else ()
    assert changed(two, three) == {f"aws:ec2/vpcEndpoint:VpcEndpoint::network-endpoint-{part}" for part in parts}


def test_nat_for_each_zone_instead_of_one_changes_routes_only() -> None:
    one, many = network_alone(nat="single", availability_zones=3), network_alone(nat="per-zone", availability_zones=3)
    assert inputs(one).keys() < inputs(many).keys()
    assert changed(one, many) == {f"aws:ec2/route:Route::network-application-{slot}-internet" for slot in (2, 3)}


@pytest.mark.parametrize(("tier", "nats"), [("dev", [1, 1]), ("prod", [1, 2, 3])])
def test_containers_go_out_through_nat(tier: str, nats: list[int]) -> None:
    recording = network_alone(tier=tier)
    routes = recording.of_type("ec2/route:Route")
    used = [routes[f"network-application-{slot}-internet"].inputs["natGatewayId"] for slot in range(1, len(nats) + 1)]
    assert used == [f"network-nat-{nat}-id" for nat in nats]
    assert len(recording.of_type("ec2/natGateway:NatGateway")) == len(set(nats))


@pytest.mark.parametrize("nat", ["none", "single", "per-zone"])
def test_data_has_no_way_to_the_internet(nat: str) -> None:
    recording = network_alone(nat=nat, interface_endpoints=ENDPOINTS)
    tables = {route.inputs["routeTableId"] for route in recording.of_type("ec2/route:Route").values()}
    associations = recording.of_type("ec2/routeTableAssociation:RouteTableAssociation")
    data = {name: found.inputs["routeTableId"] for name, found in associations.items() if "database" in name}
    assert len(data) == 2
    assert not set(data.values()) & tables
    assert ("network-application-1-routes-id" in tables) == (nat != "none")


def test_every_table_has_the_way_to_s3() -> None:
    recording = network_alone(tier="prod")
    reached = recording.of_type("VpcEndpointRouteTableAssociation").values()
    assert {found.inputs["routeTableId"] for found in reached} == {
        f"{name}-id" for name in recording.of_type("ec2/routeTable:RouteTable")
    }
    storage = recording.of_type("ec2/vpcEndpoint:VpcEndpoint")["network-endpoint-s3"]
    assert storage.inputs["serviceName"] == "com.amazonaws.ap-northeast-1.s3"


def test_a_subnet_waits_for_its_ways_out() -> None:
    """A migration that starts right after the subnet exists must reach its image."""
    found: dict[str, list[pulumi.Input[str]]] = {}

    def use(network: AwsNetwork) -> None:
        found.update(public=network.public_subnets, application=network.application_subnets, database=network.database_subnets)

    recording = network_alone(use, interface_endpoints=["ecr"])
    first, second = waits_for(found["application"], recording)
    ecr = {"network-endpoint-ecr-api", "network-endpoint-ecr-dkr"}
    assert first >= {"network-application-1-internet", "network-application-1-s3", *ecr}
    assert second >= {"network-application-2-internet", "network-application-2-s3", *ecr}
    assert all(waits >= {"network-public-internet"} for waits in waits_for(found["public"], recording))


def test_the_default_group_lets_nothing_through() -> None:
    recording = network_alone()
    (group,) = recording.of_type("DefaultSecurityGroup").values()
    assert (group.inputs["ingress"], group.inputs["egress"]) == ([], [])
    (vpc,) = recording.of_type("ec2/vpc:Vpc").values()
    assert vpc.inputs["enableDnsHostnames"]
    assert vpc.inputs["enableDnsSupport"]


@pytest.mark.parametrize(
    ("region", "zones", "expected"),
    [
        ("ap-northeast-1", [], "acd"),
        ("eu-west-1", [], "abc"),
        ("ca-central-1", [], "abd"),
        ("us-east-1", ["us-east-1d", "us-east-1f", "us-east-1a", "us-east-1b"], "dfa"),
    ],
)
def test_zones_are_the_regions_usual_ones_or_those_given(region: str, zones: list[str], expected: str) -> None:
    found: list[tuple[str, ...]] = []
    network_alone(lambda network: found.append(network.zones), region=region, zones=zones, availability_zones=3)
    assert found == [tuple(region + letter for letter in expected)]


def test_an_existing_network_is_left_as_it_is() -> None:
    found: list[AwsNetwork] = []
    recording = network_alone(found.append, existing=EXISTING, tier="prod", interface_endpoints=ENDPOINTS)
    made = {resource.type for resource in recording.resources.values() if resource.type.startswith("aws:ec2/")}
    assert made == {"aws:ec2/securityGroup:SecurityGroup"}
    network = found[0]
    assert network.public_subnets == EXISTING["public_subnets"]
    assert network.application_subnets == EXISTING["application_subnets"]
    assert network.database_subnets == EXISTING["database_subnets"]
    assert network.zones == ()
    groups = recording.of_type("ec2/securityGroup:SecurityGroup").values()
    assert {group.inputs["vpcId"] for group in groups} == {"vpc-1"}
    assert recording.of_type("PrivateDnsNamespace")["network-namespace"].inputs["vpc"] == "vpc-1"


def test_an_existing_network_may_name_its_zones() -> None:
    found: list[tuple[str, ...]] = []
    zones = ["ap-northeast-1c", "ap-northeast-1d"]
    network_alone(lambda network: found.append(network.zones), existing=EXISTING, zones=zones)
    assert found == [tuple(zones)]


def test_a_workload_has_one_group_of_its_own() -> None:
    groups: list[Any] = []

    def use(network: AwsNetwork) -> None:
        probe = Probe("service-api")
        groups.extend([network.security_group_of(probe), network.security_group_of(probe), network.security_group_of(Probe("x"))])

    recording = network_alone(use)
    assert groups[0] is groups[1]
    assert groups[0] is not groups[2]
    group = recording.of_type("ec2/securityGroup:SecurityGroup")["service-api-security-group"]
    parent = recording.parent_of(group)
    assert parent
    assert parent.name == "service-api"
    assert not {"ingress", "egress"} & group.inputs.keys()
    assert not recording.of_type("gressRule")


def test_names_of_groups_are_short_enough() -> None:
    """The provider takes prefixes of at most 100 characters."""

    def use(network: AwsNetwork) -> None:
        network.security_group_of(Probe(f"service-{'a' * 30}"))

    recording = network_alone(use, interface_endpoints=ENDPOINTS)
    prefixes = [group.inputs["namePrefix"] for group in recording.of_type("ec2/securityGroup:SecurityGroup").values()]
    assert len(prefixes) == 3
    assert all(len(prefix) <= 100 and prefix.startswith("shop-dev-") for prefix in prefixes)


def test_internal_names() -> None:
    (namespace,) = network_alone(tier="prod").of_type("PrivateDnsNamespace").values()
    assert namespace.inputs["name"] == "shop-production.internal"


def test_who_may_use_the_key() -> None:
    used = {
        found["Principal"]["Service"]: found["Condition"]
        for found in statements(network_alone(), "network-key-policy")
        if "Service" in found["Principal"]
    }
    assert set(used) == {
        "logs.ap-northeast-1.amazonaws.com",
        "cloudwatch.amazonaws.com",
        "events.amazonaws.com",
        "events.rds.amazonaws.com",
    }
    assert "123456789012" in str(used["cloudwatch.amazonaws.com"])
    # with a source account, SNS would drop every event without a word
    assert list(used["events.amazonaws.com"]["ArnLike"]) == ["kms:EncryptionContext:aws:sns:topicArn"]


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_network_holds_no_data_to_protect(tier: str) -> None:
    assert not [resource.name for resource in network_alone(tier=tier).resources.values() if resource.options.protect]
