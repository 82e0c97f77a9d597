"""Which alarms of a running stack fire: its thresholds (the output ``alarms``) held against what the database says now."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import psycopg

from operations.connection import connect
from operations.errors import OperationError

QUERIES = {
    "connections_percent": (
        "of the connections are in use",
        "SELECT 100.0 * count(*) / current_setting('max_connections')::int FROM pg_stat_activity "
        "WHERE backend_type = 'client backend'",
    ),
    "replica_lag_seconds": (
        "is the lag of a reader in seconds",
        "SELECT coalesce(extract(epoch FROM max(replay_lag)), 0) FROM pg_stat_replication",
    ),
    "transaction_id_percent": (
        "of the transaction ids are used",
        "SELECT 100.0 * max(age(datfrozenxid)) / 2147483648 FROM pg_database",
    ),
}
"""Threshold to what its value means and the query that gives it, for a user with pg_monitor. 2^31 is where writes end."""


def firing(conninfo: str, thresholds: Mapping[str, Any]) -> list[str]:
    """One line for each of *thresholds* that is reached, and one where the database cannot be asked."""
    try:
        with connect(conninfo, "managed-postgres status") as session:
            values = {name: session.execute(query).fetchone() for name, (_, query) in QUERIES.items() if name in thresholds}
    except (psycopg.Error, OperationError) as error:
        return [f"the database cannot be asked: {error}"]
    return [
        f"{float(row[0]):.0f}{' %' if name.endswith('percent') else ''} {QUERIES[name][0]} (threshold {thresholds[name]:g})"
        for name, row in values.items()
        if row and float(row[0]) >= thresholds[name]
    ]
