"""AWS: the checks of the rules in policies/rules/upkeep.py."""

from __future__ import annotations

from collections.abc import Iterator

from policies.checks import all_of, at_least, must_be, must_contain, must_have, must_have_parameter
from policies.resource import ABSENT, UNKNOWN, Stack
from policies.rule import Check, Config, Judge
from policies.rules.aws.common import primary, when_starts
from policies.rules.aws.types import CLUSTER, CLUSTER_INSTANCE, CLUSTER_PARAMETERS, EVENTS, INSTANCE, PARAMETERS
from policies.rules.parameters import ON, must_be_number, must_hold
from policies.verdict import Undecided

DATABASES = (CLUSTER, INSTANCE)
SERVERS = (CLUSTER_INSTANCE, INSTANCE)
CRITICAL_EVENTS = {"db-cluster": {"maintenance", "failure"}, "db-instance": {"maintenance", "configuration change", "failure"}}
"""Categories that Security Hub asks for (RDS.19, RDS.20)."""


def _parameters(judge: Judge) -> tuple[Check, Check]:
    """*judge* on the group that decides: RDS's own, and of Aurora the cluster's, whose instances' group holds little."""
    return Check((CLUSTER_PARAMETERS,), judge), Check((PARAMETERS,), when_starts("family", "postgres", judge))


database_minor_upgrades = Check(SERVERS, must_be("autoMinorVersionUpgrade", True, default=True))
database_no_extended_support = Check(
    DATABASES, primary(must_be("engineLifecycleSupport", "open-source-rds-extended-support-disabled"))
)
database_logs_exported = Check(DATABASES, must_contain("enabledCloudwatchLogsExports", "postgresql"))
database_statements_logged = _parameters(must_have_parameter("parameters", "log_statement", ("ddl", "mod", "all")))
database_slow_statements_logged = _parameters(must_be_number("parameters", "log_min_duration_statement", "slowest_ms"))
database_log_flags = _parameters(
    all_of(
        must_have_parameter("parameters", "log_lock_waits", ON),
        must_be_number("parameters", "log_temp_files", "largest_temp_kib"),
    )
)
database_pgaudit = _parameters(must_hold("parameters", "shared_preload_libraries", "pgaudit"))
database_monitored = Check(SERVERS, at_least("monitoringInterval", "least_seconds", default=0))
database_insights = Check(SERVERS, all_of(must_be("performanceInsightsEnabled", True), must_have("performanceInsightsKmsKeyId")))


def database_events(stack: Stack, config: Config) -> Iterator[tuple[str | None, str] | Undecided]:
    """For every kind of database that the stack has, somebody is told of what Security Hub calls critical."""
    kinds = {"db-cluster": stack.of_type(CLUSTER), "db-instance": stack.of_type(*SERVERS)}
    subscriptions = stack.of_type(EVENTS)
    for kind, wanted in CRITICAL_EVENTS.items():
        if not kinds[kind]:
            continue
        of_kind = [one for one in subscriptions if one.fact("sourceType") == kind and one.fact("enabled") is not False]
        lists = [one.fact("eventCategories") for one in of_kind]
        if any(found is ABSENT or found == [] or (found is not UNKNOWN and wanted.issubset(found)) for found in lists):
            continue  # without categories it tells of all
        if UNKNOWN in lists:
            yield Undecided(("eventCategories",), of_kind[lists.index(UNKNOWN)].urn)
            continue
        sentence = f"an EventSubscription of sourceType '{kind}' must have eventCategories {', '.join(sorted(wanted))}"
        yield (of_kind[0].urn if of_kind else None), sentence
