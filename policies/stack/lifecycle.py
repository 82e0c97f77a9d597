"""No database runs a major version whose support ends soon. The days are in :data:`ENDS`, today is ``Stack.today``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, NamedTuple

from policies.resource import ABSENT, UNKNOWN, Stack
from policies.rule import Config, ConfigKey, StackJudge, StackRule
from policies.rules.aws.types import CLUSTER, INSTANCE
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.databases import TYPES, Database, databases
from policies.verdict import Undecided

VERSION = {CLUSTER: "engineVersion", INSTANCE: "engineVersion", CLOUD_SQL: "databaseVersion"}
ENGINE = {CLUSTER: "aurora-postgresql", INSTANCE: "postgres"}
"""Other engines are not in the table: nothing is said of them."""


class Ends(NamedTuple):
    """The last days of support of one major version. AWS and Google begin to charge extended support on the day after theirs."""

    community: date
    """Last minor release of the PostgreSQL project: https://www.postgresql.org/support/versioning/"""
    aurora: date
    """Aurora end of standard support: aurorapostgresql-release-calendar in the Aurora PostgreSQL release notes."""
    rds: date
    """RDS end of standard support: postgresql-release-calendar in the RDS for PostgreSQL release notes."""
    cloud_sql: date
    """The day before extended support begins: https://cloud.google.com/sql/docs/postgres/db-versions"""


ENDS: Mapping[int, Ends] = {
    #        community          Aurora             RDS                Cloud SQL
    14: Ends(date(2026, 11, 12), date(2027, 2, 28), date(2027, 2, 28), date(2027, 1, 31)),
    15: Ends(date(2027, 11, 11), date(2028, 2, 29), date(2028, 2, 29), date(2028, 1, 31)),
    16: Ends(date(2028, 11, 9), date(2029, 2, 28), date(2029, 2, 28), date(2029, 1, 31)),
    17: Ends(date(2029, 11, 8), date(2030, 2, 28), date(2030, 2, 28), date(2030, 1, 31)),
    18: Ends(date(2030, 11, 14), date(2030, 11, 14), date(2030, 11, 14), date(2030, 11, 14)),
}
"""Major version of PostgreSQL to its ends, from copies of those pages of 2025 and 2026 (AWS by way of endoflife.date). For 18 no
cloud's day was to be found: the community's stands there, which is the earlier one. A version that is missing here is a
violation: look it up and add a row."""

FIELD = {CLUSTER: "aurora", INSTANCE: "rds", CLOUD_SQL: "cloud_sql"}


def ends_within(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """A database whose cloud ends standard support of its version in less than ``days``, or has ended it."""
    for database in databases(stack):
        path = VERSION[database.resource.type]
        found = _version(database)
        if found is UNKNOWN:
            yield Undecided((path,), database.urn)
            continue
        ends = _ends(database, found)
        if ends is None or found is ABSENT:
            continue
        left = (ends - stack.today).days
        if left < config["days"]:
            when = f"ended on {ends}" if left < 0 else f"ends on {ends}, in {left} days"
            yield database.urn, f"{path}: standard support of this major version {when}"


def is_known(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """As :func:`ends_within`, and a database whose version is not set, or not in the table: nobody knows when it ends."""
    for database in databases(stack):
        path = VERSION[database.resource.type]
        found = _version(database)
        if found is ABSENT and not _given(database):
            yield database.urn, f"{path} must be set: nobody knows when support of what the cloud chooses ends"
        elif found not in (ABSENT, UNKNOWN) and _ends(database, found) is None:
            yield database.urn, f"{path}: this version is not in the table ENDS of policies/stack/lifecycle.py"
    yield from ends_within(stack, config)


def _version(database: Database) -> Any:
    """The version as it is written; ABSENT as well for an engine that is not PostgreSQL."""
    kind = database.resource.type
    engine = database.resource.fact("engine")
    if kind in ENGINE and engine not in (ABSENT, UNKNOWN) and engine != ENGINE[kind]:
        return ABSENT
    return database.resource.fact(VERSION[kind])


def _given(database: Database) -> bool:
    """Whether the version comes from elsewhere: a replica has its source's, another engine none that is judged here."""
    kind = database.resource.type
    engine = database.resource.fact("engine")
    return database.replica or (kind in ENGINE and engine not in (ABSENT, UNKNOWN, ENGINE[kind]))


def _ends(database: Database, version: Any) -> date | None:
    major = re.fullmatch(r"(?:POSTGRES_)?(\d+)(?:[._].*)?", str(version))
    row = ENDS.get(int(major[1])) if major else None
    found: date | None = row and getattr(row, FIELD[database.resource.type])
    return found


def _rule(id_: str, title: str, judge: StackJudge, days: int, **levels: Any) -> StackRule:
    return StackRule(
        id=id_,
        title=title,
        severity="high",
        remediation="Raise database.version with database.allow_major_upgrade, first in dev.",
        docs="policies/stack/README.md#end-of-life",
        judge=judge,
        types=TYPES,
        config={"days": ConfigKey("integer", days, "Days before the end of standard support.", minimum=0, maximum=1825)},
        **levels,
    )


RULES = (
    _rule("engine-supported", "A database's version is supported, today and next month", is_known, 30, dev="mandatory"),
    _rule(
        "engine-support-ending",
        "A database's version is supported for half a year",
        ends_within,
        180,
        dev="advisory",
        prod="advisory",
    ),
)
