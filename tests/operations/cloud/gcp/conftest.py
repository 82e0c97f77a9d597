"""A project with one Cloud SQL instance, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from operations.cloud.gcp import calls
from operations.cloud.gcp.database import GcpDatabase
from tests.operations.cloud.gcp.sql_server import PROJECT, CloudSql, sql_server

ID = "shop-dev-1a2b3c4d"


@pytest.fixture(scope="module")
def started() -> Iterator[CloudSql]:
    with sql_server() as state:
        yield state


@pytest.fixture
def sql(started: CloudSql, monkeypatch: pytest.MonkeyPatch) -> CloudSql:
    started.clear()
    started.instance(ID, replicaNames=[f"{ID}-replica-1"])
    started.instance(f"{ID}-replica-1", masterInstanceName=f"{PROJECT}:{ID}", gceZone="asia-northeast1-c")
    for variable, _ in calls.API.values():
        monkeypatch.setenv(variable, f"127.0.0.1:{started.port}")
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.01)
    return started


@pytest.fixture
def handles() -> dict[str, Any]:
    database = {
        "backend": "cloudsql",
        "id": ID,
        "name": "shop",
        "network": "n",
        "tier": "db-custom-1-3840",
        "edition": "enterprise",
    }
    place = {
        "provider": "gcp",
        "app": "shop",
        "environment": "dev",
        "tier": "dev",
        "region": "asia-northeast1",
        "project": PROJECT,
    }
    return {**place, "prefix": "shop-dev", "database": database, "backups": None, "jobs": {}, "services": {}}


@pytest.fixture
def database(sql: CloudSql, handles: dict[str, Any]) -> GcpDatabase:
    return GcpDatabase(handles)


@pytest.fixture
def lines() -> list[str]:
    """What was said on the way."""
    return []
