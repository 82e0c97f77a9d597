"""What runs at this moment, who waits for whom, and which statements the server writes to its log."""

from __future__ import annotations

from dataclasses import dataclass

from operations.condition.session import Asked
from operations.top.masked import masked

_RUNNING = """
    SELECT pid, coalesce(usename, ''), application_name, coalesce(host(client_addr), ''), coalesce(state, ''),
        extract(epoch FROM clock_timestamp() - xact_start)::float8,
        extract(epoch FROM clock_timestamp() - CASE WHEN state = 'active' THEN query_start ELSE state_change END)::float8,
        CASE WHEN state = 'active' THEN coalesce(wait_event_type || ': ' || wait_event, '') ELSE '' END,
        pg_blocking_pids(pid), coalesce(query, '')
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND (state <> 'idle' OR state IS NULL)
    ORDER BY xact_start NULLS LAST, pid
"""
_SETTINGS = """
    SELECT name, setting FROM pg_settings WHERE name IN ('log_min_duration_statement', 'log_lock_waits',
        'log_parameter_max_length', 'log_parameter_max_length_on_error', 'log_statement',
        'auto_explain.log_min_duration', 'auto_explain.log_parameter_max_length')
"""


@dataclass(frozen=True, kw_only=True)
class Activity:
    """A session that is not idle."""

    pid: int
    user: str
    application: str
    client: str
    state: str
    transaction_seconds: float | None
    """How long its transaction is open; None: it has none."""
    state_seconds: float | None
    """How long its statement runs, or how long it has been waiting for its client."""
    wait: str
    """``Lock: relation``; empty where it does not wait."""
    blocked_by: tuple[int, ...]
    """Processes that hold what it waits for."""
    text: str
    """Its statement, or the last one it ran; ``?`` for every value."""


@dataclass(frozen=True, kw_only=True)
class Slow:
    """Which statements the server logs. Milliseconds; None: no statement."""

    from_ms: int | None
    """``log_min_duration_statement``."""
    plans_from_ms: int | None
    """``auto_explain.log_min_duration``; None also where auto_explain is not loaded."""
    lock_waits: bool
    """``log_lock_waits``: waits for locks of more than a second."""
    every: str
    """``log_statement``: none, ddl, mod or all, whatever they take."""
    notes: tuple[str, ...]
    """What is not as it should be, with its mend."""


def running(server: Asked) -> tuple[Activity, ...]:
    """Every session of the server that is not idle, the longest transaction first."""
    return tuple(
        Activity(
            pid=pid, user=user, application=application, client=client, state=state, transaction_seconds=transaction,
            state_seconds=since, wait=wait, blocked_by=tuple(blockers), text=masked(text),
        )
        for pid, user, application, client, state, transaction, since, wait, blockers, text in server.rows(_RUNNING)
    )  # fmt: skip


def slow(server: Asked) -> Slow:
    """What the server's log has of slow statements."""
    found: dict[str, str] = dict(server.rows(_SETTINGS))
    from_ms = _milliseconds(found.get("log_min_duration_statement"))
    plans = _milliseconds(found.get("auto_explain.log_min_duration"))
    every = str(found.get("log_statement", "none"))
    notes = []
    if from_ms is None:
        notes.append("Slow statements are not logged: set database.parameters.log_min_duration_statement, for example to '1000'.")
    logs_values = (from_ms is not None or every in ("mod", "all")) and found.get("log_parameter_max_length") != "0"
    if logs_values or found.get("log_parameter_max_length_on_error") != "0":
        name = "log_parameter_max_length" if logs_values else "log_parameter_max_length_on_error"
        notes.append(
            f"The log takes in the values of parameters, personal data among them: set database.parameters.{name} to '0'."
        )
    if plans is not None and found.get("auto_explain.log_parameter_max_length", "0") != "0":
        notes.append("Logged plans take in the values of parameters: set auto_explain.log_parameter_max_length to '0'.")
    return Slow(
        from_ms=from_ms, plans_from_ms=plans, lock_waits=found.get("log_lock_waits") == "on", every=every, notes=tuple(notes)
    )


def _milliseconds(setting: str | None) -> int | None:
    return None if setting is None or int(setting) < 0 else int(setting)
