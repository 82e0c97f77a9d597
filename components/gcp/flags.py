"""Database flags: PostgreSQL's parameters as Cloud SQL takes them."""

from __future__ import annotations

from components.gcp.machine import max_connections, poolers
from components.settings.database import DatabaseSettings, PoolingSettings

Flags = list[dict[str, str]]

DEFAULTS = {
    "cloudsql.enable_pgaudit": "on",
    "idle_in_transaction_session_timeout": "600000",
    "log_checkpoints": "on",
    "log_connections": "on",
    "log_disconnections": "on",
    "log_error_verbosity": "default",
    "log_lock_waits": "on",
    "log_min_duration_statement": "1000",
    "log_min_error_statement": "error",
    "log_min_messages": "warning",
    "log_statement": "ddl",
    "log_temp_files": "10240",
    "pgaudit.log": "ddl,role",
}
"""Slow statements (ms), schema changes, lock waits, checkpoints (PostgreSQL 14 has them off), temporary files over 10 MiB (KiB),
logins and failures in the log, as on AWS and as the CIS benchmark for Google Cloud asks (6.2); audit lines of schema and rights
where the extension pgaudit is made; a transaction that does nothing for ten minutes (ms) is ended. Settings win over these."""

OF_REPLICA = {"hot_standby_feedback": "on"}
"""Replicas tell the primary what they still read, so that vacuum does not cancel long queries there."""

IAM_LOGIN = "cloudsql.iam_authentication"

PREPARED_STATEMENTS = "200"
"""Of each connection to the server: PgBouncer's own default. Google's is 0, with which drivers that prepare what they repeat
(psycopg from the fifth time on) fail in transactions of others."""


def database_flags(settings: DatabaseSettings, *, replica: bool = False) -> Flags:
    """Flags of one instance, sorted: another order would be another value."""
    login = {IAM_LOGIN: "on"} if settings.iam_login else {}
    return _sorted({**DEFAULTS, **login, **(OF_REPLICA if replica else {}), **settings.parameters})


def pool_flags(settings: DatabaseSettings, pooling: PoolingSettings) -> Flags:
    """Flags of managed pooling. The size is one pooler's for one user and one database, so the share is divided by poolers."""
    most = max_connections(settings) * pooling.max_connections_percent // 100 // poolers(settings)
    return _sorted(
        {
            "client_connection_idle_timeout": str(pooling.idle_client_seconds),
            "max_pool_size": str(max(most, 1)),
            "max_prepared_statements": PREPARED_STATEMENTS,
            "pool_mode": "transaction",
        }
    )


def _sorted(values: dict[str, str]) -> Flags:
    return [{"name": name, "value": value} for name, value in sorted(values.items())]
