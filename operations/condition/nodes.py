"""The servers that an environment names, each asked for itself: role, lag, sessions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import psycopg

from operations.condition.session import Asked, asking
from operations.connection import conninfo_of
from operations.errors import OperationError, Refused

_ABOUT = """
    SELECT pg_is_in_recovery(), current_setting('cluster_name'), current_setting('server_version'), pg_postmaster_start_time(),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), current_setting('max_connections')::int
"""
# The age of the last replayed commit is no lag where nobody writes: connected, and all that arrived is replayed.
_LAG = """
    SELECT EXISTS (SELECT FROM pg_stat_wal_receiver),
        CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
        ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END::float8
"""


@dataclass(frozen=True, kw_only=True)
class Node:
    """One server. Where it cannot be asked, only *address* and *problem* are known."""

    address: str
    name: str = ""
    """What the server calls itself (``cluster_name``); may be empty."""
    role: Literal["primary", "standby"] | None = None
    version: str = ""
    started: datetime | None = None
    connections: int | None = None
    max_connections: int | None = None
    follows: bool | None = None
    """Whether a standby receives from its primary now; None on a primary, and where the server does not say (Aurora)."""
    lag_seconds: float | None = None
    """Behind the primary; 0 on it, None where the server does not say (Aurora says it elsewhere, see ``DatabaseControl``)."""
    problem: str | None = None
    """Why it cannot be asked, in one sentence."""

    @property
    def fine(self) -> bool:
        """It answers, and a standby follows its primary."""
        return self.problem is None and self.follows is not False


def hosts_of(environ: Mapping[str, str]) -> tuple[str, ...]:
    """Every address that DB_HOST and DB_READER_HOST name, the writer's first."""
    named = f"{environ.get('DB_HOST', '')},{environ.get('DB_READER_HOST', '')}".split(",")
    return tuple(dict.fromkeys(host.strip() for host in named if host.strip()))


def nodes_of(environ: Mapping[str, str]) -> tuple[Node, ...]:
    """Each server that *environ* names, asked with its login (a member of pg_monitor sees everything).

    Raises Refused where the environment contract is not met.
    """
    return tuple(_node(environ, host) for host in hosts_of(environ))


def _node(environ: Mapping[str, str], host: str) -> Node:
    try:
        # a login of its own: a token of RDS is good for one address
        with asking(conninfo_of({**environ, "DB_HOST": host}), "status", host=host) as server:
            standby, name, version, started, used, most = server.row(_ABOUT)
            follows, lag = _lag(server) if standby else (None, 0.0)
    except Refused:
        raise
    except OperationError as error:
        return Node(address=host, problem=str(error))
    return Node(
        address=host,
        name=name,
        role="standby" if standby else "primary",
        version=version.split()[0],
        started=started,
        connections=used,
        max_connections=most,
        follows=follows,
        lag_seconds=lag,
    )


def _lag(server: Asked) -> tuple[bool | None, float | None]:
    try:
        follows, lag = server.row(_LAG)
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.InternalError_):  # Aurora: its readers replay nothing
        return None, None
    return bool(follows), lag
