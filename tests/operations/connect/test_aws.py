"""The SQL prompt of a stack on AWS: Session Manager's protocol over HTTP, a forwarded port, a real psql on a real PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psutil
import pytest
import typer
from psycopg.conninfo import conninfo_to_dict

from operations.connect import way as ways
from operations.connect.cli import connect
from operations.connect.way import Wish, way
from operations.errors import OperationError, Refused
from operations.place import Place
from tests.operations.connect.doubles import PLUGIN, Double, install
from tests.support import LocalPostgres, free_port

TOKEN = "AAEAAe-session-token"
TASK = "arn:aws:ecs:ap-northeast-1:123456789012:task/shop-dev/0a1b2c"


class Aws:
    """Answers ECS and Session Manager."""

    def __init__(self) -> None:
        self.shell = True
        self.asked: list[tuple[str, dict[str, Any]]] = []

    def answer(self, target: str, body: dict[str, Any]) -> dict[str, Any]:
        operation = target.rpartition(".")[2]
        self.asked.append((operation, body))
        agents = [{"name": "ExecuteCommandAgent", "lastStatus": "RUNNING" if self.shell else "STOPPED"}]
        container = {"name": "service-api", "runtimeId": "0a1b2c-265927825", "managedAgents": agents}
        return {
            "ListTasks": {"taskArns": [TASK]},
            "DescribeTasks": {"tasks": [{"taskArn": TASK, "enableExecuteCommand": True, "containers": [container]}]},
            "StartSession": {"SessionId": "s-1", "TokenValue": TOKEN, "StreamUrl": "wss://ssmmessages/s-1"},
            "TerminateSession": {"SessionId": "s-1"},
        }[operation]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    made = Aws()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            data = json.dumps(made.answer(self.headers["x-amz-target"], body)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        environ = {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{server.server_port}", "AWS_ACCESS_KEY_ID": "test"}
        for name, value in {**environ, "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}.items():
            monkeypatch.setenv(name, value)
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def plugin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Double:
    folder = tmp_path / "bin"
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return install(folder, "session-manager-plugin", PLUGIN, version="1.2.707.0")


@pytest.fixture
def place(local_postgres: LocalPostgres, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A stack whose database is the local one; its secrets are files."""
    here = {"host": "127.0.0.1", "reader_host": "127.0.0.1", "port": local_postgres.port, "ca": str(local_postgres.ca)}
    environ = {
        "DB_NAME": local_postgres.dbname,
        "DB_HOST": "127.0.0.1",
        "DB_READER_HOST": "127.0.0.1",
        "DB_PORT": str(local_postgres.port),
        "DB_USER": "shop_admin",
        "DB_SECRET_ID": local_postgres.admin_secret.as_uri(),
        "DB_APPLICATION_SECRET_ID": local_postgres.secret.as_uri(),
        "DB_SSL_MODE": "verify-full",
        "DB_SSL_ROOT_CERT": str(local_postgres.ca),
    }
    handles = {
        "provider": "aws",
        "region": "ap-northeast-1",
        "database": {"proxy": False, "proxy_iam_login": False},
        "services": {"api": {"cluster": "shop-dev", "service": "api"}},
    }
    made = Place(name="dev", environ=environ, handles=handles, remote=True, database={**here, "username": "shop_app"})
    monkeypatch.setattr(ways, "place_of", lambda _: made)
    return made


def test_a_prompt_through_a_task_with_a_shell(aws: Aws, plugin: Double, place: Place, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as ended:
        connect(stack="dev", arguments=["-At", "-c", "select current_user", "-c", r"\conninfo"])
    assert ended.value.exit_code == 0
    out = capfd.readouterr().out
    assert out.splitlines()[0] == "shop_admin"
    called = plugin.called()
    assert TOKEN not in " ".join(called["argv"]), "not in the process list"
    assert json.loads(called["environ"]["AWS_SSM_START_SESSION_RESPONSE"])["TokenValue"] == TOKEN
    (asked,) = (body for operation, body in aws.asked if operation == "StartSession")
    assert asked["Target"] == "ecs:shop-dev_0a1b2c_0a1b2c-265927825"
    assert asked["DocumentName"] == "AWS-StartPortForwardingSessionToRemoteHost"
    assert asked["Parameters"]["host"] == ["127.0.0.1"]
    assert asked["Parameters"]["portNumber"] == [place.environ["DB_PORT"]]
    assert aws.asked[-1] == ("TerminateSession", {"SessionId": "s-1"})
    assert not psutil.pid_exists(called["pid"]), "the tunnel is gone"


def test_the_certificate_is_checked_for_the_databases_own_name(aws: Aws, plugin: Double, place: Place) -> None:
    with way("dev", Wish(through="i-0123")) as conninfo:
        given = conninfo_to_dict(conninfo)
    assert (given["host"], given["hostaddr"], given["sslmode"]) == ("127.0.0.1", "127.0.0.1", "verify-full")
    assert given["port"] != place.environ["DB_PORT"]
    assert [body["Target"] for operation, body in aws.asked if operation == "StartSession"] == ["i-0123"]
    assert "ListTasks" not in {operation for operation, _ in aws.asked}


def test_behind_a_proxy_with_iam_the_application_has_a_token(
    aws: Aws, plugin: Double, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    proxy = {"host": "shop-dev-proxy.proxy-abc.ap-northeast-1.rds.amazonaws.com", "ca": "system", "port": 5432.0}
    handles = {**(place.handles or {}), "database": {"proxy": True, "proxy_iam_login": True}}
    behind = replace(place, handles=handles, database={**place.database, **proxy})
    monkeypatch.setattr(ways, "place_of", lambda _: behind)
    with way("dev", Wish(application=True)) as conninfo:
        given = conninfo_to_dict(conninfo)
    assert given["user"] == "shop_app"
    assert str(given["password"]).startswith(f"{proxy['host']}:5432/?Action=connect&DBUser=shop_app&")
    assert (given["sslmode"], given["sslrootcert"]) == ("verify-full", "system")


def test_without_the_plugin_nothing_is_begun(aws: Aws, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    with pytest.raises(Refused, match="session-manager-plugin is not installed on this machine: install"):
        connect(stack="dev")
    assert not aws.asked


def test_a_plugin_that_shows_the_token_is_not_used(aws: Aws, plugin: Double, place: Place) -> None:
    plugin.tell(version="1.2.331.0")
    with pytest.raises(Refused, match=r"version 1\.2\.331\.0, which shows .* update it to 1\.2\.498\.0"):
        connect(stack="dev")
    assert not aws.asked


def test_without_a_shell_it_says_how_to_get_one(aws: Aws, plugin: Double, place: Place) -> None:
    aws.shell = False
    with pytest.raises(Refused, match=r"Nothing of stack 'dev' runs .* `exec_access: true` .* --through i-"):
        connect(stack="dev")


def test_a_tunnel_that_leads_nowhere_is_told_with_its_own_words(
    aws: Aws, plugin: Double, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = str(free_port())
    monkeypatch.setattr(ways, "place_of", lambda _: replace(place, environ={**place.environ, "DB_PORT": closed}))
    with pytest.raises(OperationError, match=rf"session-manager-plugin says: dial tcp 127\.0\.0\.1:{closed}.*; check that ecs:"):
        connect(stack="dev")
    assert aws.asked[-1][0] == "TerminateSession"


def test_a_tunnel_that_fails_is_told_with_its_own_words(aws: Aws, plugin: Double, place: Place) -> None:
    text = (plugin.folder / "session-manager-plugin").read_text()
    broken = text.replace("asked = json.loads(sys.argv[5])", 'print("TargetNotConnected"); sys.exit(7); asked = (sys.argv[5])')
    (plugin.folder / "session-manager-plugin").write_text(broken)
    with pytest.raises(OperationError, match="session-manager-plugin ended with exit code 7: TargetNotConnected"):
        connect(stack="dev")
