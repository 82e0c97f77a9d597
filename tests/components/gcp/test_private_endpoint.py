"""Private Service Connect endpoints."""

from __future__ import annotations

from typing import Any

from components.gcp.network import GcpNetwork
from components.gcp.private_endpoint import Endpoint, private_endpoint
from tests.components.gcp.network import EXISTING, Probe, network_alone, only
from tests.recorder import Recording

TARGET = "projects/p/regions/asia-northeast1/serviceAttachments/a"


def with_endpoint(*, dns_name: str | None = None, **settings: Any) -> tuple[Recording, Endpoint]:
    found: list[Endpoint] = []

    def use(network: GcpNetwork) -> None:
        found.append(private_endpoint(Probe("database"), network, "primary", target=TARGET, dns_name=dns_name))

    return network_alone(use, private_access="psc", **settings), found[0]


def test_an_address_of_our_subnet_leads_to_the_service() -> None:
    recording, endpoint = with_endpoint(nat="none")
    address = only(recording, "compute/address:Address")
    rule = only(recording, "compute/forwardingRule:ForwardingRule")
    assert (address.name, rule.name) == ("database-primary-endpoint-address", "database-primary-endpoint")
    assert (address.inputs["addressType"], address.inputs["subnetwork"]) == ("INTERNAL", "network-egress-id")
    assert rule.inputs["target"] == TARGET
    assert rule.inputs["loadBalancingScheme"] == "", "a scheme would make it a load balancer"
    assert rule.inputs["ipAddress"] == "database-primary-endpoint-address.self_link"
    assert (rule.inputs["network"], rule.inputs["region"]) == ("network-vpc-id", "asia-northeast1")
    assert not recording.of_type("dns/recordSet:RecordSet").keys() & {"database-primary-endpoint-record"}
    assert [resource._name for resource in endpoint.after] == ["database-primary-endpoint"]


def test_a_new_target_keeps_the_address() -> None:
    """Clients keep it too. Only one rule may hold it, so that the old one goes first."""
    recording, _ = with_endpoint()
    rule = only(recording, "compute/forwardingRule:ForwardingRule").options
    assert rule.delete_before_replace
    assert rule.replace_on_changes == ["target"]


def test_a_name_leads_to_it() -> None:
    recording, endpoint = with_endpoint(dns_name="abc.asia-northeast1.sql.goog.")
    zone = recording.of_type("ManagedZone")["database-primary-endpoint-zone"].inputs
    record = recording.of_type("RecordSet")["database-primary-endpoint-record"].inputs
    assert (zone["visibility"], zone["dnsName"]) == ("private", "abc.asia-northeast1.sql.goog.")
    assert record["rrdatas"] == ["database-primary-endpoint-address.address"]
    assert [resource._name for resource in endpoint.after] == ["database-primary-endpoint", "database-primary-endpoint-record"]


def test_in_an_existing_vpc_it_is_in_the_given_subnet() -> None:
    recording, _ = with_endpoint(existing=EXISTING)
    assert only(recording, "compute/address:Address").inputs["subnetwork"] == EXISTING["application_subnets"][0]
