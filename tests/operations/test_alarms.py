"""Thresholds held against a real database."""

from __future__ import annotations

import pytest

from operations.alarms import QUERIES, firing
from tests.support import LocalPostgres

QUIET = {"connections_percent": 80, "replica_lag_seconds": 5, "transaction_id_percent": 50}


def test_nothing_fires_on_a_quiet_database(local_postgres: LocalPostgres) -> None:
    assert firing(local_postgres.url(admin=True), QUIET) == []
    assert set(QUIET) == set(QUERIES)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_reached_threshold_is_one_line(local_postgres: LocalPostgres, name: str) -> None:
    found = firing(local_postgres.url(admin=True), {**QUIET, name: 0})
    assert len(found) == 1
    assert QUERIES[name][0] in found[0]
    assert "(threshold 0)" in found[0]


def test_a_database_that_is_away_is_said_without_its_password(local_postgres: LocalPostgres) -> None:
    url = local_postgres.url(admin=True).replace(f":{local_postgres.port}/", ":1/")
    found = firing(url, QUIET)
    assert len(found) == 1
    assert "the database cannot be asked" in found[0]
    assert url.split(":")[2].split("@")[0] not in found[0]
