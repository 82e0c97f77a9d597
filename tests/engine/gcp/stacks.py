"""Stack files for tests that need only a part of everything: in a network that exists already, without cache and buckets."""

from __future__ import annotations

from typing import Any

EXISTING = {
    "existing": {
        "id": "projects/host/global/networks/shared",
        "application_subnets": ["projects/host/regions/asia-northeast1/subnetworks/run"],
    }
}
MIGRATE = {
    "image": "operations:1",
    "command": ["python", "-m", "operations", "migrate", "up"],
    "when": "deploy",
    "database_role": "owner",
    "watch": ["migrations"],
}


def database_stack(**database: Any) -> dict[str, Any]:
    """A production database and the job that migrates it."""
    return {
        **{"app": "shop", "provider": "gcp", "tier": "prod", "network": EXISTING},
        "jobs": {"migrate": MIGRATE},
        "alarms": {"emails": ["ops@example.com"]},
        "database": database,
    }


def container_stack() -> dict[str, Any]:
    """A development database that leaves a backup, the job that migrates it, a public service and an internal one."""
    return {
        **{"app": "shop", "provider": "gcp", "tier": "dev", "network": EXISTING},
        "jobs": {"migrate": MIGRATE},
        "database": {"final_backup": True},
        "services": {
            "api": {"image": "api:1", "secrets": {"STRIPE_KEY": "stripe:3"}},
            "worker": {"image": "api:1", "public": False, "database": False},
        },
    }
