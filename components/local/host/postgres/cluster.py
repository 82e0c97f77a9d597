"""What the nodes of one cluster share: certificates, passwords, the register of nodes, and one lock.

.<cluster_dir>.lock              beside it; held while anything is changed
<cluster_dir>/                   0755
    superuser.password           0600, ours; used only by this program
    replicator.password          0600, ours
    tls/ca.crt server.crt        0644
    tls/ca.key                   0600, ours
    tls/server.key               0600, the PostgreSQL user's
    nodes/<node>/                0700, the PostgreSQL user's
        node.json                how the node is meant to be; how its peers find it
        replication.pgpass       0600
        data/                    PGDATA
        data.diverged-<time>/    what a former primary had when it was replaced; never deleted by ``ensure``
        data.pg<major>/          what a major upgrade left
    databases/<name>.json        0600, which password version is set
"""

from __future__ import annotations

import contextlib
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.files import locked, make_folder, write_file
from components.local.host.postgres import disk, postmaster, tls
from components.local.host.postgres.accounts import Account, postgres_account
from components.local.host.postgres.server import Server
from components.local.host.postgres.spec import NodeSpec

PASSWORD_FILES = ("superuser.password", "replicator.password")


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """The folder of one cluster."""

    directory: Path

    @contextlib.contextmanager
    def lock(self) -> Iterator[None]:
        """Held by everything that changes the cluster, across threads and processes. Not reentrant."""
        with locked(self.directory.parent / f".{self.directory.name}.lock"):
            yield

    @property
    def ca(self) -> Path:
        """The CA certificate, for clients' sslrootcert."""
        return tls.ca_certificate(self.directory / "tls")

    def servers(self) -> list[Server]:
        """All registered nodes, by address."""
        specs = []
        for file in (self.directory / "nodes").glob("*/node.json"):
            with contextlib.suppress(FileNotFoundError):  # looked at while the node is removed
                specs.append(NodeSpec.from_json(file.read_text()))
        return [Server(spec) for spec in sorted(specs, key=lambda spec: [int(part) for part in spec.address.split(".")])]

    def peers(self, spec: NodeSpec) -> list[Server]:
        """All registered nodes but *spec*'s."""
        return [server for server in self.servers() if server.spec.node != spec.node]

    def is_whole(self) -> bool:
        """Whether passwords and certificates are there, the latter for :data:`tls.RENEW_DAYS` more."""
        return all((self.directory / name).exists() for name in PASSWORD_FILES) and tls.is_good(self.directory / "tls")


def ensure(directory: Path) -> Cluster:
    """Make what is missing of the cluster's own files, renew certificates near their end. Servers reload new certificates.

    :raises LocalError: the PostgreSQL user cannot enter *directory*, or the superuser's password is gone while data is there.
    """
    cluster, account = Cluster(directory=directory), postgres_account()
    with disk.guarded(directory), cluster.lock():
        make_folder(directory)
        _require_entry(directory, account)
        make_folder(directory / "nodes")
        _ensure_passwords(cluster)
        if tls.ensure(directory / "tls", account):
            for server in cluster.servers():
                server.hang_up()
    return cluster


def remove(directory: Path) -> None:
    """Stop whatever still runs in the cluster and remove its folder, data included."""
    cluster = Cluster(directory=directory)
    if not directory.exists():
        postmaster.kill_orphans(directory)  # the folder was deleted under running servers
        return
    with cluster.lock():
        for server in cluster.servers():
            server.stop()
        postmaster.kill_orphans(directory)
        shutil.rmtree(directory)
    (directory.parent / f".{directory.name}.lock").unlink(missing_ok=True)


def _require_entry(directory: Path, account: Account) -> None:
    if not account.can_enter(directory):
        raise LocalError(
            f"PostgreSQL runs as the user {account.name}, who cannot enter {directory}; allow it (chmod o+x on every folder "
            f"above it) or put the data elsewhere."
        )


def _ensure_passwords(cluster: Cluster) -> None:
    for name in PASSWORD_FILES:
        path = cluster.directory / name
        if path.exists():
            continue
        if any(server.data_major() is not None for server in cluster.servers()):
            raise LocalError(f"{path} is gone, without which the data below {path.parent} cannot be managed; restore the file.")
        write_file(path, secrets.token_urlsafe(24) + "\n")
