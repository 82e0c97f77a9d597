"""An operator's change of the primary: planned, losing nothing, or at once because the primary may be lost.

Cut off at any point and called again with the same node, both finish what was begun.
"""

from __future__ import annotations

from collections.abc import Callable

from components.local.host.errors import LocalError, Refusal
from components.local.host.files import write_file
from components.local.host.postgres import election, failover, postmaster
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server

FENCE_SECONDS = 5.0
"""How long a primary that still lives may take to shut down in a failover before it is killed."""

COMPLETE_SECONDS = 10.0
"""How long a standby may take to have what a primary that ended in order sent last; on an idle machine it is there at once."""

Say = Callable[[str], None]


def switch_over(cluster: Cluster, server: Server, say: Say) -> None:
    """Make the standby *server* the primary without losing anything; the former primary follows it afterwards.

    :raises Refusal: the primary is not there to be asked, or *server* does not have all of it. The primary is then unchanged.
    """
    former = election.primary(cluster)
    if former is None:
        raise Refusal(f"no node of the cluster in {cluster.directory} holds a primary's data, so only a failover is possible.")
    if former.spec.node == server.spec.node:
        _follow_all(cluster, server, say)
        return
    _require_standby(server)
    if former.process() is not None:
        with former.connect() as session:
            session.execute("checkpoint")  # now, while it still serves: the one at its end is then short
        say(f"{former.spec.node} stops, {server.spec.node} takes over")
        failover.promote(cluster, server, keep_former=False)
    elif _is_complete(server, former):  # a switchover that was cut off here
        say(f"{former.spec.node} has stopped in order, {server.spec.node} takes over")
        server.promote()
    else:
        raise Refusal(
            f"{former.spec.node}, the primary, does not run and may hold writes that {server.spec.node} lacks; "
            "bring it back with `make up`, or fail over and lose them."
        )
    _follow_all(cluster, server, say, complete=former)


def fail_over(cluster: Cluster, server: Server, say: Say) -> None:
    """Make the standby *server* the primary at once. The former primary is fenced first, so that there are never two.

    What the former primary had not sent is set aside with its data when it becomes a standby.

    :raises Refusal: *server* is no running standby; the primary is then unchanged.
    """
    former = election.primary(cluster)
    if former is not None and former.spec.node == server.spec.node:
        _follow_all(cluster, server, say)
        return
    _require_standby(server)
    complete = False
    if former is not None:
        say(f"{former.spec.node} is stopped")
        postmaster.fence(former.spec.data, FENCE_SECONDS)
        complete = _is_complete(server, former)
    for peer in cluster.peers(server.spec):
        if peer.data_major() is None:
            postmaster.kill_orphans(peer.spec.folder)  # it may still serve files that were deleted under it
    say(f"{server.spec.node} takes over")
    server.promote()
    _follow_all(cluster, server, say, complete=former if complete else None)


def _require_standby(server: Server) -> None:
    if server.process() is None or not server.is_standby():
        raise Refusal(f"{server.spec.node} is not a running standby, so it cannot take over; `make up` brings it back.")


def _is_complete(server: Server, former: Server) -> bool:
    """Whether the stopped *former* ended in order and *server* has all that it wrote."""
    try:
        ended = former.control().get("Database cluster state") == "shut down"
        return ended and failover.has_all(server, former, seconds=COMPLETE_SECONDS)
    except LocalError:  # data that cannot be read holds nothing that could be waited for
        return False


def _follow_all(cluster: Cluster, leader: Server, say: Say, *, complete: Server | None = None) -> None:
    """Make every node with data follow *leader*; *complete* needs no new copy. Writes flow already: a failure is only told."""
    if leader.process() is None:
        leader.start()
    for peer in cluster.peers(leader.spec):
        if peer.data_major() is None:
            continue
        try:
            if complete is not None and peer.spec.node == complete.spec.node:
                write_file(peer.spec.data / "standby.signal", "", owner=peer.account)
            failover.follow(cluster, peer, leader)
            say(f"{peer.spec.node} follows {leader.spec.node}")
        except LocalError as error:
            say(f"{peer.spec.node} does not follow yet, `make up` mends that: {error}")
