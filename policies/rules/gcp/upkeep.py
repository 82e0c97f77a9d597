"""Google Cloud: the checks of the rules in policies/rules/upkeep.py."""

from __future__ import annotations

from policies.checks import all_of, any_of, must_be, must_have_parameter
from policies.rule import Check, NotApplicable
from policies.rules.gcp.database import FLAGS
from policies.rules.gcp.types import INSTANCE
from policies.rules.parameters import must_be_number, must_hold

NOTICES = ("debug5", "debug4", "debug3", "debug2", "debug1", "info", "notice", "warning")
"""Levels of PostgreSQL's messages down to warnings, as CIS asks for at least; ``error`` is the next one."""

database_minor_upgrades = NotApplicable("Cloud SQL installs minor versions in the maintenance window and has no switch for it")
database_no_extended_support = NotApplicable("Cloud SQL has no switch for it: the end of life of an engine is a rule of its own")
database_logs_exported = NotApplicable("Cloud SQL always writes its log to Cloud Logging; how long it is kept is log-retention")
database_statements_logged = Check((INSTANCE,), must_have_parameter(FLAGS, "log_statement", ("ddl", "mod", "all")))
# CIS GCP 6.2.7 and CKV_GCP_57 want -1, because statements may hold personal data. Then nobody can say why a database was slow.
# Ours are logged from a second on (components/gcp/flags.py), kept in the region, and read by who may read the data.
database_slow_statements_logged = Check((INSTANCE,), must_be_number(FLAGS, "log_min_duration_statement", "slowest_ms"))
database_log_flags = Check(
    (INSTANCE,),
    all_of(
        *(
            must_have_parameter(FLAGS, name, ("on",))
            for name in ("log_checkpoints", "log_connections", "log_disconnections", "log_lock_waits")
        ),
        must_have_parameter(FLAGS, "log_error_verbosity", ("default", "verbose")),
        must_have_parameter(FLAGS, "log_min_messages", NOTICES),
        must_have_parameter(FLAGS, "log_min_error_statement", (*NOTICES, "error")),
        must_be_number(FLAGS, "log_temp_files", "largest_temp_kib"),
    ),
)
"""Not log_hostname (CKV_GCP_108): it costs a look-up of each connection's name, and addresses in a VPC have none."""
database_pgaudit = Check(
    (INSTANCE,),
    all_of(
        must_have_parameter(FLAGS, "cloudsql.enable_pgaudit", ("on",)),
        any_of(must_hold(FLAGS, "pgaudit.log", "ddl"), must_hold(FLAGS, "pgaudit.log", "all")),
    ),
)
database_monitored = NotApplicable("Cloud SQL measures machine and disk every minute and has no switch for it")
database_insights = Check((INSTANCE,), must_be("settings.insightsConfig.queryInsightsEnabled", True, default=False))
database_events = NotApplicable("Cloud SQL tells of failovers and failures by metrics and logs: the alarms' rule asks for those")
