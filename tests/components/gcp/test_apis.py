"""APIs: all that the stack needs, before anything that needs them, and never taken away."""

from __future__ import annotations

import pytest

from components.gcp.apis import APIS
from tests.components.gcp.network import EXISTING, Probe, network_alone, waits_for

SERVICE = "projects/service:Service"


def test_every_api_is_enabled_once() -> None:
    made = network_alone().of_type(SERVICE)
    services = sorted(resource.inputs["service"] for resource in made.values())
    assert services == sorted(f"{api}.googleapis.com" for api in [*APIS, "serviceusage"])
    for api in (
        "compute",
        "sqladmin",
        "run",
        "secretmanager",
        "cloudscheduler",
        "servicenetworking",
        "redis",
        "dns",
        "monitoring",
    ):
        assert f"{api}.googleapis.com" in services


def test_gcp_complaint_29_an_api_is_never_disabled() -> None:
    """Destroying a stack disabled APIs that others in the project used (terraform-provider-google#18058)."""
    for resource in network_alone().of_type(SERVICE).values():
        assert resource.inputs["disableOnDestroy"] is False
        assert "disableDependentServices" not in resource.inputs


def test_one_dependency_stands_for_all() -> None:
    made = network_alone().of_type(SERVICE)
    last = made["network-api-serviceusage"]
    assert waits_for(last) == set(made) - {"network-api-serviceusage"}
    assert not any(waits_for(resource) for name, resource in made.items() if resource is not last), "all others side by side"


@pytest.mark.parametrize("settings", [{}, {"existing": EXISTING}, {"private_access": "psc"}])
def test_nothing_is_made_before_the_apis(settings: dict[str, object]) -> None:
    recording = network_alone(lambda network: network.identity_of(Probe("service-api")), **settings)
    made = [resource for resource in recording.resources.values() if resource.type.startswith("gcp:")]
    early = {resource.name for resource in made if "network-api-serviceusage" not in waits_for(resource)}
    assert early == set(recording.of_type(SERVICE))


def test_the_project_is_that_of_the_apis() -> None:
    """No look-up: whatever project the provider works in."""
    found: list[object] = []
    recording = network_alone(lambda network: network.project.apply(found.append), flow_logs=True)
    assert found == ["network-api-serviceusage.project"]
    assert recording.of_type("ProjectBucketConfig")["network-flows"].inputs["project"] == found[0]
