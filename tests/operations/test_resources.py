"""How a resource is called, where it answers, and when it counts as down."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.automation.events import StepEventStateMetadata

from operations.engine.resources import Resource, address_of, describe, is_custom

STACK = "urn:pulumi:local::p::pulumi:pulumi:Stack::p-local"
PARENT = "urn:pulumi:local::p::managed-postgres:index:ManagedPostgres::orders"

NODE = "pulumi-python:dynamic/local:Node"


def state(
    name: str, outputs: dict[str, Any], *, token: str = "pulumi-python:dynamic/local:Node", parent: str = PARENT
) -> Resource:
    chain = "" if parent == STACK else "managed-postgres:index:ManagedPostgres$"
    urn = f"urn:pulumi:local::p::{chain}{token}::{name}"
    return describe(StepEventStateMetadata(token, urn, "id", parent, "", custom=True, outputs=outputs))


@pytest.mark.parametrize(
    ("name", "parent", "label"),
    [
        ("orders-node-1", PARENT, "orders / node-1"),
        ("orders-orders", PARENT, "orders / orders"),
        ("orders", PARENT, "orders"),
        ("other", PARENT, "orders / other"),
        ("alone", STACK, "alone"),
    ],
)
def test_labels(name: str, parent: str, label: str) -> None:
    assert state(name, {}, parent=parent).label == label


def test_kinds_are_words() -> None:
    assert state("orders-node-1", {}).kind == "database"
    assert state("alone", {}, parent=STACK).kind == "node"


@pytest.mark.parametrize(
    ("outputs", "address"),
    [
        ({}, ""),
        ({"port": 5432}, ""),
        ({"host": "127.0.0.1", "port": 5432.0}, "127.0.0.1:5432"),
        ({"address": "127.0.0.2", "port": 5432, "host": "x"}, "127.0.0.2:5432"),
        ({"url": "http://127.0.0.1:8000", "port": 8000}, "http://127.0.0.1:8000"),
        ({"host": "a"}, "a"),
        ({"host": None, "port": None}, ""),
    ],
)
def test_addresses(outputs: dict[str, Any], address: str) -> None:
    assert address_of(outputs) == address


@pytest.mark.parametrize(
    ("token", "status", "down"),
    [
        (NODE, "running", False),
        (NODE, "succeeded", False),
        (NODE, "stopped", True),
        (NODE, "unhealthy", True),
        (NODE, "", False),  # it has no such thing as a state
        ("aws:rds/cluster:Cluster", "creating", False),  # a cloud's words are not judged
    ],
)
def test_down(token: str, status: str, down: bool) -> None:
    assert state("orders-x", {"status": status}, token=token).down is down


def test_gone_is_down_whatever_it_is() -> None:
    urn = "urn:pulumi:local::p::aws:rds/cluster:Cluster::c"
    found = describe(StepEventStateMetadata("aws:rds/cluster:Cluster", urn, "id", STACK, ""), gone=True)
    assert (found.status, found.down) == ("gone", True)


def test_providers_and_components_are_no_resources_of_the_user() -> None:
    assert not is_custom(StepEventStateMetadata("pulumi:providers:aws", "u", "", "", "", custom=True))
    assert not is_custom(StepEventStateMetadata("managed-postgres:index:Job", "u", "", "", "", custom=False))
    assert is_custom(StepEventStateMetadata("aws:s3:Bucket", "u", "", "", "", custom=True))
