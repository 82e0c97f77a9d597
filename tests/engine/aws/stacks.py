"""Stack files for tests that need only a part of everything: in a network that exists already, without cache and buckets."""

from __future__ import annotations

from typing import Any

EXISTING = {
    "existing": {
        "id": "vpc-0a1b2c3d",
        "public_subnets": ["subnet-0a01", "subnet-0a02"],
        "application_subnets": ["subnet-0b01", "subnet-0b02"],
        "database_subnets": ["subnet-0c01", "subnet-0c02"],
    },
    "zones": ["ap-northeast-1a", "ap-northeast-1c"],
    "availability_zones": 2,
}
MIGRATE = {
    "image": "operations:1",
    "command": ["python", "-m", "operations", "migrate", "up"],
    "when": "deploy",
    "database_role": "owner",
    "watch": ["migrations"],
}


def database_stack(backend: str, **database: Any) -> dict[str, Any]:
    """A production database and the job that migrates it."""
    return {
        **{"app": "shop", "provider": "aws", "tier": "prod", "network": EXISTING},
        "jobs": {"migrate": MIGRATE},
        "alarms": {"emails": ["ops@example.com"]},
        "database": {"backend": backend, **database},
    }


def container_stack() -> dict[str, Any]:
    """A development database that leaves a snapshot, the job that migrates it and one public service."""
    return {
        **{"app": "shop", "provider": "aws", "tier": "dev", "network": EXISTING},
        "jobs": {"migrate": MIGRATE},
        "database": {"final_backup": True},
        "services": {"api": {"image": "api:1", "secrets": {"STRIPE_KEY": "shop/stripe#key"}}},
    }
