"""Every database's log is kept where the stack says how long and who may read it, and not where the cloud would put it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from policies.resource import ABSENT, UNKNOWN, Resource, Stack
from policies.rule import Config, StackRule
from policies.rules.aws.types import CLUSTER, LOG_GROUP
from policies.rules.gcp.types import INSTANCE as CLOUD_SQL
from policies.stack.databases import TYPES, Database, databases, name_of
from policies.verdict import Undecided

SINK = "gcp:logging/projectSink:ProjectSink"

Said = Iterator["tuple[str | None, str] | Undecided"]


def is_exported(stack: Stack, config: Config) -> Said:
    """A database whose PostgreSQL log goes nowhere, or where it is kept for ever or only for the cloud's own 30 days."""
    groups = {group.fact("name"): group for group in stack.of_type(LOG_GROUP)}
    taken, unreadable = _taken(stack)
    for database in databases(stack):
        if database.resource.type != CLOUD_SQL:
            yield from _on_aws(stack, database, groups)
        elif taken.isdisjoint(_ways(database)):
            yield unreadable or (
                database.urn,
                "has a log that no ProjectSink takes: Google keeps it 30 days, among everything else",
            )


def _on_aws(stack: Stack, database: Database, groups: dict[object, Resource]) -> Said:
    exports = database.resource.fact("enabledCloudwatchLogsExports")
    if exports is UNKNOWN or (isinstance(exports, list) and UNKNOWN in exports):
        yield Undecided(("enabledCloudwatchLogsExports",), database.urn)
        return
    if not isinstance(exports, list) or "postgresql" not in exports:
        yield database.urn, "exports no log: enabledCloudwatchLogsExports must contain 'postgresql'"
        return
    kind = "cluster" if database.resource.type == CLUSTER else "instance"
    for log in exports:
        group = groups.get(f"/aws/rds/{kind}/{name_of(database.resource)}/{log}") or _waited_for(stack, database, str(log))
        if group is None and not name_of(database.resource):
            yield Undecided(("identifier",), database.urn)
        elif group is None:
            yield database.urn, "has a log without a LogGroup in the stack: RDS makes one that is kept for ever, without a key"
        elif group.fact("retentionInDays") in (ABSENT, 0):
            yield group.urn, "retentionInDays must be set: without it the log is kept for ever"


def _waited_for(stack: Stack, database: Database, log: str) -> Resource | None:
    """Where the cloud makes the name up, the group is the one that the database waits for."""
    found = (stack.get(urn) for urn in database.resource.depends_on)
    return next((one for one in found if one and one.type == LOG_GROUP and str(one.fact("name")).endswith(f"/{log}")), None)


ALL = "*"


def _taken(stack: Stack) -> tuple[set[str], Undecided | None]:
    """Whose log the sinks take: names of servers, URNs that a filter is made of, or :data:`ALL`. And a filter not yet known."""
    taken: set[str] = set()
    unreadable = None
    for sink in stack.of_type(SINK):
        text = sink.fact("filter")
        if text is UNKNOWN:
            unreadable = unreadable or Undecided(("filter",), sink.urn)
        elif sink.fact("disabled") is not True and "cloudsql_database" in str(text):
            taken.update(re.findall(r":([a-z][a-z0-9-]*)", str(text)) if "database_id" in str(text) else [ALL])
            taken.update(sink.property_depends_on.get("filter", ()))
    return taken, unreadable


def _ways(database: Database) -> set[str]:
    """How a filter may mean *database*: by its name, by that of its source with an expression after it, or by way of what the
    name is made of."""
    name = name_of(database.resource)
    made_of = database.resource.property_depends_on.get("name", ())
    return {ALL, database.urn, *made_of, name, re.sub(r"-replica-\d+$", "", name)} - {""}


RULES = (
    StackRule(
        id="database-log-kept",
        title="Every database's log is kept for a set time in a place of the stack",
        severity="medium",
        remediation="Leave the log groups and sinks of the component ManagedPostgres; database.log_retention_days sets the time.",
        docs="policies/stack/README.md#logs",
        judge=is_exported,
        types=(*TYPES, LOG_GROUP, SINK),
        dev="mandatory",
    ),
)
