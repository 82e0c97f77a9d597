"""The statements that took most of a database's time: two looks at pg_stat_statements, and their difference."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import psycopg
from psycopg import sql

from operations.condition.session import MARK, Asked
from operations.errors import OperationError
from operations.top.masked import masked

OURS = 7
"""So many statements of ours may be among the longest: they are left out."""
OLDEST = (1, 9)
"""Version of the extension (PostgreSQL 14's) that says when its figures were reset and what it has dropped."""

Key = tuple[int, bool, int | None]
"""User, whether it was a top-level statement, query id (None: this user may not see it)."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one statement used, summed up. Times in milliseconds."""

    calls: int
    total_ms: float
    rows: int
    hit: int
    """8 KiB blocks found in memory."""
    read: int
    """8 KiB blocks that had to be read."""
    temporary: int
    """8 KiB blocks written to temporary files."""

    def since(self, before: Figures | None) -> Figures:
        """What was used after *before*; all of it where the entry was dropped meanwhile and began anew."""
        if before is None or self.calls < before.calls or self.total_ms < before.total_ms:
            return self
        return Figures(**{name: getattr(self, name) - getattr(before, name) for name in self.__dataclass_fields__})


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at pg_stat_statements, without any text: texts would be read from a file that may be huge."""

    figures: Mapping[Key, Figures]
    users: Mapping[Key, str]
    reset: datetime | None
    """UTC."""
    dropped: int
    """How often the rarest statements were dropped to make room, since the reset."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement of a :class:`Top`."""

    queryid: int | None
    user: str
    text: str
    """With ``$1`` or ``?`` for every value; empty where this user may not see it."""
    percent: float
    """Of the time of all statements in the database."""
    mean_ms: float
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Top:
    """The statements by total time, longest first."""

    database: str
    seconds: float | None
    """Length of the measurement; None: everything since the last reset."""
    since: datetime | None
    """When the figures were last reset; UTC."""
    total_ms: float
    """Time of all statements together."""
    statements: tuple[Statement, ...]
    notes: tuple[str, ...] = field(default=())
    """What makes the figures less than whole, a sentence each."""


def top(server: Asked, *, seconds: float, limit: int, sleep: Callable[[float], Any] = time.sleep) -> Top:
    """The *limit* statements of *server*'s database that took most time: in the next *seconds*, or with 0 since the last reset.

    Raises OperationError where pg_stat_statements is not there, not loaded or too old.
    """
    schema = _schema(server)
    begun = time.monotonic()
    first = _look(server, schema) if seconds else None
    if first:
        sleep(seconds)
    last = _look(server, schema)
    measured = time.monotonic() - begun
    notes = []
    if first and first.reset != last.reset:
        notes.append(f"The figures were reset at {last.reset:%H:%M:%S} UTC while they were measured: they count from there.")
        first = None
    elif last.dropped > (first.dropped if first else 0):
        times = last.dropped - (first.dropped if first else 0)
        notes.append(
            f"Rare statements were dropped {times} times to make room, so they are missing: raise pg_stat_statements.max "
            "(database.parameters) if they matter."
        )
    if any(key[2] is None for key in last.figures):
        notes.append("Statements of other users are hidden from this one: grant it pg_monitor.")
    before: Mapping[Key, Figures] = first.figures if first else {}
    used = {key: found for key, now in last.figures.items() if (found := now.since(before.get(key))).calls}
    longest = sorted(used, key=lambda key: used[key].total_ms, reverse=True)[: limit + OURS]
    texts = _texts(server, schema, longest)
    used = {key: figures for key, figures in used.items() if MARK not in texts.get(key, "")}
    total = sum(figures.total_ms for figures in used.values())
    return Top(
        database=server.info.dbname,
        seconds=measured if seconds else None,
        since=last.reset,
        total_ms=total,
        statements=tuple(
            _statement(key, used[key], total, texts.get(key, ""), last.users[key]) for key in longest if key in used
        )[:limit],
        notes=tuple(notes),
    )


def _statement(key: Key, used: Figures, total: float, text: str, user: str) -> Statement:
    share = 100 * used.total_ms / total if total else 0.0
    mean = used.total_ms / used.calls
    return Statement(queryid=key[2], user=user, text=masked(text), percent=share, mean_ms=mean, figures=used)


_FIGURES = f"""
    SELECT {MARK} s.userid, s.toplevel, s.queryid, coalesce(pg_get_userbyid(s.userid), ''), sum(s.calls)::bigint,
        sum(s.total_exec_time), sum(s.rows)::bigint, sum(s.shared_blks_hit)::bigint, sum(s.shared_blks_read)::bigint,
        sum(s.temp_blks_written)::bigint
    FROM {{schema}}.pg_stat_statements(false) AS s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY 1, 2, 3
"""  # hidden statements of a user come as one row: each of them has no query id
_ABOUT = f"SELECT {MARK} stats_reset, dealloc FROM {{schema}}.pg_stat_statements_info"
_EXTENSION = f"""
    SELECT {MARK} n.nspname, e.extversion FROM pg_extension AS e JOIN pg_namespace AS n ON n.oid = e.extnamespace
    WHERE e.extname = 'pg_stat_statements'
"""
_TEXTS = f"""
    SELECT {MARK} s.userid, s.toplevel, s.queryid, s.query FROM {{schema}}.pg_stat_statements(true) AS s
    WHERE s.dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND s.queryid = ANY(%s)
"""


def _schema(server: Asked) -> sql.Identifier:
    rows = server.rows(_EXTENSION)
    where = f"database {server.info.dbname}"
    if not rows:
        raise OperationError(
            f"pg_stat_statements is not in {where}: run CREATE EXTENSION pg_stat_statements there as its administrator."
        )
    ((schema, version),) = rows
    if tuple(int(part) for part in version.split(".")) < OLDEST:
        raise OperationError(
            f"pg_stat_statements in {where} is of version {version}, older than {OLDEST[0]}.{OLDEST[1]}: run ALTER EXTENSION "
            "pg_stat_statements UPDATE there as its administrator."
        )
    return sql.Identifier(schema)


def _look(server: Asked, schema: sql.Identifier) -> Look:
    try:
        about = server.row(sql.SQL(_ABOUT).format(schema=schema))
        rows = server.rows(sql.SQL(_FIGURES).format(schema=schema))
    except psycopg.errors.ObjectNotInPrerequisiteState:
        raise OperationError(
            "pg_stat_statements is not loaded: add it to shared_preload_libraries (database.parameters) and restart the server."
        ) from None
    found: dict[Key, Figures] = {}
    users: dict[Key, str] = {}
    for userid, toplevel, queryid, user, calls, total, count, hit, read, temporary in rows:
        key = (userid, toplevel, queryid)
        found[key] = Figures(calls=calls, total_ms=total, rows=count, hit=hit, read=read, temporary=temporary)
        users[key] = user
    reset = about[0] and about[0].astimezone(UTC)  # the server answers in the time zone of the session
    return Look(figures=found, users=users, reset=reset, dropped=about[1])


def _texts(server: Asked, schema: sql.Identifier, keys: list[Key]) -> dict[Key, str]:
    """The texts of *keys*, asked once: the server reads its whole file of texts for it."""
    ids = [key[2] for key in keys if key[2] is not None]
    rows = server.rows(sql.SQL(_TEXTS).format(schema=schema), [ids]) if ids else []
    return {(userid, toplevel, queryid): text or "" for userid, toplevel, queryid, text in rows}
