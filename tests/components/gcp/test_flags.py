"""Database flags and those of the pooler."""

from __future__ import annotations

import pytest

from components.gcp.flags import database_flags, pool_flags
from components.settings.database import PoolingSettings
from tests.components.gcp.test_machine import settings


def test_they_are_sorted_by_name_whatever_the_order_of_the_stack_file() -> None:
    """A map's order gave phantom differences elsewhere (simple-container-com/api#357)."""
    one = database_flags(settings(parameters={"work_mem": "8192", "autovacuum_naptime": "30"}))
    other = database_flags(settings(parameters={"autovacuum_naptime": "30", "work_mem": "8192"}))
    assert one == other
    assert [flag["name"] for flag in one] == sorted(flag["name"] for flag in one)


def test_the_users_parameter_wins() -> None:
    assert {"name": "log_statement", "value": "none"} in database_flags(settings(parameters={"log_statement": "none"}))


def test_login_with_an_identity_needs_its_flag_with_a_dot() -> None:
    on = {"name": "cloudsql.iam_authentication", "value": "on"}
    assert on in database_flags(settings())
    assert on in database_flags(settings(), replica=True)
    assert on not in database_flags(settings(iam_login=False))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_checkpoints", "on"),
        ("log_connections", "on"),
        ("log_disconnections", "on"),
        ("log_error_verbosity", "default"),
        ("log_statement", "ddl"),
        ("log_min_messages", "warning"),
        ("log_min_error_statement", "error"),
        ("cloudsql.enable_pgaudit", "on"),
    ],
)
def test_logging_is_what_the_cis_benchmark_asks(name: str, value: str) -> None:
    for replica in (False, True):
        assert {"name": name, "value": value} in database_flags(settings(), replica=replica)


def test_replicas_tell_the_primary_what_they_read() -> None:
    primary, replica = database_flags(settings()), database_flags(settings(), replica=True)
    assert [flag for flag in replica if flag not in primary] == [{"name": "hot_standby_feedback", "value": "on"}]
    assert all(flag in replica for flag in primary)


@pytest.mark.parametrize(("vcpu", "percent", "size"), [(2, 90, 450), (8, 90, 360), (2, 50, 250)])
def test_the_poolers_share_their_part_of_the_connections(vcpu: int, percent: int, size: int) -> None:
    given = settings(edition="enterprise-plus", instance_class=f"db-perf-optimized-N-{vcpu}")
    found = pool_flags(given, PoolingSettings(max_connections_percent=percent, idle_client_seconds=600))
    assert found == [
        {"name": "client_connection_idle_timeout", "value": "600"},
        {"name": "max_pool_size", "value": str(size)},
        {"name": "max_prepared_statements", "value": "200"},
        {"name": "pool_mode", "value": "transaction"},
    ]


def test_a_pool_is_never_empty() -> None:
    given = settings(edition="enterprise-plus", parameters={"max_connections": "50"})
    assert {"name": "max_pool_size", "value": "1"} in pool_flags(given, PoolingSettings(max_connections_percent=1))
