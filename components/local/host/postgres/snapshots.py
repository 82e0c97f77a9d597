"""Base backups of a local cluster, what a storage snapshot is on a cloud: ``<cluster>/snapshots/<name>``, whole or not there.

.copies.lock                 held while a snapshot or a copy is made or removed
snapshots/                   0700, the PostgreSQL user's
    <name>/data/             what pg_basebackup wrote, checked by pg_verifybackup
    <name>/snapshot.json     when, how large, and of which node; written last
    .<name>.<random>/        one in the making, or left by one that was cut off
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from components.local.host.errors import LocalError, Refusal
from components.local.host.files import locked, make_folder, write_file
from components.local.host.jsonfile import read_json
from components.local.host.postgres import datadir, disk, election, internal_roles
from components.local.host.postgres.accounts import postgres_account
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server
from components.local.host.postgres.spec import NodeSpec

NAME = re.compile(r"[a-z][a-z0-9-]{0,99}")
"""Names of snapshots and copies, which are folders."""


@dataclass(frozen=True, kw_only=True)
class BaseBackup:
    """One that is whole."""

    name: str
    created: datetime
    bytes: int
    source: NodeSpec
    """The node it was taken of, as it was then."""
    data: Path


@contextlib.contextmanager
def lock(cluster: Cluster) -> Iterator[None]:
    """Held while a snapshot or a copy is made or removed. Not reentrant."""
    with disk.guarded(cluster.directory), locked(cluster.directory / ".copies.lock"):
        yield


def require_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Refusal(f"{name!r} is no name for a snapshot or a copy; use up to 100 small letters, digits and hyphens.")


def found(cluster: Cluster) -> list[BaseBackup]:
    """Newest first."""
    backups = [_read(path) for path in _folder(cluster).glob("[!.]*/snapshot.json")]
    return sorted(backups, key=lambda backup: backup.created, reverse=True)


def one(cluster: Cluster, name: str) -> BaseBackup:
    """:raises Refusal: there is none of that name; the sentence lists those that are there."""
    there = found(cluster)
    for backup in there:
        if backup.name == name:
            return backup
    names = ", ".join(backup.name for backup in there) or "none"
    raise Refusal(f"there is no snapshot {name!r} of this database (there: {names}).")


def take(cluster: Cluster, name: str) -> BaseBackup:
    """Copy the running primary, verified. One of that name that is there is returned as it is.

    :raises LocalError: no primary runs, or the copy failed; nothing is left of it then.
    """
    require_name(name)
    with lock(cluster):
        folder = _folder(cluster)
        if (folder / name).exists():
            return one(cluster, name)
        leader = _leader(cluster)
        make_folder(folder, mode=0o700, owner=postgres_account())
        _sweep(folder)
        # Of a name of its own: pg_basebackup outlives us when we are killed, and writes on.
        scratch = folder / f".{name}.{secrets.token_hex(4)}"
        make_folder(scratch, mode=0o700, owner=leader.account)
        try:
            created = datetime.now(UTC)
            _fill(leader, scratch / "data")
            record = {
                "created": created.isoformat(),
                "bytes": sum(path.stat().st_size for path in (scratch / "data").rglob("*") if path.is_file()),
                "source": json.loads(leader.spec.to_json()),
            }
            write_file(scratch / "snapshot.json", json.dumps(record) + "\n")
            scratch.rename(folder / name)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise
        return one(cluster, name)


def delete(cluster: Cluster, name: str) -> None:
    """:raises Refusal: there is none of that name."""
    with lock(cluster):
        backup = one(cluster, name)
        backup.data.parent.rename(_folder(cluster) / f".{name}.{secrets.token_hex(4)}")
        _sweep(_folder(cluster))


def _fill(leader: Server, target: Path) -> None:
    datadir.prepare_folder(leader)
    internal_roles.ensure(leader)
    datadir.run_basebackup(leader, leader, target)
    binaries = leader.binaries
    answer = leader.account.run([binaries.tool("pg_verifybackup"), "--quiet", target], cwd=leader.spec.folder)
    if answer.returncode != 0:
        raise leader.failure("gave a snapshot that is not whole", answer.stderr)


def _leader(cluster: Cluster) -> Server:
    leader = election.primary(cluster)
    if leader is None or leader.process() is None:
        raise LocalError(f"no primary of the cluster in {cluster.directory} runs; run `make up` to bring it back.")
    return leader


def _folder(cluster: Cluster) -> Path:
    return cluster.directory / "snapshots"


def _sweep(folder: Path) -> None:
    for path in folder.glob(".*"):
        shutil.rmtree(path, ignore_errors=True)


def _read(file: Path) -> BaseBackup:
    record = read_json(file)
    if record is None:
        raise LocalError(f"{file} cannot be read; delete the snapshot {file.parent}.")
    return BaseBackup(
        name=file.parent.name,
        created=datetime.fromisoformat(record["created"]),
        bytes=int(record["bytes"]),
        source=NodeSpec.from_json(json.dumps(record["source"])),
        data=file.parent / "data",
    )
