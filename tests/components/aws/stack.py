"""Whole AWS stacks on mocks, for the tests of its parts. A stack is made once for each set of settings."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from components.tiers import merge
from tests.recorder import Recording, main, record

EVERYTHING: dict[str, Any] = {
    "app": "shop",
    "provider": "aws",
    "cache": {},
    "buckets": {"media": {}},
    "alarms": {"emails": ["ops@example.com"]},
    "services": {
        "api": {"image": "api:1", "domain": "api.example.com", "buckets": ["media"]},
        "web": {"image": "web:1", "domain": "www.example.com", "kind": "frontend", "database": False, "cache": False},
        "worker": {"image": "api:1", "public": False},
    },
    "jobs": {
        "migrate": {"image": "operations:1", "when": "deploy", "database_role": "owner", "watch": ["migrations"]},
        "report": {"image": "api:1", "when": "schedule", "schedule": "0 1 * * *"},
        "load": {"image": "api:1"},
    },
}
"""A stack file with every role: public, frontend and internal services, all kinds of jobs, cache, bucket, backups."""


def aws_stack(tier: str = "dev", **change: Any) -> Recording:
    """What the program registers for :data:`EVERYTHING` with *change* merged over it."""
    return _recorded(json.dumps(merge({**EVERYTHING, "tier": tier}, change), sort_keys=True))


@cache
def _recorded(text: str) -> Recording:
    return record(main, json.loads(text))
