"""No database runs a version whose support ends soon: the days of the table, and the clock that is handed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rules.aws.types import CLUSTER, INSTANCE
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.lifecycle import ENDS, FIELD, RULES, VERSION
from policies.verdict import Undecided
from tests.policies.runtime_args import resource, urn_of
from tests.policies.stacks import TODAY, changed, of, real, told

SUPPORTED, ENDING = of(RULES, "engine-supported"), of(RULES, "engine-support-ending")

WRITTEN = {CLUSTER: "{}.5", INSTANCE: "{}", CLOUD_SQL: "POSTGRES_{}"}
ENGINES = {CLUSTER: {"engine": "aurora-postgresql"}, INSTANCE: {"engine": "postgres"}, CLOUD_SQL: {}}


def stack_with(token: str, version: Any, today: date = TODAY, **props: Any) -> Stack:
    given = {**ENGINES[token], VERSION[token]: version, **props}
    given = {key: value for key, value in given.items() if value is not None}
    return Stack("test", "prod", "aws", (resource(token, given, name="db", runtime=False),), today=today)


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod", "local"])
def test_the_real_stacks_are_supported(name: str) -> None:
    assert told(SUPPORTED, real(name)) == []
    assert told(ENDING, real(name)) == []


@pytest.mark.parametrize("token", [CLUSTER, INSTANCE, CLOUD_SQL])
@pytest.mark.parametrize("major", sorted(ENDS))
@pytest.mark.parametrize(("rule", "days"), [(SUPPORTED, 30), (ENDING, 180)])
def test_to_the_day(token: str, major: int, rule: Any, days: int) -> None:
    ends = getattr(ENDS[major], FIELD[token])
    version = WRITTEN[token].format(major)
    assert told(rule, stack_with(token, version, ends - timedelta(days=days))) == []
    assert told(rule, stack_with(token, version, ends - timedelta(days=days - 1))) == [
        ("db", f"{VERSION[token]}: standard support of this major version ends on {ends}, in {days - 1} days")
    ]
    assert told(rule, stack_with(token, version, ends + timedelta(days=1))) == [
        ("db", f"{VERSION[token]}: standard support of this major version ended on {ends}")
    ]


def test_the_days_are_configured() -> None:
    stack = stack_with(CLUSTER, "14.9", date(2027, 2, 28))
    assert told(SUPPORTED, stack, days=0) == []
    assert told(SUPPORTED, stack, days=1) != []
    assert told(ENDING, stack_with(CLUSTER, "17", TODAY), days=1825) != []


def test_a_version_that_is_not_set_or_not_known() -> None:
    assert told(SUPPORTED, stack_with(CLUSTER, None)) == [
        ("db", "engineVersion must be set: nobody knows when support of what the cloud chooses ends")
    ]
    assert told(ENDING, stack_with(CLUSTER, None)) == []
    for rule in RULES:
        assert told(rule, stack_with(CLOUD_SQL, UNKNOWN)) == [Undecided(("databaseVersion",), urn_of(CLOUD_SQL, "db"))]


@pytest.mark.parametrize(
    ("token", "version"), [(CLUSTER, "19.1"), (INSTANCE, "nine"), (CLOUD_SQL, "MYSQL_8_0"), (CLUSTER, "9.6")]
)
def test_a_version_that_is_not_in_the_table(token: str, version: str) -> None:
    assert told(SUPPORTED, stack_with(token, version)) == [
        ("db", f"{VERSION[token]}: this version is not in the table ENDS of policies/stack/lifecycle.py")
    ]


def test_a_replica_has_its_sources_version() -> None:
    assert told(SUPPORTED, stack_with(INSTANCE, None, replicateSourceDb="it")) == []
    assert told(SUPPORTED, stack_with(CLOUD_SQL, None, masterInstanceName=UNKNOWN)) == []


def test_another_engine_is_not_judged() -> None:
    for version in ("8.0.35", None):
        assert told(SUPPORTED, stack_with(INSTANCE, version, engine="mysql")) == []


def test_the_table_can_be_true() -> None:
    """The project ends a version five years after September of its year, and no cloud ends before it or a year later."""
    for major, ends in ENDS.items():
        assert ends.community.year == major + 2012
        assert ends.community.month == 11
        assert ends.community.weekday() == 3, "a Thursday, the day of minor releases"
        for cloud in FIELD.values():
            assert timedelta() <= getattr(ends, cloud) - ends.community < timedelta(days=120)


def test_the_setting_leads_here() -> None:
    """What a stack file says (``database.version``) is what the rule reads, on both clouds."""
    late = replace(real("prod"), today=date(2030, 2, 27))
    assert [name for name, _ in told(SUPPORTED, late)] == ["database-cluster"]  # type: ignore[misc]
    google = replace(real("gcp-prod"), today=date(2030, 1, 30))
    assert [name for name, _ in told(SUPPORTED, google)] == ["database-instance", "database-replica-1"]  # type: ignore[misc]
    assert told(SUPPORTED, changed(google, "database-instance", {"databaseVersion": "POSTGRES_18"})) != []
