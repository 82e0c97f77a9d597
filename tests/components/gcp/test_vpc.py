"""The VPC: its subnet, its ways out, and what is noted of them."""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given

from components.gcp.vpc import egress_block
from tests.components.gcp.network import CIDRS, network_alone, only
from tests.recorder import Recording


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
