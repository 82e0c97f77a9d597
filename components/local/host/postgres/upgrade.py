"""The major version of a node's data: refused, or upgraded by pg_upgrade where that is possible."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from components.local.host.errors import LocalError
from components.local.host.files import make_folder, write_file
from components.local.host.postgres import configuration, datadir
from components.local.host.postgres.binaries import Binaries, available, find_binaries
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server

_BY_DUMP = "dump the database with pg_dump, remove the stack and restore into a new one"


def require_binaries(server: Server) -> None:
    """:raises LocalError: the wanted version is not installed, or it is older than the data, which nothing can read then."""
    major, wanted = server.data_major(), server.spec.version
    if major is not None and major > wanted:
        raise LocalError(
            f"{server.spec.data} holds data of PostgreSQL {major} and database.version is {wanted}: PostgreSQL cannot go back to "
            f"an older major version; set database.version to '{major}', or {_BY_DUMP}."
        )
    find_binaries(wanted, server.spec.home)


def ensure_version(cluster: Cluster, server: Server) -> None:
    """Upgrade the data of a single node to the wanted major version by pg_upgrade, in copy mode; the old data stays beside it.

    :raises LocalError: there are other nodes, the old programs are missing, or pg_upgrade refuses; the data is as before.
    """
    major, wanted = server.data_major(), server.spec.version
    if major is None or major == wanted:
        return
    if any(peer.data_major() is not None for peer in cluster.peers(server.spec)):
        raise LocalError(
            f"a major upgrade from PostgreSQL {major} to {wanted} needs a single node: set database.readers to 0 (and "
            f"database.ha to false) first, upgrade, then add the readers again."
        )
    _upgrade(server, _old_binaries(server, major), server.binaries)


def _old_binaries(server: Server, major: int) -> Binaries:
    if not any(item.major == major for item in available()):
        raise LocalError(
            f"{server.spec.data} holds data of PostgreSQL {major} and database.version is {server.spec.version}: pg_upgrade "
            f"needs the programs of both and PostgreSQL {major} is not installed; install it (for example: apt-get install "
            f"postgresql-{major}), or set database.version to '{major}', or {_BY_DUMP}."
        )
    return find_binaries(major, server.spec.home)


def _upgrade(server: Server, old: Binaries, new: Binaries) -> None:
    spec = server.spec
    before = server.with_version(old.major)
    text = configuration.render(configuration.effective(spec, []))
    configuration.validate(text, spec=spec, binaries=new, account=server.account)
    if before.process() is None:
        before.start()  # replays what a crash left; pg_upgrade wants a clean shutdown
    before.stop()
    work = spec.folder / "upgrade"
    make_folder(work, mode=0o700, owner=server.account)
    fresh = spec.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        datadir.run_initdb(server, new, fresh)
        configuration.write(fresh, text, server.account)
        _run_pg_upgrade(server, old, new, fresh, work, check=True)
        _run_pg_upgrade(server, old, new, fresh, work, check=False)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        before.start()
        raise
    finally:
        shutil.rmtree(work, ignore_errors=True)
    aside = spec.folder / f"data.pg{old.major}"
    if aside.exists():
        aside = spec.folder / f"data.pg{old.major}.{aside.stat().st_mtime_ns}"
    spec.data.rename(aside)
    fresh.rename(spec.data)
    server.start()
    write_file(spec.folder / "applied.conf", text)
    _finish(server)


def _run_pg_upgrade(server: Server, old: Binaries, new: Binaries, fresh: Path, work: Path, *, check: bool) -> None:
    spec = server.spec
    password = (spec.cluster_dir / "superuser.password").read_text().strip()
    write_file(work / "pgpass", f"*:*:*:postgres:{password}\n", owner=server.account)
    # A socket's path may have 107 bytes, so it lies in a short folder of its own.
    with tempfile.TemporaryDirectory(prefix="pgup-", dir="/tmp") as sockets:
        server.account.own(Path(sockets))
        answer = server.account.run(
            [
                *(new.tool("pg_upgrade"), "--username=postgres", "--jobs=2", f"--socketdir={sockets}"),
                *("-b", old.folder, "-B", new.folder, "-d", spec.data, "-D", fresh, "-p", str(spec.port), "-P", str(spec.port)),
                *(["--check"] if check else []),
            ],
            cwd=work,
            environment={"PGPASSFILE": str(work / "pgpass"), **new.environment},
            seconds=3600,
        )
    if answer.returncode != 0:
        lines = [line.strip() for line in answer.stdout.splitlines() if line.strip()]
        start = next((number for number, line in enumerate(lines) if "fatal" in line.lower() or "fail" in line.lower()), -5)
        reason = " ".join([*lines[start:][:6], answer.stderr])
        raise server.failure(f"was not upgraded from {old.version} to {new.version}", reason)


def _finish(server: Server) -> None:
    """pg_upgrade leaves statistics and extensions behind."""
    with server.connect() as connection:
        names = [str(row[0]) for row in connection.execute("select datname from pg_database where datallowconn")]
    for name in names:
        with server.connect(name) as connection:
            present = connection.execute("select 1 from pg_extension where extname = 'pg_stat_statements'").fetchone()
            if present:
                connection.execute("alter extension pg_stat_statements update")
            connection.execute("analyze")
