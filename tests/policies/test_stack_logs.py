"""Every database's log goes to a place of the stack, for a set time."""

from __future__ import annotations

import pytest

from policies.resource import UNKNOWN, Stack
from policies.rules.aws.types import INSTANCE, LOG_GROUP
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.logs import RULES, SINK
from policies.verdict import Undecided
from tests.policies.runtime_args import resource, urn_of
from tests.policies.stacks import changed, of, real, told, without

RULE = of(RULES, "database-log-kept")
NO_EXPORT = "exports no log: enabledCloudwatchLogsExports must contain 'postgresql'"
NO_GROUP = "has a log without a LogGroup in the stack: RDS makes one that is kept for ever, without a key"
NO_SINK = "has a log that no ProjectSink takes: Google keeps it 30 days, among everything else"


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod", "local"])
def test_the_real_stacks_keep_their_logs(name: str) -> None:
    assert told(RULE, real(name)) == []


@pytest.mark.parametrize("exports", [None, [], ["iam-db-auth-error"]])
def test_no_export(exports: list[str] | None) -> None:
    stack = changed(real("prod"), "database-cluster", {"enabledCloudwatchLogsExports": exports})
    assert told(RULE, stack) == [("database-cluster", NO_EXPORT)]


def test_an_export_that_is_not_known_yet() -> None:
    stack = changed(real("prod"), "database-cluster", {"enabledCloudwatchLogsExports": UNKNOWN})
    urn = next(one.urn for one in stack.resources if one.name == "database-cluster")
    assert told(RULE, stack) == [Undecided(("enabledCloudwatchLogsExports",), urn)]
    some = changed(real("prod"), "database-cluster", {"enabledCloudwatchLogsExports": ["postgresql", UNKNOWN]})
    assert told(RULE, some) == [Undecided(("enabledCloudwatchLogsExports",), urn)]


def test_a_log_group_is_missing_or_keeps_for_ever() -> None:
    gone = without(real("prod"), lambda one: one.name == "database-logs-postgresql")
    assert told(RULE, gone) == [("database-cluster", NO_GROUP)]
    for for_ever in (None, 0):
        stack = changed(real("prod"), "database-logs-postgresql", {"retentionInDays": for_ever})
        assert told(RULE, stack) == [
            ("database-logs-postgresql", "retentionInDays must be set: without it the log is kept for ever")
        ]


def test_a_name_that_the_cloud_makes_up() -> None:
    group = resource(LOG_GROUP, {"name": "/aws/rds/instance/x/postgresql", "retentionInDays": 30}, name="log", runtime=False)
    props = {"identifierPrefix": "x", "enabledCloudwatchLogsExports": ["postgresql"]}
    waiting = resource(INSTANCE, props, name="db", runtime=False, depends_on=(group.urn,))
    assert told(RULE, Stack("test", "prod", "aws", (group, waiting))) == []
    alone = resource(INSTANCE, props, name="db", runtime=False)
    assert told(RULE, Stack("test", "prod", "aws", (group, alone))) == [Undecided(("identifier",), urn_of(INSTANCE, "db"))]


def test_google_without_its_sink() -> None:
    expected = [("database-instance", NO_SINK), ("database-replica-1", NO_SINK)]
    assert told(RULE, without(real("gcp-prod"), lambda one: one.name == "database-logs-sink")) == expected
    assert told(RULE, changed(real("gcp-prod"), "database-logs-sink", {"disabled": True})) == expected


def test_a_filter_that_is_not_known_yet() -> None:
    stack = changed(real("gcp-dev"), "database-logs-sink", {"filter": UNKNOWN})
    urn = next(one.urn for one in stack.resources if one.name == "database-logs-sink")
    assert told(RULE, stack) == [Undecided(("filter",), urn)]


@pytest.mark.parametrize(
    ("text", "taken"),
    [
        ('resource.type="cloudsql_database"', True),
        ('resource.type="cloudsql_database" AND resource.labels.database_id="p:one"', True),
        ('resource.type="cloudsql_database" AND resource.labels.database_id=~"^p:one(-replica-[0-9]+)?$"', True),
        ('resource.type="cloudsql_database" AND resource.labels.database_id="p:another"', False),
        ('resource.type="cloud_run_revision"', False),
    ],
)
def test_whose_log_a_literal_filter_takes(text: str, taken: bool) -> None:
    database = resource(CLOUD_SQL, {"name": "one"}, name="db", runtime=False)
    stack = Stack("test", "prod", "gcp", (database, resource(SINK, {"filter": text}, runtime=False)))
    assert told(RULE, stack) == ([] if taken else [("db", NO_SINK)])
