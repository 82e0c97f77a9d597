"""Databases: versions, logs and what is watched."""

from __future__ import annotations

from policies.rule import AnyRule, ConfigKey, Rule, StackRule
from policies.rules.aws import upkeep as aws
from policies.rules.aws.types import EVENTS
from policies.rules.gcp import upkeep as gcp
from policies.rules.references import references
from policies.rules.sides import on_clouds

DOCS = "components/aws/README.md#database"
CHANGES = "components/aws/README.md#what-a-change-does"
MONITORING = "components/aws/README.md#monitoring"

RULES: tuple[AnyRule, ...] = (
    Rule(
        id="database-minor-upgrades",
        title="A database takes minor versions by itself",
        severity="medium",
        frameworks=references(hub="RDS.13 RDS.35", cis_aws="3.2.2", checkov="AWS_226"),
        remediation="Set database.auto_minor_upgrade to true, its default.",
        docs=CHANGES,
        aws=aws.database_minor_upgrades,
        gcp=gcp.database_minor_upgrades,
        dev="mandatory",
    ),
    Rule(
        id="database-no-extended-support",
        title="A database does not slip into paid extended support",
        severity="medium",
        remediation="Set engineLifecycleSupport to disabled: then the major version is upgraded in time, by plan or by AWS.",
        docs=CHANGES,
        aws=aws.database_no_extended_support,
        gcp=gcp.database_no_extended_support,
        dev="mandatory",
    ),
    Rule(
        id="database-logs-exported",
        title="A database's log leaves the database",
        severity="medium",
        frameworks=references(hub="RDS.9 RDS.36 RDS.37", checkov="AWS_129 AWS_324"),
        remediation="Export the log 'postgresql'.",
        docs=MONITORING,
        aws=aws.database_logs_exported,
        gcp=gcp.database_logs_exported,
        dev="mandatory",
    ),
    Rule(
        id="database-statements-logged",
        title="Changes of the schema are in the log",
        severity="medium",
        frameworks=references(cis_gcp="6.2.4", checkov="AWS2_30 AWS2_27 GCP_111"),
        remediation="Set log_statement in database.parameters to ddl, the default, or to mod or all.",
        docs=MONITORING,
        aws=aws.database_statements_logged,
        gcp=gcp.database_statements_logged,
        dev="mandatory",
    ),
    Rule(
        id="database-slow-statements-logged",
        title="Slow statements are in the log",
        severity="low",
        # CIS GCP 6.2.7 and CKV_GCP_57 want the opposite, -1: see policies/rules/not_adopted.py
        frameworks=references(checkov="AWS2_30"),
        remediation="Set log_min_duration_statement in database.parameters to a number of milliseconds.",
        docs=MONITORING,
        aws=aws.database_slow_statements_logged,
        gcp=gcp.database_slow_statements_logged,
        config={"slowest_ms": ConfigKey("integer", 5000, "Longest statement that may stay unlogged, in ms.", minimum=0)},
        dev="mandatory",
    ),
    Rule(
        id="database-log-flags",
        title="What a post-mortem asks for is in the log: lock waits, temporary files, on Google Cloud also logins and failures",
        severity="low",
        frameworks=references(
            cis_gcp="6.2.1 6.2.2 6.2.3 6.2.5 6.2.6",
            checkov="GCP_51 GCP_52 GCP_53 GCP_54 GCP_55 GCP_56 GCP_108 GCP_109 GCP2_13 GCP2_14 GCP2_15 GCP2_16 GCP2_17",
        ),
        remediation="Take what is named out of database.parameters: the defaults are right.",
        docs=MONITORING,
        aws=aws.database_log_flags,
        gcp=gcp.database_log_flags,
        config={"largest_temp_kib": ConfigKey("integer", 102400, "Largest file that may stay unlogged, in KiB.", minimum=0)},
        dev="mandatory",
    ),
    Rule(
        id="database-pgaudit",
        title="The audit extension is loaded",
        severity="medium",
        frameworks=references(cis_gcp="6.2.8", checkov="GCP_110"),
        remediation="Put pgaudit into shared_preload_libraries (on Google Cloud cloudsql.enable_pgaudit = on).",
        docs=MONITORING,
        aws=aws.database_pgaudit,
        gcp=gcp.database_pgaudit,
        dev="advisory",
    ),
    Rule(
        id="database-monitored",
        title="A database's operating system is measured",
        severity="low",
        frameworks=references(hub="RDS.6", checkov="AWS_118"),
        remediation="Set database.monitoring_interval_seconds to 60 or less.",
        docs=MONITORING,
        aws=aws.database_monitored,
        gcp=gcp.database_monitored,
        config={"least_seconds": ConfigKey("integer", 1, "Least monitoring interval: 0 is none.", minimum=1, maximum=60)},
        dev="mandatory",
    ),
    Rule(
        id="database-insights",
        title="What a database's time goes into is kept, encrypted with a key of the stack",
        severity="low",
        frameworks=references(checkov="AWS_353 AWS_354"),
        remediation="Set database.insights to standard or advanced.",
        docs=MONITORING,
        aws=aws.database_insights,
        gcp=gcp.database_insights,
        dev="mandatory",
    ),
    StackRule(
        id="database-events",
        title="Somebody is told of a database's failures, maintenance and changes",
        severity="low",
        frameworks=references(hub="RDS.19 RDS.20"),
        remediation="Add the missing categories to the event subscription of the monitoring component.",
        docs=MONITORING,
        judge=on_clouds(aws=aws.database_events, gcp=gcp.database_events),
        types=(EVENTS,),
        dev="advisory",
    ),
)
