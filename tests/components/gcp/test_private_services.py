"""The way to what Google runs: the peering and its range, or Private Service Connect."""

from __future__ import annotations

from ipaddress import IPv4Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.network import GcpNetwork
from components.gcp.private_services import services_range
from tests.components.gcp.network import CIDRS, network_alone, only


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
