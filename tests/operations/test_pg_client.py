"""Which client is taken, and what a client program is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from operations.backup import pg_client
from operations.backup.pg_client import client_environment, find_client
from operations.connection import conninfo_of, described
from operations.errors import Refused


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes these versions the only clients there are."""

    def install(*versions: str) -> None:
        for version in versions:
            folder = tmp_path / version
            folder.mkdir()
            (folder / "pg_restore").touch()
            (folder / "pg_dump").write_text(f"#!/bin/sh\necho 'pg_dump (PostgreSQL) {version} (Some 1.2)'\n")
            (folder / "pg_dump").chmod(0o755)
        monkeypatch.setattr(pg_client, "_folders", lambda: iter([tmp_path / name for name in (*versions, "missing")]))

    return install


@pytest.mark.parametrize(
    ("versions", "chosen"),
    [(("16.4", "17.10", "18.1"), "17.10"), (("18.1", "19beta1", "16.4"), "18.1"), (("17.2", "17.10"), "17.2")],
)
def test_the_servers_own_major_else_the_nearest_newer(
    installed: Callable[..., None], versions: tuple[str, ...], chosen: str
) -> None:
    installed(*versions)
    assert find_client(170010).version == chosen


def test_older_ones_are_named(installed: Callable[..., None], tmp_path: Path) -> None:
    installed("15.18", "16.4")
    with pytest.raises(Refused) as caught:
        find_client(170010)
    assert str(caught.value) == (
        "The server is PostgreSQL 17 and needs a pg_dump of at least that version: "
        f"pg_dump 15.18 in {tmp_path}/15.18 is too old; pg_dump 16.4 in {tmp_path}/16.4 is too old. "
        "Install the PostgreSQL 17 client (postgresql-client-17), or set PG_BINDIR to the folder of its pg_dump."
    )


def test_a_client_gets_the_connection_by_libpqs_variables_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "elsewhere")
    monkeypatch.setenv("PGOPTIONS", "-c role=x")
    environment = client_environment("host=a,b port=5433 user=u password='p w' dbname=d sslmode=verify-full keepalives_idle=30")
    given = {name: value for name, value in environment.items() if name.startswith("PG")}
    assert given == {
        "PGHOST": "a,b",
        "PGPORT": "5433",
        "PGUSER": "u",
        "PGPASSWORD": "p w",
        "PGDATABASE": "d",
        "PGSSLMODE": "verify-full",
    }


def test_the_contract_becomes_a_connection_to_the_writer(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    environ = {
        "DB_NAME": "shop",
        "DB_HOST": "127.0.0.1,127.0.0.2",
        "DB_READER_HOST": "127.0.0.2,127.0.0.1",
        "DB_USER": "shop_admin",
        "DB_PASSWORD": "it's",
        "DB_SSL_ROOT_CERT": str(tmp_path / "ca.pem"),
    }
    conninfo = conninfo_of(environ)
    given = client_environment(conninfo)
    assert (
        given
        | {
            "PGHOST": "127.0.0.1,127.0.0.2",
            "PGPORT": "5432",
            "PGPASSWORD": "it's",
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(tmp_path / "ca.pem"),
            "PGTARGETSESSIONATTRS": "read-write",
        }
        == given
    )
    assert described(conninfo) == "shop_admin@127.0.0.1,127.0.0.2:5432/shop"


def test_a_contract_that_is_not_met_is_refused() -> None:
    with pytest.raises(Refused, match="DB_NAME is missing; DB_HOST is missing"):
        conninfo_of({"DB_USER": "u", "DB_PASSWORD": "p", "DB_SSL_MODE": "require"})
