"""The looks at a deployment, as the engine asks the dynamic providers for them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.gcp.providers.calls import GcpError
from components.gcp.providers.execution import ExecutionCheckProvider
from components.gcp.providers.rollout import RolloutCheckProvider
from components.gcp.traffic import LATEST
from tests.components.gcp.run_server import JOB, SERVICE

NEWEST = [{"type": LATEST, "percent": 100}]


def wire(values: dict[str, Any]) -> dict[str, Any]:
    """Properties as the engine hands them to a dynamic provider: numbers are floats, its own key among them."""
    return {**json.loads(json.dumps(values), parse_int=float), "__provider": "opaque"}


def of_service(**change: Any) -> dict[str, Any]:
    revision = f"{SERVICE}/revisions/api-00002-new"
    return wire({"service": SERVICE, "revision": revision, "traffics": NEWEST, "timeout_seconds": 30, "ready": None} | change)


def of_job(**change: Any) -> dict[str, Any]:
    return wire({"job": JOB, "token": "0a1b2c3d4e5f", "timeout_seconds": 30, "execution": None} | change)


def rollout_problem(**change: Any) -> str:
    with pytest.raises(GcpError) as caught:
        RolloutCheckProvider().create(of_service(**change))
    return str(caught.value)


def execution_problem(**change: Any) -> str:
    with pytest.raises(GcpError) as caught:
        ExecutionCheckProvider().create(of_job(**change))
    return str(caught.value)
