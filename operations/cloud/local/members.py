"""The nodes of a local cluster as members: who writes, who is well, and how far behind the others are."""

from __future__ import annotations

from dataclasses import replace

import psycopg

from components.local.host.errors import LocalError
from components.local.host.postgres import election, node
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server
from operations.cloud.contract import Member

ANSWER_SECONDS = 3
"""A server that accepts no login for so long is not healthy."""

# Where all that was received is replayed the standby is up to date, however old its last transaction is; but only while it
# receives: one that is cut off does not know what the writer has written since.
_BEHIND = """
    SELECT pg_is_in_recovery(),
           CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() AND EXISTS (SELECT FROM pg_stat_wal_receiver) THEN 0
                ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END::float8
"""


def members(cluster: Cluster) -> list[Member]:
    """The nodes, the writer first; a node without data is a member that is not healthy."""
    leader = election.primary(cluster)
    writer = leader.spec.node if leader else None
    found = [_member(server, writes=server.spec.node == writer) for server in cluster.servers()]
    known = any(member.role == "writer" and member.healthy for member in found)
    if not known:
        # How much a lost writer had not sent, nobody can say.
        found = [replace(member, lag_seconds=None) for member in found]
    return sorted(found, key=lambda member: member.role != "writer")


def received(server: Server) -> int:
    """WAL position up to which the running standby *server* has received; -1 when it does not answer any more."""
    try:
        return election.received(server)
    except LocalError:
        return -1


def _member(server: Server, *, writes: bool) -> Member:
    state = node.observe(server.spec)
    version, lag, answers = str(state.version or ""), None, False
    if state.pid is not None:
        try:
            with server.connect(seconds=ANSWER_SECONDS) as session:
                row = session.execute(_BEHIND).fetchone()
                number = session.info.server_version
        except (LocalError, psycopg.Error):
            row, number = None, 0
        if row is not None:
            version, answers = f"{number // 10000}.{number % 10000}", True
            lag = None if writes else row[1]
    well = answers and state.status in ("running", "outdated")
    return Member(
        name=server.spec.node,
        role="writer" if writes else "reader",
        state=state.status if answers or state.pid is None else "running but does not answer",
        healthy=well,
        version=version,
        lag_seconds=lag,
    )
