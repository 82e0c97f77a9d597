"""The firewall: closed both ways but for what a workload was given."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

from components.gcp.network import GcpNetwork
from tests.components.gcp.network import Probe, network_alone
from tests.recorder import Recording

PORTS = [443, 587]


def opened(*, ports: list[int] | None = None) -> Recording:
    def use(network: GcpNetwork) -> None:
        api, web = Probe("service-api"), Probe("service-web")
        network.open(api, "database", addresses=["10.64.0.3", "10.64.0.4"], ports=[5432])
        network.open_internet(api, PORTS if ports is None else ports)
        network.open_internet(web, [])

    return network_alone(use)


def rules(recording: Recording) -> dict[str, dict[str, Any]]:
    return {name: rule.inputs for name, rule in recording.of_type("compute/firewall:Firewall").items()}


def may_send(recording: Recording, tag: str, address: str, port: int) -> bool:
    """What Google's firewall decides for a packet: the lowest priority number that matches; of equal ones a denial."""
    found = []
    for rule in rules(recording).values():
        if rule["direction"] != "EGRESS" or tag not in rule.get("targetTags", [tag]):
            continue
        if not any(IPv4Address(address) in IPv4Network(block) for block in rule["destinationRanges"]):
            continue
        (part,) = rule.get("allows") or rule.get("denies")
        if "ports" not in part or str(port) in part["ports"]:
            found.append((rule["priority"], "allows" in rule))
    return min(found)[1]


@pytest.mark.parametrize(
    ("tag", "address", "port", "may"),
    [
        ("service-api", "10.64.0.3", 5432, True),
        ("service-api", "10.64.0.4", 5432, True),
        ("service-api", "10.64.0.4", 5433, False),
        ("service-api", "10.64.0.5", 5432, False),
        ("service-web", "10.64.0.3", 5432, False),
        ("service-api", "10.64.0.5", 443, False),
        ("service-api", "192.168.3.4", 443, False),
        ("service-api", "93.184.216.34", 443, True),
        ("service-api", "93.184.216.34", 587, True),
        ("service-api", "93.184.216.34", 25, False),
        ("service-web", "93.184.216.34", 443, False),
        ("service-web", "199.36.153.10", 443, True),
        ("service-web", "199.36.153.10", 80, False),
        ("something-else", "93.184.216.34", 443, False),
    ],
)
def test_what_a_workload_may_call(tag: str, address: str, port: int, may: bool) -> None:
    assert may_send(opened(), tag if tag == "something-else" else f"shop-dev-{tag}", address, port) is may


def test_nothing_comes_in() -> None:
    ingress = {name: rule for name, rule in rules(opened()).items() if rule["direction"] == "INGRESS"}
    assert set(ingress) == {"network-deny-ingress"}
    rule = ingress["network-deny-ingress"]
    assert (rule["denies"], rule["sourceRanges"], rule["priority"]) == ([{"protocol": "all"}], ["0.0.0.0/0"], 65534)


def test_no_port_is_no_rule_and_not_every_port() -> None:
    assert "service-api-internet-egress" not in rules(opened(ports=[]))


def test_a_rule_is_its_workloads_child_and_names_its_tag_only() -> None:
    recording = opened()
    rule = recording.of_type("compute/firewall:Firewall")["service-api-database-egress"]
    parent = recording.parent_of(rule)
    assert parent
    assert parent.name == "service-api"
    assert rule.inputs["targetTags"] == ["shop-dev-service-api"]
    assert rule.inputs["destinationRanges"] == ["10.64.0.3/32", "10.64.0.4/32"]
    assert rule.inputs["allows"] == [{"protocol": "tcp", "ports": ["5432"]}]


@pytest.mark.parametrize("logged", [True, False])
def test_refusals_are_logged_with_the_flows(logged: bool) -> None:
    found = rules(network_alone(flow_logs=logged))
    assert {name for name, rule in found.items() if "logConfig" in rule} == {name for name in found if "deny" in name and logged}


def test_a_rule_either_allows_or_denies() -> None:
    """The provider takes exactly one of the two."""
    for name, rule in rules(opened()).items():
        assert ("allows" in rule) != ("denies" in rule), name
