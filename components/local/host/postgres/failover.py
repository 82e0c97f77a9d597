"""Changing who is the primary, and making every other node follow it."""

from __future__ import annotations

import contextlib
import re
import shutil
import time

import psycopg

from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.postgres import configuration, datadir, internal_roles, postmaster
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.election import primary
from components.local.host.postgres.server import Server, last_complaint
from components.local.host.postgres.settle import settle

STREAM_SECONDS = 15
"""How long a standby is given to catch up with its primary."""

_MISSING_WAL = re.compile(r"requested WAL segment \S+ has already been removed")
_OTHER_HISTORY = re.compile(
    r"requested timeline \d+ is not a child|forked off current database system timeline|is not in this server's history"
    r"|highest timeline \d+ of the primary is behind|is ahead of the WAL flush position|database system identifier differs"
)


def follow(cluster: Cluster, server: Server, leader: Server) -> None:
    """Make *server* a standby of *leader* that streams: as it is where that works, else from a fresh copy.

    A former primary is fenced (stopped) and its data kept aside; so is a standby's that knows more than the leader. A standby
    that only lacks WAL which the leader has dropped holds nothing of its own, and its data is replaced.
    While the leader is down, a standby is started and waits for it.
    """
    if server.data_major() is not None and not server.is_standby():
        server.stop()
        datadir.set_aside(server, "diverged")
    if server.data_major() is None:
        _copy(cluster, server, leader)
        return
    problem = _try_to_stream(cluster, server, leader)
    if problem is None:
        return
    server.stop()
    if _MISSING_WAL.search(problem):
        shutil.rmtree(server.spec.data)
    else:
        datadir.set_aside(server, "diverged")
    _copy(cluster, server, leader)


def promote(cluster: Cluster, server: Server, *, keep_former: bool = True) -> None:
    """Make the standby *server* the primary.

    A living primary is stopped cleanly first, so that no acknowledged write is lost, and follows as a standby afterwards. A dead
    one is left as it is; its next ``ensure`` makes it a standby.

    :param keep_former: False leaves the former primary stopped.
    :raises LocalError: the standby does not run, or has not received everything; the primary is then unchanged.
    """
    former = primary(cluster)
    if former is not None and former.spec.node == server.spec.node:
        settle(cluster, server)
        return
    if server.process() is None or not server.is_standby():
        raise LocalError(f"{server.spec.node} is not a running standby, so it cannot be promoted; run `make up` first.")
    alive = former is not None and former.process() is not None
    if former is not None and alive:
        problem = _await_stream(server, former, _log_size(server))
        if problem is not None:
            raise LocalError(f"{server.spec.node} is not in step with {former.spec.node}, so it is not promoted: {problem}")
        former.stop()
        if not has_all(server, former):
            former.start()
            raise LocalError(f"{server.spec.node} had not received all of {former.spec.node}'s writes; the primary is unchanged.")
    elif former is not None:
        postmaster.kill_orphans(former.spec.data)
    server.promote()
    if former is not None and alive and keep_former:
        write_file(former.spec.data / "standby.signal", "", owner=former.account)
        follow(cluster, former, server)


def hand_over(cluster: Cluster, leaving: Server) -> None:
    """Before *leaving* is removed: if it is the primary and standbys are there, one of them takes over."""
    current = primary(cluster)
    if current is None or current.spec.node != leaving.spec.node:
        return
    heirs = [peer for peer in cluster.peers(leaving.spec) if peer.data_major() is not None and peer.is_standby()]
    if not heirs:
        return
    heir = next((peer for peer in heirs if peer.process() is not None), heirs[0])
    if current.process() is None:
        # Its last writes may not have been sent yet. Where it cannot start, the heir has all there is.
        with contextlib.suppress(LocalError):
            current.start()
    if heir.process() is None:
        heir.start()
    promote(cluster, heir, keep_former=False)


def _copy(cluster: Cluster, server: Server, leader: Server) -> None:
    if leader.process() is None:
        leader.start()
    text = configuration.render(configuration.effective(server.spec, [peer.spec for peer in cluster.peers(server.spec)]))
    configuration.validate(text, spec=server.spec, binaries=server.binaries, account=server.account)
    internal_roles.ensure(leader)
    datadir.clone(server, leader, text)
    offset = _log_size(server)
    try:
        settle(cluster, server)
        problem = _await_stream(server, leader, offset)
        if problem is not None:
            raise LocalError(f"{server.spec.node} does not stream from {leader.spec.node}: {problem} (log: {server.spec.log})")
    except BaseException:
        server.stop()
        shutil.rmtree(server.spec.data, ignore_errors=True)
        raise


def _try_to_stream(cluster: Cluster, server: Server, leader: Server) -> str | None:
    """Start *server* as it is. The reason if its data is of no use as *leader*'s standby; None if it streams or waits.

    :raises LocalError: it fails for another reason, such as a taken port: its data is not to blame.
    """
    offset = _log_size(server)
    try:
        settle(cluster, server)
    except LocalError as error:
        if leader.process() is not None and _OTHER_HISTORY.search(str(error)):
            return str(error)
        raise
    if leader.process() is None:
        return None
    problem = _await_stream(server, leader, offset)
    if problem is not None and not (_MISSING_WAL.search(problem) or _OTHER_HISTORY.search(problem)):
        raise LocalError(f"{server.spec.node} does not stream from {leader.spec.node}: {problem} (log: {server.spec.log})")
    return problem


def _await_stream(server: Server, leader: Server, offset: int) -> str | None:
    """Wait until *leader* says that *server* streams. Else the reason, from *server*'s log after *offset* bytes."""
    deadline = time.monotonic() + STREAM_SECONDS
    with leader.connect() as connection:
        while True:
            query = "select state from pg_stat_replication where application_name = %s"
            states = {row[0] for row in connection.execute(query, [server.spec.node])}
            if "streaming" in states and _receives(server, leader.timeline()):
                return None
            text = _log_after(server, offset)
            for pattern in (_MISSING_WAL, _OTHER_HISTORY):
                match = pattern.search(text)
                if match:
                    return match[0]
            if time.monotonic() > deadline:
                # Still catching up is slow, not broken.
                return None if states else last_complaint(server.spec.log, offset) or "no reason given"
            time.sleep(0.05)


def _receives(server: Server, timeline: int) -> bool:
    """Whether *server* receives *timeline*. One that knows more than its leader streams the end of their common past first."""
    not_yet = (LocalError, psycopg.OperationalError)  # it may not take connections so far
    with contextlib.suppress(*not_yet), server.connect() as connection:
        row = connection.execute("select received_tli from pg_stat_wal_receiver").fetchone()
        return row is not None and row[0] == timeline
    return False


def has_all(server: Server, former: Server, seconds: float = 5) -> bool:
    """Whether *server* has the shutdown checkpoint of the cleanly stopped *former*, which is the last it wrote.

    :param seconds: how long to wait for the last of it.
    """
    last = former.control()["Latest checkpoint location"]
    deadline = time.monotonic() + seconds
    with server.connect() as connection:
        while True:
            row = connection.execute("select pg_last_wal_receive_lsn() > %s::pg_lsn", [last]).fetchone()
            if row and row[0]:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)


def _log_size(server: Server) -> int:
    return server.spec.log.stat().st_size if server.spec.log.exists() else 0


def _log_after(server: Server, offset: int) -> str:
    with server.spec.log.open(errors="replace") as file:
        file.seek(offset)
        return file.read()
