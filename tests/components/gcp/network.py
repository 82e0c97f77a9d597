"""A network alone on mocks, for the tests of its parts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from components.config import load_settings, scope_of
from components.contract import NetworkArgs, Workload
from components.gcp.network import GcpNetwork
from tests.recorder import Recording, Registered, record

EXISTING = {
    "id": "projects/hub/global/networks/shared",
    "application_subnets": ["projects/hub/regions/asia-northeast1/subnetworks/run"],
}
CIDRS = st.one_of(
    st.builds("10.{}.{}.0/{}".format, st.integers(0, 255), st.just(0), st.integers(16, 20)),
    st.builds("172.{}.0.0/{}".format, st.integers(16, 31), st.integers(16, 20)),
    st.builds("192.168.{}.0/20".format, st.sampled_from([0, 64, 128])),
)
"""Address ranges that a VPC may have."""


class Probe(Workload):
    """A workload of which nothing is known but that it is one."""

    TYPE = "Probe"


def network_alone(
    then: Callable[[GcpNetwork], Any] = lambda network: None, *, tier: str = "dev", app: str = "shop", **settings: Any
) -> Recording:
    """What a network of *settings* registers; *then* may use it."""

    def program() -> None:
        found = load_settings()
        then(GcpNetwork("network", NetworkArgs(scope=scope_of(found), settings=found.network)))

    alarms = {"emails": ["ops@example.com"]}
    return record(program, {"app": app, "provider": "gcp", "tier": tier, "alarms": alarms, "network": settings})


def only(recording: Recording, ending: str) -> Registered:
    """The one resource whose type ends like that."""
    (found,) = recording.of_type(ending).values()
    return found


def waits_for(resource: Registered) -> set[str]:
    """Names of what *resource* was told to come after."""
    return {after._name for after in resource.options.depends_on or ()}
