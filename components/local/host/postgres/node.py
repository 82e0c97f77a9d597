"""One node of a cluster: make it so, look at it, remove it. These are what the Pulumi provider calls."""

from __future__ import annotations

import shutil

from components.local.host.errors import LocalError
from components.local.host.files import write_file
from components.local.host.postgres import configuration, datadir, disk, election, failover, internal_roles, postmaster, upgrade
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server
from components.local.host.postgres.settle import settle
from components.local.host.postgres.spec import NodeSpec, NodeState, Status


def ensure(spec: NodeSpec) -> NodeState:
    """Make the node run as *spec* says, from whatever state it is in; nothing happens when it already does.

    The first node of a cluster becomes the primary by initdb, every other one a standby by a copy of the primary. A primary
    comes back as what it was; one that was replaced by a promotion comes back as a standby, its old data kept aside.

    :raises LocalError: one sentence; the node and its data are then as before.
    """
    cluster, server = Cluster(directory=spec.cluster_dir), Server(spec)
    with disk.guarded(spec.cluster_dir), cluster.lock():
        upgrade.require_binaries(server)
        _require_one_version(cluster, spec)
        configuration.effective(spec, [])  # a name that is ours or none is refused before anything is made
        first = not (spec.folder / "node.json").exists()
        try:
            datadir.prepare_folder(server)
            if first:
                _register(spec)
            _converge(cluster, server)
        except LocalError:
            if first and server.data_major() is None:
                shutil.rmtree(spec.folder, ignore_errors=True)
            raise
        _register(spec)
        _tell_peers(cluster, spec)
        return observe(spec)


def observe(spec: NodeSpec) -> NodeState:
    """What the node is now, by files and processes only: no login, no lock, a few milliseconds."""
    cluster, server = Cluster(directory=spec.cluster_dir), Server(spec)
    major = server.data_major()
    if major is None:
        return NodeState(status="missing")
    process = server.process()
    return NodeState(
        status=_status(cluster, server, major, running=process is not None),
        role="standby" if server.is_standby() else "primary",
        version=major,
        pid=process.pid if process else None,
    )


def remove(spec: NodeSpec) -> None:
    """Stop the node and delete its folder. A primary with standbys hands over first, so the cluster lives on."""
    cluster, server = Cluster(directory=spec.cluster_dir), Server(spec)
    if not spec.cluster_dir.exists():
        postmaster.kill_orphans(spec.folder)  # the folder was deleted under a running server
        return
    with cluster.lock():
        failover.hand_over(cluster, server)
        server.stop()
        postmaster.kill_orphans(spec.folder)
        shutil.rmtree(spec.folder, ignore_errors=True)
        _tell_peers(cluster, spec)


def promote(spec: NodeSpec) -> NodeState:
    """Switch over to this standby: see :func:`components.local.host.postgres.failover.promote`."""
    cluster = Cluster(directory=spec.cluster_dir)
    with cluster.lock():
        failover.promote(cluster, Server(spec))
    return observe(spec)


def _converge(cluster: Cluster, server: Server) -> None:
    upgrade.ensure_version(cluster, server)
    primary = election.primary(cluster)
    if primary is None:
        primary = election.elect(cluster)
    if primary is None:
        _create_primary(cluster, server)
    elif primary.spec.node == server.spec.node:
        settle(cluster, server)
    else:
        failover.follow(cluster, server, primary)


def _create_primary(cluster: Cluster, server: Server) -> None:
    spec = server.spec
    text = configuration.render(configuration.effective(spec, [peer.spec for peer in cluster.peers(spec)]))
    configuration.validate(text, spec=spec, binaries=server.binaries, account=server.account)
    datadir.initialise(server, text)
    try:
        settle(cluster, server)
        internal_roles.ensure(server)
    except BaseException:
        server.stop()
        shutil.rmtree(spec.data, ignore_errors=True)  # made a moment ago, nobody has written to it
        raise


def _status(cluster: Cluster, server: Server, major: int, *, running: bool) -> Status:
    primary = election.primary(cluster)
    if primary is not None and primary.spec.node != server.spec.node:
        cut_off = server.is_standby() and running and primary.process() and not postmaster.receives(server.spec.data)
        if cut_off or not server.is_standby():
            return "diverged"
    if not running:
        return "stopped"
    peers = [peer.spec for peer in cluster.peers(server.spec)]
    wanted = configuration.render(configuration.effective(server.spec, peers))
    applied = server.spec.folder / "applied.conf"
    if major != server.spec.version or not applied.exists() or applied.read_text() != wanted:
        return "outdated"
    return "running"


def _register(spec: NodeSpec) -> None:
    write_file(spec.folder / "node.json", spec.to_json())


def _tell_peers(cluster: Cluster, spec: NodeSpec) -> None:
    """Running peers learn the changed list of nodes, which a standby needs to find a new primary. No restart."""
    for peer in cluster.peers(spec):
        if peer.process() is not None:
            settle(cluster, peer)


def _require_one_version(cluster: Cluster, spec: NodeSpec) -> None:
    for peer in cluster.peers(spec):
        major = peer.data_major()
        if major is not None and major != spec.version:
            raise LocalError(
                f"{spec.node} shall be PostgreSQL {spec.version} but {peer.spec.node} holds data of {major}; a major upgrade "
                f"needs a single node: set database.readers to 0 (and database.ha to false) first, upgrade, then add them again."
            )
