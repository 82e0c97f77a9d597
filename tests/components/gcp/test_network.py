"""The network of Google Cloud: addresses, ways out, the existing network, identities."""

from __future__ import annotations

import re
from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.contract import Workload
from components.gcp.network import GcpNetwork
from components.gcp.private_services import services_range
from components.gcp.vpc import egress_block
from tests.components.gcp.network import EXISTING, Probe, network_alone, only, waits_for
from tests.recorder import Recording

GCE_NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")
CIDRS = st.one_of(
    st.builds("10.{}.{}.0/{}".format, st.integers(0, 255), st.just(0), st.integers(16, 20)),
    st.builds("172.{}.0.0/{}".format, st.integers(16, 31), st.integers(16, 20)),
    st.builds("192.168.{}.0/20".format, st.sampled_from([0, 64, 128])),
)


def inputs(recording: Recording) -> dict[str, dict[str, Any]]:
    return {resource.name: resource.inputs for resource in recording.resources.values()}


def changed(before: Recording, after: Recording) -> set[str]:
    """Resources of both whose inputs differ."""
    old, new = inputs(before), inputs(after)
    return {name for name in old.keys() & new.keys() if old[name] != new[name]}


def test_the_vpc_has_no_subnet_and_no_route_but_ours() -> None:
    vpc = only(network_alone(), "compute/network:Network").inputs
    assert (vpc["name"], vpc["routingMode"]) == ("shop-dev", "REGIONAL")
    assert vpc["autoCreateSubnetworks"] is False
    assert vpc["deleteDefaultRoutesOnCreate"] is True


def test_one_subnet_for_what_containers_send() -> None:
    recording = network_alone(cidr="10.7.0.0/16")
    subnet = only(recording, "compute/subnetwork:Subnetwork").inputs
    assert (subnet["ipCidrRange"], subnet["region"]) == ("10.7.0.0/20", "asia-northeast1")
    assert subnet["privateIpGoogleAccess"] is True
    assert subnet["network"] == "network-vpc-id"


@given(CIDRS)
def test_gcp_complaint_25_the_subnet_has_room_for_cloud_run(cidr: str) -> None:
    """Direct VPC egress wants a /26, uses two addresses per container, and frees them hours after a service is gone."""
    block = egress_block(cidr)
    assert block.prefixlen <= 26
    assert block.subnet_of(IPv4Network(cidr))


def test_gcp_complaint_25_a_subnet_elsewhere_is_made_beside_the_old_one() -> None:
    """The old one stays in use for hours, so that the new one must not need its name. One that grows keeps it."""
    names = {
        cidr: only(network_alone(cidr=cidr), "Subnetwork").inputs["name"]
        for cidr in ("10.0.0.0/20", "10.0.0.0/16", "10.1.0.0/16")
    }
    assert names["10.0.0.0/20"] == names["10.0.0.0/16"] == "shop-dev-egress-10-0-0-0"
    assert names["10.1.0.0/16"] == "shop-dev-egress-10-1-0-0"


def test_what_cannot_change_in_place_has_no_description() -> None:
    """Another wording would replace the VPC and all in it (descriptions of these types are create-only in the provider)."""
    recording = network_alone(tier="prod")
    fixed = ("Network", "Subnetwork", "Route", "Address", "GlobalAddress", "ForwardingRule")
    found = [item for item in recording.resources.values() if item.type.startswith("gcp:compute/") and item.type.endswith(fixed)]
    assert len(found) > 6
    assert not [resource.name for resource in found if "description" in resource.inputs]


@pytest.mark.parametrize(("nat", "zones", "count"), [("none", 3, 0), ("single", 3, 1), ("per-zone", 2, 2), ("per-zone", 3, 3)])
def test_containers_go_out_through_fixed_addresses(nat: str, zones: int, count: int) -> None:
    recording = network_alone(nat=nat, availability_zones=zones)
    addresses = recording.of_type("compute/address:Address")
    assert len(addresses) == count
    gateways = recording.of_type("compute/routerNat:RouterNat")
    assert len(gateways) == min(count, 1), "Cloud NAT spans the zones of a region"
    for gateway in gateways.values():
        assert gateway.inputs["natIpAllocateOption"] == "MANUAL_ONLY"
        assert gateway.inputs["natIps"] == [f"network-nat-{slot}-address.self_link" for slot in range(1, count + 1)]
        assert gateway.inputs["sourceSubnetworkIpRangesToNat"] == "LIST_OF_SUBNETWORKS"
        (subnet,) = gateway.inputs["subnetworks"]
        assert subnet == {"name": "network-egress-id", "sourceIpRangesToNats": ["ALL_IP_RANGES"]}
        ports = int(gateway.inputs["minPortsPerVm"]), int(gateway.inputs["maxPortsPerVm"])
        assert all(port & (port - 1) == 0 for port in ports), "dynamic allocation wants powers of two"
        assert ports[0] < ports[1]
        assert gateway.inputs["enableEndpointIndependentMapping"] is False, "the two exclude each other"


def test_without_nat_there_is_no_way_to_the_internet() -> None:
    ranges = {route.inputs["destRange"] for route in network_alone(nat="none").of_type("compute/route:Route").values()}
    assert ranges == {"199.36.153.8/30"}
    ranges = {route.inputs["destRange"] for route in network_alone(nat="single").of_type("compute/route:Route").values()}
    assert ranges == {"199.36.153.8/30", "0.0.0.0/0"}


def test_nat_is_added_without_touching_anything() -> None:
    none, one, many = (network_alone(nat=nat, availability_zones=3) for nat in ("none", "single", "per-zone"))
    assert inputs(none).keys() < inputs(one).keys() < inputs(many).keys()
    assert changed(none, one) == set()
    assert changed(one, many) == {"network-nat"}


def test_names_of_google_lead_to_addresses_that_the_firewall_knows() -> None:
    recording = network_alone()
    zones = recording.of_type("dns/managedZone:ManagedZone")
    records = recording.of_type("dns/recordSet:RecordSet")
    assert {zone.inputs["dnsName"] for zone in zones.values()} == {"googleapis.com.", "run.app."}
    for zone in zones.values():
        assert zone.inputs["visibility"] == "private"
        assert zone.inputs["privateVisibilityConfig"] == {"networks": [{"networkUrl": "network-vpc-id"}]}
    assert {record.inputs["name"] for record in records.values()} == {"*.googleapis.com.", "*.run.app."}
    for record in records.values():
        assert record.inputs["rrdatas"] == ["199.36.153.8", "199.36.153.9", "199.36.153.10", "199.36.153.11"]


@pytest.mark.parametrize("logged", [True, False])
def test_flows_are_kept_as_long_as_wanted(logged: bool) -> None:
    recording = network_alone(flow_logs=logged, flow_log_retention_days=90)
    assert ("logConfig" in only(recording, "Subnetwork").inputs) is logged
    buckets = recording.of_type("ProjectBucketConfig")
    assert [bucket.inputs["retentionDays"] for bucket in buckets.values()] == [90] * logged
    if logged:
        kept = recording.of_type("ProjectSink")["network-flows-sink"].inputs["filter"]
        assert 'subnetwork_name="shop-dev-egress-10-0-0-0"' in kept
        assert 'gateway_name="shop-dev-nat"' in kept
        for log in ("vpc_flows", "firewall", "nat_flows"):
            assert f'log_id("compute.googleapis.com/{log}")' in kept


def test_gcp_complaint_12_private_access_is_chosen_once() -> None:
    """Peering can be added to a network and never taken from a database; with PSC no range is lost to it."""
    found: list[GcpNetwork] = []
    peering, psc = (network_alone(found.append, private_access=way) for way in ("peering", "psc"))
    assert [network.private_access for network in found] == ["peering", "psc"]
    assert found[0].private_services is not None
    assert found[1].private_services is None
    assert len(peering.of_type("servicenetworking/connection:Connection")) == 1
    assert not psc.of_type("servicenetworking/connection:Connection")
    assert not psc.of_type("compute/globalAddress:GlobalAddress")


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_gcp_complaint_02_the_peering_goes_with_its_vpc(tier: str) -> None:
    """Left in place it blocks the VPC's deletion for ever; deleted, Google refuses for days after a database is gone."""
    connection = only(network_alone(tier=tier), "servicenetworking/connection:Connection").inputs
    assert connection["deletionPolicy"] == "REMOVE_PEERING"


def test_gcp_complaint_09_services_get_the_connection_and_not_only_the_vpc() -> None:
    """An instance has no dependency on the connection by itself, and fails without it."""
    found: list[GcpNetwork] = []
    network_alone(found.append)
    services = found[0].private_services
    assert services
    assert services.after == [services.connection]


def test_gcp_complaint_10_one_connection_holds_all_ranges() -> None:
    """A second connection fails with "Cannot modify allocated ranges in CreateConnection"."""
    recording = network_alone()
    connection = only(recording, "servicenetworking/connection:Connection").inputs
    assert connection["service"] == "servicenetworking.googleapis.com"
    assert connection["reservedPeeringRanges"] == [only(recording, "compute/globalAddress:GlobalAddress").inputs["name"]]
    assert connection["updateOnCreationFail"] is True


def test_gcp_complaint_11_the_range_is_large() -> None:
    """Google takes a /24 of it per region and kind of service: "Couldn't find free blocks"."""
    services = only(network_alone(), "compute/globalAddress:GlobalAddress").inputs
    assert (services["address"], services["prefixLength"]) == ("10.64.0.0", 16)
    assert (services["purpose"], services["addressType"]) == ("VPC_PEERING", "INTERNAL")
    assert services["name"] == "shop-dev-services-10-64-0-0", "another range is made beside the old one"


@given(CIDRS)
def test_the_services_range_is_private_and_beside_the_vpc(cidr: str) -> None:
    services = services_range(cidr)
    assert services.is_private
    assert services.prefixlen == 16
    assert not services.overlaps(IPv4Network(cidr))


@given(st.lists(st.integers(0, 255), min_size=2, max_size=2, unique=True))
def test_vpcs_with_different_addresses_have_different_services_ranges(numbers: list[int]) -> None:
    """So that two of them can be connected some day."""
    one, other = (services_range(f"10.{number}.0.0/16") for number in numbers)
    assert not one.overlaps(other)


@pytest.mark.parametrize("access", ["peering", "psc"])
def test_an_existing_network_is_left_as_it_is(access: str) -> None:
    found: list[GcpNetwork] = []

    def use(network: GcpNetwork) -> None:
        found.append(network)
        assert network.open(Probe("service-api"), "database", addresses=["10.9.0.2"], ports=[5432]) == []
        assert network.open_internet(Probe("job-x"), [443]) == []

    recording = network_alone(use, existing=EXISTING, tier="prod", private_access=access)
    made = {resource.type for resource in recording.resources.values() if resource.type.startswith("gcp:")}
    assert made == {"gcp:projects/service:Service"}
    (network,) = found
    assert network.private_services is None
    assert network.existing
    outputs: list[Any] = []
    network_alone(
        lambda network: [network.network_id.apply(outputs.append), network.subnetwork.apply(outputs.append)], existing=EXISTING
    )
    assert sorted(outputs) == sorted([EXISTING["id"], *EXISTING["application_subnets"]])


def test_a_workload_has_one_identity_of_its_own_without_rights() -> None:
    accounts: list[Any] = []

    def use(network: GcpNetwork) -> None:
        probe = Probe("service-api")
        accounts.extend([network.identity_of(probe), network.identity_of(probe), network.identity_of(Probe("service-web"))])

    recording = network_alone(use)
    assert accounts[0] is accounts[1]
    assert accounts[0] is not accounts[2]
    account = recording.of_type("serviceaccount/account:Account")["service-api-identity"]
    parent = recording.parent_of(account)
    assert parent
    assert parent.name == "service-api"
    assert account.inputs["accountId"] == "shop-dev-service-api"
    assert not [item.name for item in recording.resources.values() if "iam" in item.type.lower()]


@settings(max_examples=20)
@given(
    st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True),
    st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True),
)
def test_names_are_ones_that_google_takes(app: str, short: str) -> None:
    """The provider's own patterns: RFC 1035 labels; account ids of 6 to 30 characters."""
    found: list[str] = []

    def use(network: GcpNetwork) -> None:
        probe: Workload = Probe(f"service-{short}")
        network.identity_of(probe)
        network.open_internet(probe, [443])
        found.append(network.tag_of(probe))

    recording = network_alone(use, app=app, tier="prod")
    kinds = ("compute/", "dns/managedZone", "artifactregistry/")
    names = [
        item.inputs["name"]
        for item in recording.resources.values()
        if item.type.removeprefix("gcp:").startswith(kinds) and "name" in item.inputs and not item.type.endswith("RecordSet")
    ]
    assert len(names) > 12
    assert not [name for name in [*names, *found] if not GCE_NAME.match(name)]
    (account,) = recording.of_type("serviceaccount/account:Account").values()
    assert re.match(r"^[a-z]([-a-z0-9]{4,28}[a-z0-9])$", account.inputs["accountId"])


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_network_holds_no_data_to_protect(tier: str) -> None:
    assert not [resource.name for resource in network_alone(tier=tier).resources.values() if resource.options.protect]


@pytest.mark.parametrize("nat", ["none", "single"])
def test_a_workload_waits_for_the_ways_out(nat: str) -> None:
    """A migration that starts right after the subnet exists must reach what it calls."""
    found: list[Any] = []
    network_alone(lambda network: found.extend(network.open_internet(Probe("job-migrate"), [443])), nat=nat)
    names = {resource._name for resource in found}
    always = {
        "job-migrate-internet-egress",
        "network-google-apis",
        "network-google-apis-route",
        "network-google-apis-record",
        "network-cloud-run-record",
        "network-deny-private",
        "network-deny-egress",
        "network-deny-ingress",
    }
    assert names == (always if nat == "none" else {*always, "network-internet-route", "network-nat"})


def test_children_of_a_workload_wait_for_the_apis_too() -> None:
    recording = network_alone(lambda network: network.identity_of(Probe("service-api")))
    assert "network-api-serviceusage" in waits_for(recording.of_type("Account")["service-api-identity"])
