"""What the doctor says of a healthy place and of each thing that is wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from typer import Typer
from typer.testing import CliRunner

from operations.condition.session import asking
from operations.doctor import cli
from operations.doctor import server as looks
from operations.doctor.check import Check
from operations.doctor.examine import of_place
from operations.doctor.machine import client, disk
from operations.doctor.stores import backups
from operations.place import Place
from tests.operations.condition.owner import owner, publish
from tests.operations.conftest import Database
from tests.operations.doctor.certificates import certificate
from tests.support import LocalPostgres


def examined(postgres: LocalPostgres, **changes: str) -> dict[str, Check]:
    environ = {name: value for name, value in owner(postgres, **changes).items() if value}
    place = Place(name="test", environ=environ, handles=None, remote=False)
    return {check.name: check for check in of_place(place)}


def wrong(found: dict[str, Check]) -> dict[str, str]:
    """Name of each check that failed, and what it says."""
    return {name: f"{check.found}; {check.mend}" for name, check in found.items() if check.state == "failed"}


def test_a_healthy_place(local_postgres: LocalPostgres) -> None:
    found = examined(local_postgres)
    assert wrong(found) == {}
    assert not [check.line for check in found.values() if check.state == "warning" and not check.name.startswith("disk")]
    assert found["version"].found.startswith("PostgreSQL 17.")
    assert found["TLS"].found.startswith("TLSv1.3, ")
    assert found["certificate of 127.0.0.1"].found.startswith("TLSv1.3, good until ")
    assert found["rights"].found == "shop_admin may change the schema and sees all sessions"
    assert found["plain text"].found == "the server refuses it"
    assert found["server node-1"].found == "primary"
    assert found["client programs"].found.startswith("pg_dump ")
    assert {"environment", "CA file", "secret", "login", "statistics", "integrity", "connections", "clock"} <= found.keys()


def test_a_contract_that_is_not_met_names_every_variable(local_postgres: LocalPostgres) -> None:
    found = examined(local_postgres, DB_PORT="none", DB_SSL_MODE="prefer")
    assert list(found) == ["environment"]
    assert "DB_PORT" in found["environment"].found
    assert "DB_SSL_MODE" in found["environment"].found


def test_a_secret_that_is_not_there(local_postgres: LocalPostgres, tmp_path: Path) -> None:
    found = examined(local_postgres, DB_SECRET_ID=(tmp_path / "no.json").as_uri())
    assert list(wrong(found)) == ["secret"]
    assert "DB_SECRET_ID" in wrong(found)["secret"]
    assert "login" not in found


def test_a_wrong_password_is_the_logins_failure_and_not_shown(local_postgres: LocalPostgres, tmp_path: Path) -> None:
    secret = tmp_path / "secret.json"
    secret.write_text(json.dumps({"username": "shop_admin", "password": "wrong-7x"}))
    found = examined(local_postgres, DB_SECRET_ID=secret.as_uri())
    assert list(wrong(found)) == ["login"]
    assert "password authentication failed" in found["login"].found
    assert "DB_PASSWORD" in found["login"].mend
    assert "wrong-7x" not in repr(found)


def test_a_wrong_authority_is_the_certificates_failure(local_postgres: LocalPostgres, tmp_path: Path) -> None:
    other = tmp_path / "ca.crt"
    other.write_bytes(certificate(datetime.now(UTC) + timedelta(days=30)))
    found = examined(local_postgres, DB_SSL_ROOT_CERT=str(other))
    assert list(wrong(found)) == ["certificate of 127.0.0.1"]
    assert "certificate" in found["certificate of 127.0.0.1"].found
    assert "DB_SSL_ROOT_CERT" in found["certificate of 127.0.0.1"].mend


def test_a_server_that_is_down_and_a_name_that_is_none(local_postgres: LocalPostgres) -> None:
    found = examined(local_postgres, DB_PORT="1", DB_READER_HOST="no-such-host.invalid")
    assert list(wrong(found)) == ["way to 127.0.0.1", "way to no-such-host.invalid"]
    assert "Connection refused" in found["way to 127.0.0.1"].found
    assert "does not resolve" in found["way to no-such-host.invalid"].found
    assert "login" not in found


def test_a_mode_that_trusts_anybody_is_warned_of(local_postgres: LocalPostgres) -> None:
    found = examined(local_postgres, DB_SSL_MODE="require", DB_SSL_ROOT_CERT="")
    assert found["environment"].state == "warning"
    assert "verify-full" in found["environment"].mend


def test_what_the_database_lacks(database: Database) -> None:
    def look(name: str) -> Check:
        with asking(database.owner, "doctor") as session:
            return next(check for check in (one(session) for one in looks.LOOKS) if check.name == name)

    assert look("rights").mend.startswith("run GRANT pg_monitor TO ")
    with psycopg.connect(database.superuser, autocommit=True) as root:
        root.execute("DROP EXTENSION pg_stat_statements")
        assert "CREATE EXTENSION" in look("statistics").mend
        root.execute("CREATE EXTENSION pg_stat_statements VERSION '1.9'")
        assert "UPDATE" in look("statistics").mend
        root.execute("ALTER EXTENSION pg_stat_statements UPDATE")
        root.execute("CREATE TABLE twice AS SELECT 1 AS id FROM generate_series(1, 2)")
        with pytest.raises(psycopg.errors.UniqueViolation):
            root.execute("CREATE UNIQUE INDEX CONCURRENTLY broken ON twice (id)")
        assert look("indexes").found.endswith(": broken")
        root.execute("DROP INDEX broken")
        assert look("indexes").state == "ok"


@pytest.mark.parametrize("name", ["connections", "transaction ids", "clock"])
def test_limits(local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    low, high = {"connections": ("WARN_PERCENT", "FAIL_PERCENT"), "transaction ids": ("WARN_IDS", "FAIL_IDS"),
                 "clock": ("WARN_CLOCK", "FAIL_CLOCK")}[name]  # fmt: skip
    monkeypatch.setattr(looks, low, -1)
    for limit, state in ((1e9, "warning"), (-1, "failed")):
        monkeypatch.setattr(looks, high, limit)
        found = {check.name: check for check in looks.server(local_postgres.url(admin=True))}
        assert found[name].state == state
        assert found[name].mend


def test_a_server_that_takes_plain_text(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_password(*_: object) -> psycopg.Connection:
        raise psycopg.OperationalError("connection failed: fe_sendauth: no password supplied")

    with asking(database.owner, "doctor") as session:
        assert looks._plain_text(database.owner, session).state == "ok"
        monkeypatch.setattr(psycopg, "connect", no_password)
        assert looks._plain_text(database.owner, session).state == "warning"


def test_an_application_may_do_less(database: Database) -> None:
    with psycopg.connect(database.superuser, autocommit=True) as root:
        root.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM PUBLIC"))
        found = {check.name: check for check in looks.server(database.app)}
    assert "may not change the schema, as an application should" in found["rights"].found
    assert not [check.line for check in found.values() if check.state == "failed"]


def test_disks_and_programs(tmp_path: Path) -> None:
    assert disk("data", tmp_path, fail=1, warn=1).state == "ok"
    assert disk("data", tmp_path, fail=1, warn=1 << 60).state == "warning"
    assert disk("data", tmp_path, fail=1 << 60, warn=1 << 60).state == "failed"
    old = client(990000)
    assert old.state == "failed"
    assert "PostgreSQL 99" in old.found
    assert "PG_BINDIR" in old.mend


def test_the_store_of_the_backups(tmp_path: Path) -> None:
    at = datetime(2026, 11, 20, 3, tzinfo=UTC)

    def look(**since: float) -> Check:
        environ = {"BACKUP_DIR": str(tmp_path), "DB_NAME": "shop"}
        (found,) = backups(environ, None, at + timedelta(**since))
        return found

    assert list(backups({}, None)) == []
    assert (look().state, look().mend) == ("warning", "run `python -m operations backup create`")
    publish(tmp_path, "shop_20261120_030000.dump", at, 4)
    assert look(hours=30).state == "ok"
    assert look(days=3).state == "warning"
    publish(tmp_path, "shop_20261119_030000.dump", at - timedelta(days=1), 5)
    assert "1 are lost or corrupt" in look(hours=30).found
    (wrong_store,) = backups({"BACKUP_DIR": "a", "BACKUP_S3_BUCKET": "b"}, None)
    assert wrong_store.state == "failed"


@pytest.fixture
def environment(local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def put(**changes: str) -> None:
        for name, value in owner(local_postgres, **changes).items():
            monkeypatch.setenv(name, value)

    return put


def test_the_command(environment: Callable[..., None]) -> None:
    app = Typer()
    app.command()(cli.doctor)
    environment()
    well = CliRunner().invoke(app, [])
    assert well.exit_code == 0, well.output
    assert "ok       login: shop_admin at " in well.stdout
    assert " checks: 0 failed, " in well.stdout
    environment(DB_PORT="1")
    ill = CliRunner().invoke(app, ["--json"])
    assert ill.exit_code == 1
    found = json.loads(ill.stdout)
    assert found["healthy"] is False
    assert all(check["mend"] for check in found["checks"] if check["state"] != "ok")
    unknown = CliRunner().invoke(app, ["--stack", "no-such-stack"])
    assert unknown.exit_code == 2
    assert "There is no stack 'no-such-stack'" in unknown.stderr
