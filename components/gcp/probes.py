"""The checks of a Cloud Run container: pure functions."""

from __future__ import annotations

from math import ceil
from typing import Any

from components.settings.workload import ServiceSettings

STARTUP_PERIOD_SECONDS, STARTUP_TIMEOUT_SECONDS = 5, 3
"""A timeout must be below the period."""
STARTUP_SECONDS = (60, 240)
"""At least: under Direct VPC egress the first connections of an instance may take a minute. At most: Cloud Run's limit for period
times failures."""


def startup_probe(service: ServiceSettings) -> dict[str, Any]:
    """Asks ``ready_path``, and with it the database, again and again until the answer is 200; only then traffic and the liveness
    check begin. An instance that does not get there within ``start_period_seconds`` (60 to 240) is stopped."""
    check = service.health_check
    shortest, longest = STARTUP_SECONDS
    seconds = min(max(check.start_period_seconds, shortest), longest)
    return {
        "http_get": {"path": check.ready_path or check.path, "port": service.port},
        "initial_delay_seconds": 0,
        "period_seconds": STARTUP_PERIOD_SECONDS,
        "timeout_seconds": STARTUP_TIMEOUT_SECONDS,
        "failure_threshold": ceil(seconds / STARTUP_PERIOD_SECONDS),
    }


def liveness_probe(service: ServiceSettings) -> dict[str, Any]:
    """Asks ``path``, never the database: containers that are restarted because it is away do not bring it back."""
    check = service.health_check
    return {
        "http_get": {"path": check.path, "port": service.port},
        "initial_delay_seconds": 0,
        "period_seconds": check.interval_seconds,
        "timeout_seconds": min(check.timeout_seconds, check.interval_seconds - 1),
        "failure_threshold": check.unhealthy_threshold,
    }
