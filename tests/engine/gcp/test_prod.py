"""The stack ``gcp-prod`` as it is in this checkout: it comes up, stays as it is, and goes only after the README's steps."""

from __future__ import annotations

import pytest

from tests.engine.deployment import refused
from tests.engine.gcp.deployment import Deploy, GcpDeployment, lost, paths
from tests.engine.standin.deployment import own_settings

OPEN = {
    "database": {"deletion_protection": False},
    "buckets": {"static": {"deletion_protection": False}},
    "backups": {"deletion_protection": False},
}

ZONE = {"dns_zone": "example-com"}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> GcpDeployment:
    made = deploy("gcp-prod", own_settings("gcp-prod"))
    made.up()
    return made


def test_a_second_up_changes_nothing_even_after_googles_own_changes(live: GcpDeployment) -> None:
    """gcp_complaint_04, 16: the disk grew, on the replica too, and maintenance brought a minor version."""
    for name in ("database-instance", "database-replica-1"):
        live.drift(name, maintenanceVersion="POSTGRES_17_5.R20260601.00_00", settings={"diskSize": 150})
    assert live.up() == []


def test_gcp_complaint_03_destroy_is_refused_and_says_the_way(live: GcpDeployment) -> None:
    before = len(live.world.steps())
    refused(live.run("down", "--yes"), "database-instance", "deletion_protection: false")
    assert len(live.world.steps()) == before, "no database and no user was deleted before the instance was found protected"


def test_a_change_that_would_recreate_the_database_is_refused(live: GcpDeployment) -> None:
    before = len(live.world.steps())
    live.configure(database={"customer_managed_key": True})
    refused(live.run("up"), "database-", "marked for protection")
    assert lost(live.world.steps()[before:]) == []
    back = {step.name for step in live.up()}
    assert back <= {"database-key-service"}, "taken back, it is what it was: nothing is made before the name, which is protected"


def test_gcp_complaint_26_another_domain_is_another_certificate(live: GcpDeployment) -> None:
    """And without a firewall it is detached before it goes."""
    steps = live.up(services={"web": {"domain": "shop.example.com"}}, ingress={**ZONE, "waf": False})
    certificates = [index for index, step in enumerate(steps) if step.type.endswith("ManagedSslCertificate")]
    assert [steps[index].op for index in certificates] == ["create", "delete"], "the new one is there before the old one goes"
    [proxy] = [index for index, step in enumerate(steps) if step.type.endswith("TargetHttpsProxy")]
    assert certificates[0] < proxy < certificates[1]
    assert {step.op for step in steps if step.type.endswith("SecurityPolicy")} == {"delete"}
    assert paths(steps)["service-api-backend"] == {"securityPolicy"}
    assert lost(steps) == []


def test_gcp_complaint_03_the_documented_way_down(live: GcpDeployment) -> None:
    """The first of the two steps; with the firewall back."""
    steps = live.up(**OPEN, ingress=ZONE)
    assert lost(steps) == []
    assert {step.op for step in steps if step.type.endswith("SecurityPolicy")} == {"create"}
    for name in ("database-instance", "database-replica-1"):
        assert paths(steps)[name] == {"deletionProtection", "settings.deletionProtectionEnabled"}
    assert '"protect": true' not in live.state()


def test_gcp_complaint_17_and_down(live: GcpDeployment) -> None:
    name = live.world.named("database-instance").facts["name"]
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    assert [*live.world.noted("final-backup")] == [name]
    left = [record.name for record in live.world.all() if not record.type.endswith("projects/service:Service")]
    assert left == []
