"""The network of Google Cloud: names of Google, the existing network, identities, what workloads wait for."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from components.contract import Workload
from components.gcp.network import GcpNetwork
from tests.components.gcp.network import EXISTING, Probe, network_alone, waits_for

GCE_NAME = re.compile(r"^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$")


def test_what_cannot_change_in_place_has_no_description() -> None:
    """Another wording would replace the VPC and all in it (descriptions of these types are create-only in the provider)."""
    recording = network_alone(tier="prod")
    fixed = ("Network", "Subnetwork", "Route", "Address", "GlobalAddress", "ForwardingRule")
    found = [item for item in recording.resources.values() if item.type.startswith("gcp:compute/") and item.type.endswith(fixed)]
    assert len(found) > 6
    assert not [resource.name for resource in found if "description" in resource.inputs]


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


def test_links_of_an_existing_network_may_be_whole() -> None:
    """Cloud Run and Memorystore take them without the address of the API only."""
    whole = "https://www.googleapis.com/compute/v1/"
    existing = {
        "id": whole + EXISTING["id"],
        "application_subnets": [whole + subnet for subnet in EXISTING["application_subnets"]],
    }
    found: list[Any] = []
    network_alone(
        lambda network: [network.network_id.apply(found.append), network.subnetwork.apply(found.append)], existing=existing
    )
    assert sorted(found) == sorted([EXISTING["id"], *EXISTING["application_subnets"]])


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
