"""Which node is the primary, decided by what lies on the disk: it works when every server is down."""

from __future__ import annotations

from components.local.host.postgres import postmaster
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server


def primary(cluster: Cluster) -> Server | None:
    """The node whose data is the truth, running or not: no standby, and on the highest timeline.

    After a promotion the former primary still looks like one; its timeline is lower. Two promoted apart share a timeline: the
    one that runs wins, then the lower address. None when no node has a primary's data.
    """
    claims = [server for server in cluster.servers() if server.data_major() is not None and not server.is_standby()]
    if len(claims) < 2:
        return claims[0] if claims else None
    return max(claims, key=lambda server: (server.timeline(), server.process() is not None, -claims.index(server)))


def elect(cluster: Cluster) -> Server | None:
    """The primary's data is gone (somebody deleted it): promote the standby that has received most. None without standbys."""
    standbys = [server for server in cluster.servers() if server.data_major() is not None]
    if not standbys:
        return None
    for server in cluster.servers():
        if server.data_major() is None:
            postmaster.kill_orphans(server.spec.folder)  # it may still serve the deleted files
    chosen = max(standbys, key=received)
    chosen.promote()
    return chosen


def received(server: Server) -> int:
    """Bytes of WAL that the standby has, as a position."""
    if server.process() is None:
        server.start()
    with server.connect() as connection:
        row = connection.execute(
            "select (greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) - '0/0'::pg_lsn)::bigint"
        ).fetchone()
    return int(row[0]) if row and row[0] is not None else 0
