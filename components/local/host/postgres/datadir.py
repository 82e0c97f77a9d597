"""Making data directories: a new one by initdb, a copy of the primary's by pg_basebackup. Whole or not at all."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from components.local.host.files import make_folder, write_file
from components.local.host.postgres import configuration, tls
from components.local.host.postgres.binaries import Binaries
from components.local.host.postgres.server import Server


def prepare_folder(server: Server) -> None:
    """The node's folder and its password file for replication."""
    make_folder(server.spec.folder, mode=0o700, owner=server.account)
    password = (server.spec.cluster_dir / "replicator.password").read_text().strip()
    write_file(server.spec.folder / "replication.pgpass", f"*:*:*:replicator:{password}\n", owner=server.account)


def initialise(server: Server, text: str) -> None:
    """A new, empty primary with the configuration *text*: SCRAM, UTF-8, C.UTF-8, data checksums."""
    _build(server, lambda scratch: run_initdb(server, server.binaries, scratch), text, standby=False)


def clone(server: Server, source: Server, text: str) -> None:
    """A standby: a copy of the running primary *source*, with the configuration *text*."""
    _build(server, lambda scratch: run_basebackup(server, source, scratch), text, standby=True)


def restore(server: Server, source: Path, text: str) -> None:
    """A primary's data from the base backup in *source*, with the configuration *text*."""

    def fill(scratch: Path) -> None:
        # Within this process: a `cp` would outlive its killed parent, and write into what the next attempt makes.
        try:
            shutil.copytree(source, scratch, symlinks=True)
        except shutil.Error as error:
            raise server.failure("was not restored", str(error.args[0][0][2])) from None
        for path in (scratch, *scratch.rglob("*")):
            server.account.own(path)

    _build(server, fill, text, standby=False)


def set_aside(server: Server, reason: str) -> Path:
    """Rename the data directory of the stopped *server* to ``data.<reason>-<UTC time>`` and return the new path."""
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    target = server.spec.folder / f"data.{reason}-{stamp}"
    number = 1
    while target.exists():
        number += 1
        target = server.spec.folder / f"data.{reason}-{stamp}-{number}"
    return server.spec.data.rename(target)


def run_initdb(server: Server, binaries: Binaries, target: Path) -> None:
    """initdb into *target* with the cluster's superuser password, which goes through a 0600 file and never through argv."""
    secret = server.spec.folder / ".initdb-password"
    write_file(secret, (server.spec.cluster_dir / "superuser.password").read_text(), owner=server.account)
    try:
        _run(
            server,
            [
                *(binaries.tool("initdb"), "-D", target, "--username=postgres", f"--pwfile={secret}", "--auth=scram-sha-256"),
                *("--encoding=UTF8", "--data-checksums", *_locale(binaries.major)),
            ],
            binaries.environment,
            "was not initialised",
        )
    finally:
        secret.unlink(missing_ok=True)


def _locale(major: int) -> tuple[str, ...]:
    """C.UTF-8 sorts by code point: an upgrade of the C library never corrupts an index. PostgreSQL has its own from 17 on."""
    if major >= 17:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale=C.UTF-8",) if sys.platform == "linux" else ("--locale=C",)


def run_basebackup(server: Server, source: Server, target: Path) -> None:
    """pg_basebackup of the running *source* into *target*, as *server*'s user and with its password file."""
    spec = server.spec
    _run(
        server,
        [
            *(server.binaries.tool("pg_basebackup"), "-D", target, "--wal-method=stream", "--checkpoint=fast", "--no-password"),
            *("--host", source.spec.address, "--port", str(source.spec.port), "--username=replicator"),
        ],
        {
            "PGPASSFILE": str(spec.folder / "replication.pgpass"),
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(tls.ca_certificate(spec.tls)),
            "PGGSSENCMODE": "disable",
        },
        f"was not copied from {source.spec.node}",
    )


def _build(server: Server, fill: Callable[[Path], None], text: str, *, standby: bool) -> None:
    """Fill ``data.new``, configure it, rename it to ``data``: an interruption leaves nothing that looks like data."""
    scratch = server.spec.folder / "data.new"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        fill(scratch)
        signal = scratch / "standby.signal"
        if standby:
            write_file(signal, "", owner=server.account)
        configuration.write(scratch, text, server.account)
        scratch.rename(server.spec.data)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _run(server: Server, argv: list[str | Path], environment: dict[str, str], what: str) -> None:
    answer = server.account.run(argv, cwd=server.spec.folder, environment=environment)
    if answer.returncode != 0:
        lines = [line for line in answer.stderr.splitlines() if "error" in line.lower() or "fatal" in line.lower()]
        raise server.failure(what, " ".join(lines) or answer.stderr)
