"""One application's database on a local cluster: roles, database, secret files, and the psql command to paste."""

from __future__ import annotations

import contextlib
import json
import secrets as random
import shlex
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg
from psycopg.conninfo import make_conninfo

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.files import make_folder, write_file
from components.local.host.postgres import disk, election, internal_roles
from components.local.host.postgres.binaries import find_binaries
from components.local.host.postgres.cluster import Cluster
from components.local.host.postgres.server import Server
from operations import role_names, roles

STANDBY_SECONDS = 5.0
"""How long a standby that is far behind is waited for; it serves readers as soon as it has caught up."""


@dataclass(frozen=True, kw_only=True)
class DatabaseSpec:
    """A database and its two users, as wanted."""

    cluster_dir: Path
    """Folder of the cluster."""
    app: str
    """Name of the application; its roles are named after it."""
    dbname: str
    """Name of the database."""
    hosts: tuple[str, ...]
    """Addresses of all nodes, the primary first: a client that does not ask for a role takes the first that answers."""
    port: int
    """Port of all nodes."""
    secrets_dir: Path
    """Folder of the secret files, ``<stack>/secrets/<app>/<environment>``."""
    password_version: int = 1
    """Raised to get new passwords."""

    @property
    def secret(self) -> Path:
        """The application user's secret file."""
        return self.secrets_dir / "db.json"

    @property
    def admin_secret(self) -> Path:
        """The admin user's secret file."""
        return self.secrets_dir / "db-admin.json"

    @property
    def pgpass(self) -> Path:
        """libpq password file with both users, for psql and pg_dump."""
        return self.secrets_dir / "pgpass"

    @property
    def ca(self) -> Path:
        return Cluster(directory=self.cluster_dir).ca

    @property
    def record(self) -> Path:
        return self.cluster_dir / "databases" / f"{self.dbname}.json"


def ensure(spec: DatabaseSpec) -> None:
    """Make database, roles, rights and secret files; all of it can be repeated. Working passwords are kept.

    New passwords are set when *password_version* differs from the one last set, or the secret files are gone.

    :raises LocalError: the cluster has no running primary.
    """
    cluster = Cluster(directory=spec.cluster_dir)
    with disk.guarded(spec.secrets_dir), cluster.lock():
        leader = _leader(cluster)
        internal_roles.ensure(leader)
        fresh = _version(spec) != spec.password_version
        admin, app = role_names.admin_role(spec.app), role_names.application_role(spec.app)
        admin_password = _password(spec.admin_secret, admin, fresh)
        user = _user(spec.secret, app, fresh)
        app_password = _password(spec.secret, user, fresh)
        make_folder(spec.secrets_dir, mode=0o700)
        try:
            with leader.connect() as connection:
                roles.ensure_admin_role(connection, role=admin, password=admin_password)
                roles.ensure_database(connection, dbname=spec.dbname, owner=admin)
                roles.ensure_restore_rights(connection, role=admin, maintenance="postgres")
            with leader.connect(spec.dbname) as connection:
                roles.ensure_schema_rights(connection, owner=admin)
                _ensure_application(connection, spec, user, app_password)
                _await_standbys(connection)
        except psycopg.Error as error:
            raise LocalError(f"database {spec.dbname} could not be made on {leader.spec.node}: {error}") from None
        # Right after the server: a client that reads the old file in between is refused, and reads again.
        _write_secret(spec, spec.secret, user, app_password)
        _write_secret(spec, spec.admin_secret, admin, admin_password)
        _write_pgpass(spec, {admin: admin_password, user: app_password})
        make_folder(spec.record.parent, mode=0o700)
        write_file(spec.record, json.dumps({"password_version": spec.password_version}) + "\n")


def is_whole(spec: DatabaseSpec) -> bool:
    """Whether everything that :func:`ensure` makes is there as *spec* says, judged by files alone."""
    try:
        found = [secrets.read(path) for path in (spec.secret, spec.admin_secret)]
    except LocalError:
        return False
    place = (",".join(spec.hosts), str(spec.port), spec.dbname)
    good = all((values.get("host"), values.get("port"), values.get("dbname")) == place for values in found)
    return good and spec.pgpass.exists() and _version(spec) == spec.password_version


def remove(spec: DatabaseSpec) -> None:
    """Drop the database and its roles where a primary runs, and delete the secret files."""
    cluster = Cluster(directory=spec.cluster_dir)
    if spec.cluster_dir.exists():
        with cluster.lock():
            leader = election.primary(cluster)
            if leader is not None and leader.process() is not None:
                _drop(spec, leader)
        spec.record.unlink(missing_ok=True)
    remove_secrets(spec)


def remove_secrets(spec: DatabaseSpec) -> None:
    """Delete the secret files, those of a rotation under way too, and their folder when it is empty then."""
    proposals = [path.with_name(f"{path.stem}-next.json") for path in (spec.secret, spec.admin_secret)]
    for path in (spec.secret, spec.admin_secret, spec.pgpass, *proposals):
        path.unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        spec.secrets_dir.rmdir()


def psql_command(spec: DatabaseSpec, *, version: int, home: Path, user: str | None = None) -> str:
    """A command to paste into a shell: psql as the admin (or *user*) on whichever node takes writes, without typing a password.

    :param version: major version of the cluster, to name a psql that is there.
    """
    conninfo = make_conninfo(
        "",
        host=",".join(spec.hosts),
        port=spec.port,
        dbname=spec.dbname,
        user=user or role_names.admin_role(spec.app),
        sslmode="verify-full",
        sslrootcert=str(spec.ca),
        target_session_attrs="read-write",
    )
    psql = find_binaries(version, home).tool("psql")
    return f"PGPASSFILE={shlex.quote(str(spec.pgpass))} {shlex.quote(str(psql))} {shlex.quote(conninfo)}"


def url(spec: DatabaseSpec, user: str, password: str) -> str:
    """libpq's connection URL, which urllib parses too: many hosts therefore go into the query."""
    tls = f"sslmode=verify-full&sslrootcert={quote(str(spec.ca), safe='/')}"
    login = f"postgresql://{quote(user, safe='')}:{quote(password, safe='')}@"
    if len(spec.hosts) == 1:
        return f"{login}{spec.hosts[0]}:{spec.port}/{spec.dbname}?{tls}"
    hosts = ",".join(spec.hosts)
    return f"{login}/{spec.dbname}?host={hosts}&port={spec.port}&target_session_attrs=read-write&{tls}"


def _await_standbys(connection: psycopg.Connection[tuple[Any, ...]]) -> None:
    """Let the standbys hear of the database: one that has not yet would send its first clients to the primary."""
    here = connection.execute("select pg_current_wal_lsn()").fetchone()
    deadline = time.monotonic() + STANDBY_SECONDS
    while time.monotonic() < deadline:
        behind = connection.execute("select from pg_stat_replication where replay_lsn < %s::pg_lsn limit 1", here).fetchone()
        if behind is None:
            return
        time.sleep(0.02)


def _leader(cluster: Cluster) -> Server:
    leader = election.primary(cluster)
    if leader is None or leader.process() is None:
        raise LocalError(f"no primary of the cluster in {cluster.directory} runs; run `make up` to bring it back.")
    return leader


def _version(spec: DatabaseSpec) -> int | None:
    try:
        return int(json.loads(spec.record.read_text())["password_version"])
    except (FileNotFoundError, ValueError, KeyError):
        return None


def _password(path: Path, user: str, fresh: bool) -> str:
    if not fresh and path.exists():
        values = secrets.read(path)
        if values.get("username") == user and values.get("password"):
            return values["password"]
    return random.token_urlsafe(24)


def _user(path: Path, app: str, fresh: bool) -> str:
    """Which of the application's two users logs in: the one that the last rotation left in the secret."""
    clone = role_names.other(app)
    return clone if not fresh and path.exists() and secrets.read(path).get("username") == clone else app


def _ensure_application(connection: psycopg.Connection[tuple[Any, ...]], spec: DatabaseSpec, user: str, password: str) -> None:
    """The application's first user, which has the rights, and the clone where it is the *user* whose turn it is."""
    app, admin = role_names.application_role(spec.app), role_names.admin_role(spec.app)
    if user == app or not roles.exists(connection, app):
        first = password if user == app else random.token_urlsafe(24)
        roles.ensure_application_role(connection, role=app, password=first, admin=admin, dbname=spec.dbname)
    else:
        roles.grant_application_rights(connection, role=app, admin=admin, dbname=spec.dbname)
    if user != app:
        roles.ensure_clone(connection, role=user, password=password, of=app)
    for role in [app, user]:
        roles.let_manage(connection, role=role, by=admin)


def _write_secret(spec: DatabaseSpec, path: Path, user: str, password: str) -> None:
    values: dict[str, str | int] = {
        "username": user,
        "password": password,
        "host": ",".join(spec.hosts),
        "port": spec.port,
        "dbname": spec.dbname,
        "url": url(spec, user, password),
    }
    secrets.write(path, values)


def _write_pgpass(spec: DatabaseSpec, passwords: dict[str, str]) -> None:
    lines = [f"{host}:{spec.port}:*:{user}:{password}\n" for user, password in passwords.items() for host in spec.hosts]
    write_file(spec.pgpass, "".join(lines))


def _drop(spec: DatabaseSpec, leader: Server) -> None:
    with leader.connect() as connection:
        app = role_names.application_role(spec.app)
        users = [role_names.other(app), app]
        roles.drop(connection, dbname=spec.dbname, owner=role_names.admin_role(spec.app), users=users)
