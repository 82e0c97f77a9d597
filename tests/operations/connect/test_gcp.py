"""The SQL prompt of a stack on Google Cloud: through a stand-in of the Auth Proxy, a real psql on a real PostgreSQL."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil
import pytest
import typer
from psycopg.conninfo import conninfo_to_dict

from operations.connect import way as ways
from operations.connect.cli import connect
from operations.connect.way import Wish, way
from operations.errors import OperationError, Refused
from operations.place import Place
from tests.operations.connect.doubles import PROXY, Double, install
from tests.support import LocalPostgres


@pytest.fixture
def proxy(tmp_path: Path, local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Double:
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    told = {"host": "127.0.0.1", "port": local_postgres.port, "ca": str(local_postgres.ca)}
    return install(folder, "cloud-sql-proxy", PROXY, **told)


@pytest.fixture
def place(local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Place:
    environ = {
        "DB_NAME": local_postgres.dbname,
        "DB_HOST": "10.64.0.3",
        "DB_READER_HOST": "10.64.0.5",
        "DB_PORT": "5432",
        "DB_USER": "shop_admin",
        "DB_SECRET_ID": local_postgres.admin_secret.as_uri(),
        "DB_APPLICATION_SECRET_ID": local_postgres.secret.as_uri(),
        "DB_SSL_MODE": "verify-ca",
        "DB_SSL_ROOT_CERT": "/etc/ssl/db/ca.pem",
    }
    handles = {
        "provider": "gcp",
        "project": "shop-1",
        "region": "asia-northeast1",
        "database": {"id": "shop-dev-0a1b2c3d", "private_access": "peering"},
    }
    made = Place(name="gcp-dev", environ=environ, handles=handles, remote=True)
    monkeypatch.setattr(ways, "place_of", lambda _: made)
    return made


def test_a_prompt_through_the_proxy(proxy: Double, place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        connect(stack="gcp-dev", arguments=["-At", "-c", "select current_user"], application=True)
    assert ended.value.exit_code == 0
    assert capfd.readouterr().out.strip() == "shop_app"
    called = proxy.called()
    *options, instance = called["argv"]
    assert instance == "shop-1:asia-northeast1:shop-dev-0a1b2c3d"
    assert options[:2] == ["--address", "127.0.0.1"], "nobody else on the network gets in through it"
    assert "--private-ip" in options
    assert "--auto-iam-authn" not in options
    assert not psutil.pid_exists(called["pid"])


def test_a_reader_is_the_first_replica(proxy: Double, place: Place) -> None:
    with way("gcp-dev", Wish(reader=True)) as conninfo:
        assert conninfo_to_dict(conninfo)["target_session_attrs"] == "any"
    assert proxy.called()["argv"][-1].endswith(":shop-dev-0a1b2c3d-replica-1")


def test_a_person_logs_in_without_a_password(proxy: Double, place: Place) -> None:
    with way("gcp-dev", Wish(identity="ann@example.com")) as conninfo:
        given = conninfo_to_dict(conninfo)
    assert given["user"] == "ann@example.com"
    assert "password" not in given
    assert "--auto-iam-authn" in proxy.called()["argv"]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_closed_window_leaves_no_way_in(proxy: Double, place: Place, number: signal.Signals) -> None:
    with pytest.raises(SystemExit) as ended, way("gcp-dev", Wish()):
        signal.raise_signal(number)
    assert ended.value.code == 128 + number
    assert not psutil.pid_exists(proxy.called()["pid"])


def test_without_the_proxy_it_says_how_to_get_it(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Refused, match="cloud-sql-proxy is not installed on this machine: install the Cloud SQL Auth Proxy"):
        connect(stack="gcp-dev")


def test_a_proxy_that_fails_is_told_with_its_own_words(proxy: Double, place: Place) -> None:
    proxy.tell(fails="googleapi: Error 403: Not authorized to access resource., notAuthorized")
    with pytest.raises(OperationError, match=r"ended with exit code 7: googleapi: Error 403.*; the proxy needs roles/cloudsql"):
        connect(stack="gcp-dev")
