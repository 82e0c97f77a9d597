"""What the application's user may do, how clients must connect, and the files that say how."""

from __future__ import annotations

import json
import shlex
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from components.local.host import secrets
from components.local.host.errors import LocalError
from components.local.host.postgres import database, tls
from components.local.host.postgres.accounts import postgres_account
from components.local.host.postgres.database import DatabaseSpec
from operations import role_names, roles
from operations.rotation.run import rotate
from tests.support import LocalPostgres


def test_verify_full_is_how_clients_connect(local_postgres: LocalPostgres) -> None:
    with psycopg.connect(local_postgres.url()) as session:
        row = session.execute("select ssl, version from pg_stat_ssl where pid = pg_backend_pid()").fetchone()
        assert row is not None
        assert row[0] is True
        assert row[1] in ("TLSv1.2", "TLSv1.3")


def test_another_ca_is_refused(local_postgres: LocalPostgres, tmp_path: Path) -> None:
    tls.ensure(tmp_path, postgres_account())
    with pytest.raises(psycopg.OperationalError, match="certificate verify failed"):
        psycopg.connect(local_postgres.url(), sslrootcert=str(tls.ca_certificate(tmp_path)))


def test_plaintext_is_refused(local_postgres: LocalPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(local_postgres.url(), sslmode="disable", sslrootcert="")


def test_a_wrong_password_is_refused(local_postgres: LocalPostgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(local_postgres.url(), password="wrong")


def test_the_replicator_cannot_log_in_to_a_database(local_postgres: LocalPostgres) -> None:
    password = (local_postgres.cluster_dir / "replicator.password").read_text().strip()
    with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
        psycopg.connect(local_postgres.url(), user="replicator", password=password)


@pytest.fixture
def table(local_postgres: LocalPostgres) -> str:
    name = "least_rights"
    with psycopg.connect(local_postgres.url(admin=True)) as session:
        session.execute(f"drop table if exists {name}")
        session.execute(f"create table {name} (id bigserial primary key, note text)")
    return name


def test_the_application_reads_and_writes_rows(local_postgres: LocalPostgres, table: str) -> None:
    with psycopg.connect(local_postgres.url()) as session:
        session.execute(f"insert into {table} (note) values ('a'), ('b')")
        session.execute(f"update {table} set note = 'c' where note = 'a'")
        session.execute(f"delete from {table} where note = 'b'")
        assert session.execute(f"select note from {table}").fetchall() == [("c",)]


@pytest.mark.parametrize(
    "statement",
    [
        "create table mine (id int)",
        "create schema mine",
        "create temporary table mine (id int)",
        "drop table least_rights",
        "truncate least_rights",
        "alter table least_rights add column more int",
        "create role another",
        "create database another",
        "set role shop_admin",
        "select * from pg_authid",
        "copy (select 1) to program 'cat'",
    ],
)
def test_the_application_can_do_no_more(local_postgres: LocalPostgres, table: str, statement: str) -> None:
    assert table in ("least_rights",)
    with (
        psycopg.connect(local_postgres.url(), autocommit=True) as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute(statement)


@pytest.mark.parametrize("dbname", ["postgres", "template1"])
def test_the_application_sees_no_other_database(local_postgres: LocalPostgres, dbname: str) -> None:
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(local_postgres.url(), dbname=dbname)


def other(postgres: LocalPostgres, **changes: object) -> DatabaseSpec:
    spec = replace(postgres.database, app="blog-two", dbname="blog", secrets_dir=postgres.home / "secrets" / "blog" / "test")
    return replace(spec, **changes)  # type: ignore[arg-type]


def test_two_applications_are_apart(local_postgres: LocalPostgres) -> None:
    spec = other(local_postgres)
    database.ensure(spec)
    login = secrets.read(spec.secret)
    assert login["username"] == "blog_two_app"
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(login["url"], dbname="shop")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(secrets.read(spec.admin_secret)["url"], dbname="shop")
    database.remove(spec)
    with psycopg.connect(local_postgres.superuser()) as session:
        assert session.execute("select 1 from pg_roles where rolname like 'blog%'").fetchone() is None
    assert not spec.secrets_dir.exists()
    database.remove(spec)  # nothing there: no error


def test_the_admin_owns_the_database_and_is_no_superuser(local_postgres: LocalPostgres) -> None:
    with psycopg.connect(local_postgres.url(admin=True)) as session:
        row = session.execute(
            "select rolsuper, rolcreaterole, rolcreatedb, pg_get_userbyid(datdba) = current_user "
            "from pg_roles, pg_database where rolname = current_user and datname = current_database()"
        ).fetchone()
        assert row == (False, True, True, True)  # a restore makes a new database beside the old one
        assert session.execute("select count(*) > 0 from pg_stat_statements").fetchone() == (True,)


def test_the_secret_files(local_postgres: LocalPostgres) -> None:
    values = json.loads(local_postgres.secret.read_text())
    assert set(values) == {"username", "password", "host", "port", "dbname", "url"}
    assert values["username"] == "shop_app"
    assert (values["host"], values["port"], values["dbname"]) == ("127.0.0.1", local_postgres.port, "shop")
    for path in (local_postgres.secret, local_postgres.admin_secret, local_postgres.database.pgpass):
        assert path.stat().st_mode & 0o777 == 0o600
    assert local_postgres.secret.parent.stat().st_mode & 0o777 == 0o700


def test_urls_are_read_alike_by_libpq_and_by_python() -> None:
    spec = DatabaseSpec(
        cluster_dir=Path("/c d"), app="shop", dbname="shop", hosts=("127.0.0.1",), port=5499, secrets_dir=Path("/s")
    )
    for hosts in (("127.0.0.1",), ("127.0.0.1", "127.0.0.2")):
        url = database.url(replace(spec, hosts=hosts), "shop_app", "p@ss/w:rd")
        given = conninfo_to_dict(url)
        assert given["host"] == ",".join(hosts)
        assert (given["user"], given["password"], given["dbname"], given["port"]) == ("shop_app", "p@ss/w:rd", "shop", "5499")
        assert (given["sslmode"], given["sslrootcert"]) == ("verify-full", "/c d/tls/ca.crt")
        parts = urlsplit(url)
        assert (parts.username, parts.path) == ("shop_app", "/shop")
        assert parse_qs(parts.query)["sslmode"] == ["verify-full"]


def test_the_psql_command_works_when_pasted(local_postgres: LocalPostgres) -> None:
    command = database.psql_command(local_postgres.database, version=17, home=local_postgres.home)
    query = "select current_user"
    answer = subprocess.run(
        ["sh", "-c", f"{command} -XAtc {shlex.quote(query)}"],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": "/usr/bin:/bin"},
    )
    assert (answer.stdout.strip(), answer.stderr) == ("shop_admin", "")
    assert json.loads(local_postgres.admin_secret.read_text())["password"] not in command


def test_passwords_stay_until_their_version_changes(local_postgres: LocalPostgres) -> None:
    spec = other(local_postgres)
    try:
        database.ensure(spec)
        first = secrets.read(spec.secret)
        database.ensure(spec)
        assert secrets.read(spec.secret) == first
        assert database.is_whole(spec)
        newer = replace(spec, password_version=2)
        assert not database.is_whole(newer)
        database.ensure(newer)
        second = secrets.read(spec.secret)
        assert second["password"] != first["password"]
        psycopg.connect(second["url"]).close()
        with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
            psycopg.connect(first["url"])
    finally:
        database.remove(spec)


def test_up_keeps_what_a_rotation_left(local_postgres: LocalPostgres) -> None:
    """Either of the application's users; where the database is lost, both are made again."""
    spec = other(local_postgres)
    app, clone = role_names.application_role(spec.app), f"{role_names.application_role(spec.app)}_clone"
    environ = {
        **{"DB_HOST": ",".join(spec.hosts), "DB_PORT": str(spec.port), "DB_NAME": spec.dbname},
        **{"DB_SSL_MODE": "verify-full", "DB_SSL_ROOT_CERT": str(spec.ca)},
        **{"DB_SECRET_ID": spec.admin_secret.as_uri(), "DB_APPLICATION_SECRET_ID": spec.secret.as_uri()},
    }
    try:
        database.ensure(spec)
        rotate(environ, ("application", "admin"), older_than=None, log=lambda _: None)
        rotated = secrets.read(spec.secret), secrets.read(spec.admin_secret)
        assert rotated[0]["username"] == clone
        for _ in range(2):
            database.ensure(spec)
            assert (secrets.read(spec.secret), secrets.read(spec.admin_secret)) == rotated
            for value in rotated:
                psycopg.connect(value["url"]).close()
            with psycopg.connect(local_postgres.superuser(), autocommit=True) as root:
                roles.drop(root, dbname=spec.dbname, owner=role_names.admin_role(spec.app), users=[clone, app])
        database.ensure(replace(spec, password_version=2))
        assert secrets.read(spec.secret)["username"] == app
    finally:
        database.remove(spec)
    assert not spec.secrets_dir.exists()
    with psycopg.connect(local_postgres.superuser()) as root:
        assert not roles.exists(root, clone)


def test_lost_secret_files_are_made_again(local_postgres: LocalPostgres) -> None:
    spec = other(local_postgres)
    try:
        database.ensure(spec)
        spec.secret.unlink()
        assert not database.is_whole(spec)
        database.ensure(spec)
        psycopg.connect(secrets.read(spec.secret)["url"]).close()
    finally:
        database.remove(spec)


def test_without_a_primary_there_is_one_sentence(tmp_path: Path) -> None:
    spec = DatabaseSpec(
        cluster_dir=tmp_path / "main", app="shop", dbname="shop", hosts=("127.0.0.1",), port=5432, secrets_dir=tmp_path / "s"
    )
    with pytest.raises(LocalError, match=r"no primary of the cluster in .*/main runs; run `make up`"):
        database.ensure(spec)
    assert not (tmp_path / "s").exists()


def test_no_password_reaches_log_or_statistics(local_postgres: LocalPostgres) -> None:
    with psycopg.connect(local_postgres.superuser("shop")) as session:
        statements = "".join(str(row[0]) for row in session.execute("select query from pg_stat_statements"))
    text = local_postgres.nodes[0].log.read_text()
    assert "SCRAM-SHA-256$" in statements, "the statements that set passwords are among these"
    for path in (local_postgres.secret, local_postgres.admin_secret):
        assert secrets.read(path)["password"] not in text + statements
    assert datetime.now(UTC).strftime("%Y-") in text, "the log is the server's"
