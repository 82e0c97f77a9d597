"""Machine types of Cloud SQL: what their names say, editions, connections."""

from __future__ import annotations

from typing import Any

import pytest

from components.config import parse
from components.gcp.machine import SIZES, machine_of, max_connections, poolers
from components.gcp.machine import parse as machine
from components.settings.database import DatabaseSettings


def settings(**database: Any) -> DatabaseSettings:
    return parse({"app": "shop", "provider": "gcp", "tier": "dev", "database": database}, file="f").database


def test_development_is_the_guides_machine() -> None:
    assert machine_of(settings()).name == "db-f1-micro"


@pytest.mark.parametrize("edition", SIZES)
def test_every_size_is_a_machine_of_its_edition_and_none_is_smaller_than_the_one_before(edition: Any) -> None:
    made = [machine(SIZES[edition][size]) for size in ("small", "medium", "large", "xlarge")]
    assert [one and one.edition for one in made] == [edition] * 4
    memory = [one.memory_mib for one in made if one]
    assert memory == sorted(memory)


def test_an_exact_machine_wins_over_the_size() -> None:
    assert machine_of(settings(size="xlarge", instance_class="db-custom-2-8192")).name == "db-custom-2-8192"


@pytest.mark.parametrize(
    ("name", "vcpu", "mib", "edition", "disk", "least"),
    [
        ("db-f1-micro", 0.5, 614, "enterprise", "PD_SSD", 10),
        ("db-g1-small", 0.5, 1740, "enterprise", "PD_SSD", 10),
        ("db-custom-1-3840", 1, 3840, "enterprise", "PD_SSD", 10),
        ("db-custom-2-13312", 2, 13312, "enterprise", "PD_SSD", 10),
        ("db-custom-96-638976", 96, 638976, "enterprise", "PD_SSD", 10),
        ("db-custom-N4-2-4096", 2, 4096, "enterprise", "HYPERDISK_BALANCED", 20),
        ("db-perf-optimized-N-2", 2, 16384, "enterprise-plus", "PD_SSD", 10),
        ("db-perf-optimized-N-128", 128, 864 * 1024, "enterprise-plus", "PD_SSD", 10),
        ("db-c4a-highmem-4", 4, 32768, "enterprise-plus", "HYPERDISK_BALANCED", 20),
    ],
)
def test_what_a_name_says(name: str, vcpu: float, mib: int, edition: str, disk: str, least: int) -> None:
    found = machine(name)
    assert found
    assert (found.vcpu, found.memory_mib, found.edition, found.disk_type) == (vcpu, mib, edition, disk)
    assert found.least_disk_gib == least


@pytest.mark.parametrize(
    "name",
    [
        "db.r6g.large",  # AWS
        "db-n1-standard-2",  # MySQL only
        "db-custom-3-8192",  # odd
        "db-custom-98-131072",  # too many
        "db-custom-1-3072",  # below 3.75 GB
        "db-custom-2-14336",  # above 6.5 GB for each
        "db-custom-8-4096",  # below 0.9 GB for each
        "db-custom-2-8000",  # no multiple of 256
        "db-custom-02-8192",
        "db-custom-N4-1-4096",
        "db-custom-N4-82-262144",
        "db-perf-optimized-N-3",
        "db-c4a-highmem-80",
        "db-f1-micro ",
        "",
    ],
)
def test_what_is_no_machine_of_cloud_sql(name: str) -> None:
    assert machine(name) is None


def test_no_machine_is_one_sentence() -> None:
    given = settings().model_copy(update={"instance_class": "db.r6g.large"})
    with pytest.raises(ValueError, match=r"database\.instance_class is 'db\.r6g\.large', which is no machine type of Cloud SQL"):
        machine_of(given)


@pytest.mark.parametrize(
    ("name", "connections"),
    [
        ("db-f1-micro", 25),
        ("db-g1-small", 50),
        ("db-custom-1-3840", 100),
        ("db-custom-2-6144", 200),
        ("db-custom-2-8192", 400),
        ("db-custom-4-16384", 500),
        ("db-custom-8-32768", 600),
        ("db-custom-16-65536", 800),
        ("db-custom-32-131072", 1000),
    ],
)
def test_connections_are_those_of_cloud_sqls_table(name: str, connections: int) -> None:
    assert max_connections(settings(instance_class=name)) == connections


def test_the_users_own_maximum_counts() -> None:
    assert max_connections(settings(parameters={"max_connections": "300"})) == 300


@pytest.mark.parametrize(("vcpu", "count"), [(2, 1), (4, 1), (8, 2), (16, 4)])
def test_one_pooler_for_four_vcpu(vcpu: int, count: int) -> None:
    assert poolers(settings(edition="enterprise-plus", instance_class=f"db-perf-optimized-N-{vcpu}")) == count
