"""Databases beside the database: a snapshot that was restored, or a standby that became one of its own.

<cluster>/copies/<name>.json     the mark: written before anything else, removed after everything else
<cluster>/copies/<name>/         a cluster of its own with one node, on a port of its own
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from components.local.host.errors import LocalError, Refusal
from components.local.host.files import make_folder, write_file
from components.local.host.jsonfile import read_json, write_json
from components.local.host.postgres import cluster as clusters
from components.local.host.postgres import configuration, datadir, election, node, snapshots
from components.local.host.postgres.cluster import PASSWORD_FILES, Cluster
from components.local.host.postgres.server import Server
from components.local.host.postgres.spec import NodeSpec

ADDRESS = "127.0.0.1"
CATCH_UP_SECONDS = 15.0
"""How long a standby is given to replay what its primary has, before it goes its own way."""


@dataclass(frozen=True, kw_only=True)
class LocalCopy:
    """A copy, as found."""

    name: str
    purpose: Literal["restore", "drill"]
    created: datetime
    source: str
    """The snapshot or the node that it was made of."""
    state: str
    """A node's status, or ``unfinished``."""
    ready: bool
    port: int = 0
    cluster: Cluster


def found(cluster: Cluster) -> list[LocalCopy]:
    """All there are, unfinished ones included, oldest first."""
    return sorted((_look(path) for path in _folder(cluster).glob("*.json")), key=lambda copy: copy.created)


def restore(cluster: Cluster, snapshot: str, name: str, purpose: Literal["restore", "drill"]) -> LocalCopy:
    """A running copy of *snapshot*, called *name*. One in the making is finished, a finished one started.

    :raises LocalError: the name is taken by a copy of something else, or the server's own reason. Call again, or :func:`delete`.
    """
    with snapshots.lock(cluster):
        backup = snapshots.one(cluster, snapshot)
        with _made(cluster, name, purpose, of=snapshot, like=backup.source) as server:
            if server.data_major() is None:
                datadir.restore(server, backup.data, _configuration(server))
    return _look(_mark(cluster, name))


def detach(cluster: Cluster, server: Server, name: str) -> LocalCopy:
    """Make the standby *server* a database of its own, called *name*. The cluster's node is then without data.

    :raises Refusal: it is no running standby, or does not catch up with its primary; it then follows as before.
    """
    with snapshots.lock(cluster), cluster.lock():
        if not _mark(cluster, name).exists():
            _require_standby(server)
            _catch_up(cluster, server)
        with _made(cluster, name, "restore", of=server.spec.node, like=server.spec) as own:
            if own.data_major() is None:
                if not server.is_standby():  # begun before, and promoted or removed since
                    raise LocalError(f"{server.spec.node} is no standby any more; delete the unfinished copy {name}.")
                server.stop()
                configuration.write(server.spec.data, _configuration(own), server.account)
                server.spec.data.rename(own.spec.data)
    return _look(_mark(cluster, name))


def delete(cluster: Cluster, name: str) -> None:
    """Stop and remove the copy, its data included. An unfinished one too.

    :raises Refusal: there is no copy of that name.
    """
    with snapshots.lock(cluster):
        mark = _mark(cluster, name)
        if not mark.exists():
            names = ", ".join(copy.name for copy in found(cluster)) or "none"
            raise Refusal(f"there is no copy {name!r} of this database (there: {names}).")
        clusters.remove(_folder(cluster) / name)
        mark.unlink()


@contextlib.contextmanager
def _made(cluster: Cluster, name: str, purpose: str, *, of: str, like: NodeSpec) -> Iterator[Server]:
    """The copy's folder and mark; the block puts the data in place; then the server runs and the mark says so."""
    snapshots.require_name(name)
    mark = _mark(cluster, name)
    record: dict[str, Any] = read_json(mark) or {}
    if record and (record["source"], record["purpose"]) != (of, purpose):
        raise Refusal(f"the copy {name} is there already and was made of {record['source']}; choose another name or delete it.")
    if not record:
        record = {"purpose": purpose, "source": of, "created": datetime.now(UTC).isoformat(), "ready": False}
        make_folder(mark.parent)
        write_json(mark, record)
    directory = mark.with_suffix("")
    make_folder(directory)
    for secret in PASSWORD_FILES:  # its data knows these, and no others
        write_file(directory / secret, (cluster.directory / secret).read_text())
    clusters.ensure(directory)
    server = _server(directory, like)
    datadir.prepare_folder(server)
    yield server
    node.ensure(server.spec)
    write_json(mark, {**record, "ready": True})


def _server(directory: Path, like: NodeSpec) -> Server:
    """The node of the copy: as it was begun, else like its source, on a free port."""
    begun = Cluster(directory=directory).servers()
    if begun:
        return begun[0]
    log = directory / "server.log"
    spec = replace(like, cluster_dir=directory, node="node-1", address=ADDRESS, port=_free_port(), log=log)
    return Server(spec)


def _configuration(server: Server) -> str:
    return configuration.render(configuration.effective(server.spec, []))


def _require_standby(server: Server) -> None:
    if server.process() is None or not server.is_standby():
        raise Refusal(f"{server.spec.node} is not a running standby, so it cannot become a database of its own.")


def _catch_up(cluster: Cluster, server: Server) -> None:
    leader = election.primary(cluster)
    if leader is None or leader.process() is None:
        return
    with leader.connect() as connection:
        position = connection.execute("select pg_current_wal_lsn()::text").fetchone()
    deadline = time.monotonic() + CATCH_UP_SECONDS
    with server.connect() as connection:
        while True:
            row = connection.execute("select pg_last_wal_replay_lsn() >= %s::pg_lsn", position).fetchone()
            if row and row[0]:
                return
            if time.monotonic() > deadline:
                raise Refusal(f"{server.spec.node} has not caught up with {leader.spec.node} in {CATCH_UP_SECONDS:g} seconds.")
            time.sleep(0.05)


def _look(mark: Path) -> LocalCopy:
    record = read_json(mark)
    if record is None:
        raise LocalError(f"{mark} cannot be read; stop and delete {mark.with_suffix('')}, then the file.")
    own = Cluster(directory=mark.with_suffix(""))
    servers = own.servers()
    state = node.observe(servers[0].spec).status if servers and record["ready"] else "unfinished"
    return LocalCopy(
        name=mark.stem,
        purpose=record["purpose"],
        created=datetime.fromisoformat(record["created"]),
        source=record["source"],
        state=state,
        ready=state == "running",
        port=servers[0].spec.port if servers else 0,
        cluster=own,
    )


def _mark(cluster: Cluster, name: str) -> Path:
    return _folder(cluster) / f"{name}.json"


def _folder(cluster: Cluster) -> Path:
    return cluster.directory / "copies"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])
