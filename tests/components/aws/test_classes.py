"""Sizes, memory and connections."""

from __future__ import annotations

from typing import Any

import pytest

from components.aws.classes import CLASSES, GIB, instance_class, max_connections, memory_bytes
from components.config import parse
from components.settings.database import DatabaseSettings


def settings(**database: Any) -> DatabaseSettings:
    return parse({"app": "shop", "provider": "aws", "tier": "dev", "database": database}, file="f").database


def test_sizes_are_the_guides_classes() -> None:
    assert (CLASSES["small"], CLASSES["large"]) == ("db.t4g.medium", "db.r6g.large")


def test_an_exact_class_wins_over_the_size() -> None:
    assert instance_class(settings(size="xlarge", instance_class="db.r7g.large")) == "db.r7g.large"


def test_serverless_has_a_class_of_its_own() -> None:
    assert instance_class(settings(serverless={})) == "db.serverless"


@pytest.mark.parametrize(
    ("name", "gib"),
    [
        ("db.t4g.micro", 1),
        ("db.t4g.medium", 4),
        ("db.t4g.large", 8),
        ("db.r6g.large", 16),
        ("db.r6g.xlarge", 32),
        ("db.r8g.16xlarge", 512),
        ("db.m7g.2xlarge", 32),
        ("db.c6gd.xlarge", 8),
        ("db.x2g.large", 32),
        ("db.x2iedn.xlarge", 128),
        ("db.z1d.large", 16),
    ],
)
def test_memory_of_classes(name: str, gib: int) -> None:
    """Against the table of the RDS user guide."""
    assert memory_bytes(settings(backend="rds", instance_class=name)) == gib * GIB


def test_serverless_memory_is_that_of_the_largest_capacity() -> None:
    assert memory_bytes(settings(serverless={"max_acu": 8})) == 16 * GIB


def test_the_real_maximum_is_what_was_measured() -> None:
    """832 on db.m7g.large, where the formula over the nominal memory gives 901 (anchors)."""
    assert max_connections(settings(instance_class="db.m7g.large")) == pytest.approx(832, abs=4)


def test_no_instance_takes_more_than_the_formulas_limit() -> None:
    assert max_connections(settings(instance_class="db.r6g.16xlarge")) == 4600


def test_a_serverless_database_that_may_shrink_takes_2000_at_most() -> None:
    assert max_connections(settings(serverless={"min_acu": 0.5, "max_acu": 64})) == 2000
    assert max_connections(settings(serverless={"min_acu": 8, "max_acu": 64})) == 4600


def test_the_users_own_maximum_counts() -> None:
    assert max_connections(settings(parameters={"max_connections": "300"})) == 300
