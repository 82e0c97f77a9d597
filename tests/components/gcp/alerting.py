"""Alerts on mocks: values in, and what they become."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from types import SimpleNamespace
from typing import Any

import pulumi

from components.gcp.alerts import Alert, alert_policy
from components.gcp.component import GcpComponent
from components.gcp.database_alerts import database_alerts
from components.gcp.network import GcpNetwork
from components.gcp.workload_alerts import schedule_alert, service_alerts
from components.names import Scope
from components.settings.platform import AlarmSettings
from tests.components.gcp.network import network_alone

SCOPE = Scope(app="shop", environment="dev", tier="dev", stack="test", region="asia-northeast1")
SETTINGS = AlarmSettings()


class Watching(GcpComponent):
    """A component with alerts."""

    TYPE = "Watching"

    def __init__(self, network: GcpNetwork) -> None:
        super().__init__("watching")
        self.network = network


@dataclass
class Made:
    """An alert and what it became."""

    alert: Alert
    policy: dict[str, Any]
    lines: dict[str, Any] | None
    """The log-based metric."""

    @property
    def conditions(self) -> list[dict[str, Any]]:
        """What each condition is made of."""
        return [next(value for key, value in each.items() if key != "displayName") for each in self.policy["conditions"]]

    @property
    def condition(self) -> dict[str, Any]:
        (found,) = self.conditions
        return found

    @property
    def aggregation(self) -> dict[str, Any]:
        """How the first condition's series come together."""
        (found,) = self.conditions[0]["aggregations"]
        return dict(found)


def made(build: Callable[[], list[Alert]]) -> dict[str, Made]:
    """What the alerts of *build* become, by name."""
    alerts: list[Alert] = []

    def program(network: GcpNetwork) -> None:
        network.channels.append(pulumi.Output.from_input("projects/p/notificationChannels/1"))
        alerts.extend(build())
        watching = Watching(network)
        for alert in alerts:
            alert_policy(watching, SCOPE, alert)

    recording = network_alone(program)
    assert not recording.duplicates, "names are unique"
    found, metrics = recording.of_type(":AlertPolicy"), recording.of_type(":Metric")
    lines = {name: metric.inputs for name, metric in metrics.items()}
    return {
        alert.name: Made(alert, found[f"watching-{alert.name}"].inputs, lines.get(f"watching-{alert.name}-lines"))
        for alert in alerts
    }


def database(*, readers: int = 1, ha: bool = True, max_gib: int = 1000, connections: int = 400) -> Any:
    """As much of a database as alerts look at."""
    names = ["shop-0a1b", *(f"shop-0a1b-replica-{number}" for number in range(1, readers + 1))]
    return SimpleNamespace(
        settings=SimpleNamespace(ha=ha, storage=SimpleNamespace(max_size_gib=max_gib)),
        nodes=[SimpleNamespace(instance=SimpleNamespace(name=name), max_connections=connections) for name in names],
        network=SimpleNamespace(project="project"),
    )


@cache
def of_database(settings: AlarmSettings = SETTINGS, **change: Any) -> dict[str, Made]:
    return made(lambda: database_alerts(database(**change), settings))


@cache
def of_service() -> dict[str, Made]:
    return made(lambda: [*service_alerts("api", "shop-dev-api"), schedule_alert(SCOPE)])
