"""The posture of the repository's own stacks, and what becomes of it when somebody loosens them."""

from __future__ import annotations

import pytest

from operations.review.access.way import INTERNET, NETWORK
from operations.review.posture import posture
from tests.operations.review.access.graphs import changed, readers, real, told, ways, without
from tests.recorder import ROOT

NAMES = sorted(file.name.split(".")[1] for file in ROOT.glob("Pulumi.*.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_keeps_data_is_open_to_the_internet_but_files_that_are_handed_out(name: str) -> None:
    found = told(name)
    keeps = {place.name for place in found.places if place.holds}
    assert {way.target for way in found.entrances} & keeps <= {"bucket-static-bucket"}
    assert found.unclear == ()


@pytest.mark.parametrize("name", NAMES)
def test_who_reaches_the_database(name: str) -> None:
    """The website has no grant, so it has no way; the service, the migration and the backup have one."""
    found = told(name)
    databases = {place.name for place in found.places if place.component == "database"}
    sources = {way.source for way in found.ways if way.target in databases} - databases
    components = {place.name: place.component for place in found.places}
    assert {components.get(source, source) for source in sources} - {"this machine"} == {"backups", "job-migrate", "service-api"}


def test_production_goes_through_the_proxy() -> None:
    found = ways(told("prod"))
    assert ("service-api", "database-proxy", "5432") in found
    assert ("database-proxy", "database-cluster", "5432") in found
    assert ("service-api", "database-cluster", "5432") not in found
    assert {(way.target, way.ports, way.via) for way in told("prod").entrances} == {
        ("bucket-static-bucket", "443", "through CloudFront"),
        ("ingress", "80, 443", "through a web firewall"),
    }


def test_google_production_lets_in_by_the_load_balancer_only() -> None:
    found = told("gcp-prod")
    assert {(way.target, way.ports, way.via) for way in found.entrances} == {
        ("ingress", "443", "through a web firewall"),
        ("ingress", "80", "where nothing but a redirect answers"),
    }
    assert {("ingress", "service-api", "443"), ("ingress", "service-web", "443")} < ways(found)
    assert {way.target for way in told("gcp-dev").entrances} == {"service-api", "service-web"}


@pytest.mark.parametrize(
    ("name", "secret"), [("prod", "database-cluster's admin secret"), ("gcp-prod", "database-secret-db-admin")]
)
def test_no_service_may_read_the_admin_secret(name: str, secret: str) -> None:
    found = readers(told(name).grants, secret)
    assert found >= {"backups", "job-migrate"}
    assert not {one for one in found if one.startswith("service-")}


@pytest.mark.parametrize(
    ("name", "secret"),
    [("prod", "database-application-secret"), ("gcp-prod", "database-secret-db"), ("local", "database-database.secret_id")],
)
def test_the_service_may_read_its_own(name: str, secret: str) -> None:
    found = readers(told(name).grants, secret)
    assert "service-api" in found
    assert "service-web" not in found


def test_a_port_that_is_opened_shows() -> None:
    open_to_all = changed(real("prod"), "database-from-service-api-ingress", cidrIpv4="0.0.0.0/0", ipProtocol="-1")
    (way,) = (way for way in posture(open_to_all).ways if way.source == NETWORK)
    assert (way.target, way.ports, way.via) == (
        "database-proxy",
        "every port",
        "its rule is open to everybody, but it has no public address",
    )


def test_a_database_with_a_public_address_shows() -> None:
    opened = changed(real("prod"), "database-from-backups-ingress", cidrIpv6="::/0")
    opened = changed(opened, "database-instance-2", publiclyAccessible=True)
    assert (INTERNET, "database-cluster", "5432") in ways(posture(opened))
    opened = changed(real("gcp-prod"), "database-instance", settings={})  # Google's default has a public address
    assert (INTERNET, "database-instance", "3307") in ways(posture(opened))


def test_a_missing_denial_shows() -> None:
    """Google lets everything out that nothing denies."""
    found = ways(posture(without(without(real("gcp-prod"), "network-deny-egress"), "network-deny-private")))
    assert ("service-web", "database-instance", "every port") in found
    assert ("service-web", INTERNET, "every port") in found


def test_sentences_are_plain_and_sorted() -> None:
    found = told("prod").sentences()
    assert found[:2] == [
        "The internet can connect to bucket-static-bucket on 443, through CloudFront.",
        "The internet can connect to ingress on 80, 443, through a web firewall.",
    ]
    assert "backups, database-proxy, database-rotation and job-migrate can connect to database-cluster on 5432." in found
    assert "service-api may read the secrets cache-secret and database-application-secret." in found
    assert "service-api may read and change the bucket bucket-static-bucket." in found
    assert all(line.endswith(".") and "\n" not in line for line in found)
    assert told("local").sentences()[0] == "Nothing here can be reached from the internet."
