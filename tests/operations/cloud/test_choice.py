"""Which control a stack's handles lead to."""

from __future__ import annotations

from typing import Any

import pytest

from operations.cloud import database_control, service_control
from operations.cloud.aws.aurora import Aurora
from operations.cloud.aws.database import AwsDatabase
from operations.cloud.aws.rds import Rds
from operations.cloud.aws.services import AwsServices
from operations.cloud.gcp.database import GcpDatabase
from operations.cloud.gcp.services import GcpServices


def handles(provider: str, backend: str) -> dict[str, Any]:
    """As a job finds them in STACK_HANDLES: without jobs and services."""
    place = {
        "provider": provider,
        "app": "shop",
        "environment": "dev",
        "prefix": "shop-dev",
        "region": "r-1",
        "project": "shop-1",
    }
    return {**place, "database": {"backend": backend, "id": "shop-dev", "name": "shop"}, "backups": None}


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")


def test_the_provider_and_the_backend_decide() -> None:
    """None of them asks its cloud anything yet."""
    for backend, kind in (("aurora", Aurora), ("rds", Rds)):
        found = database_control(handles("aws", backend))
        assert isinstance(found, AwsDatabase)
        assert isinstance(found._backend, kind)
    assert isinstance(database_control(handles("gcp", "cloudsql")), GcpDatabase)
    for provider, services in (("aws", AwsServices), ("gcp", GcpServices)):
        control = service_control(handles(provider, "x"))
        assert isinstance(control, services)
        assert control.names() == []
