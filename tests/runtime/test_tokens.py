"""Login with the identity of the process: tokens made by the real libraries, presented to a real server over TLS.

No server here can judge a token as RDS and Cloud SQL do, so its text is made the user's password.
"""

from __future__ import annotations

import datetime
import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import botocore.auth
import pytest
from psycopg import sql

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment
from runtime.errors import DatabaseUnavailable, EnvironmentProblem, SecretError
from runtime.secrets import login_of, source_of
from runtime.secrets.cloudsql_token import CloudSqlToken
from runtime.secrets.rds_token import RdsToken
from tests.runtime.cluster import APP, LocalCluster
from tests.runtime.work import answer

Connect = Callable[..., DatabaseManager]

WRITER = "shop.cluster-abc.ap-northeast-1.rds.amazonaws.com"
NOW = datetime.datetime(2026, 1, 15, 10, 30)


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first token takes an import of the cloud's library: on a busy machine more than callers wait for a connection."""
    monkeypatch.setattr("runtime.pool.WAIT", 60)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Credentials as a task has them, and a clock that stands still, so that a token can be foretold."""
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "never-shown-7f3a"),
        ("AWS_DEFAULT_REGION", "eu-west-1"),
    ):
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: NOW)


@pytest.fixture
def password(cluster: LocalCluster) -> Iterator[Callable[[str], None]]:
    """Changes the password of the application's user on the server alone; undone at the end."""

    def change(new: str) -> None:
        cluster.execute(sql.SQL("ALTER ROLE shop_app PASSWORD {}").format(new.replace("%", "%%")))

    yield change
    change(cluster.password)


@pytest.mark.usefixtures("aws")
def test_a_token_of_rds_is_signed_for_user_address_and_region() -> None:
    source = RdsToken(user=APP, port=5432)
    login = source.token(WRITER)
    signed = urlsplit(f"//{login.password}")
    query = {name: values[0] for name, values in parse_qs(signed.query).items()}
    assert (login.username, signed.netloc) == (APP, f"{WRITER}:5432")
    assert (query["Action"], query["DBUser"], query["X-Amz-Expires"]) == ("connect", APP, "900")
    assert query["X-Amz-Credential"].startswith("AKIAEXAMPLE/20260115/ap-northeast-1/rds-db/")  # the address's region
    assert source.token(WRITER.replace("cluster-", "cluster-ro-")).password != login.password
    assert login.password not in repr(login)


@pytest.mark.usefixtures("aws")
def test_login_with_a_token_of_rds(connect: Connect, cluster: LocalCluster, password: Callable[[str], None]) -> None:
    password(RdsToken(user=APP, port=cluster.postgres.port).token("127.0.0.1").password)
    contract = {"DB_LOGIN": "rds-iam", "DB_HOST": "127.0.0.1", "DB_PASSWORD": None, "DB_SECRET_ID": None}
    db = connect(**contract, DB_READER_HOST="localhost")
    assert answer(db) == 1
    # the reader's first address wants another token than the server knows; the second one is the writer's
    with db.reader() as connection:
        assert connection.info.host == "127.0.0.1"
    assert login_of(DatabaseEnvironment.from_environ(cluster.environ(**contract))).password.startswith("127.0.0.1:")
    only = connect(**contract | {"DB_HOST": "localhost"}, DB_READER_HOST=None)
    with pytest.raises(DatabaseUnavailable, match='password authentication failed for user "shop_app"') as caught, only.writer():
        pass
    assert "X-Amz-Signature" not in str(caught.value)


def test_an_identity_that_is_not_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    with pytest.raises(
        SecretError, match=r"cannot sign a login for shop_app at .* \(NoCredentialsError\): give this process's role"
    ):
        RdsToken(user=APP, port=5432).token(WRITER)


class Metadata:
    """Google's metadata server: a token for an hour, or none."""

    def __init__(self) -> None:
        self.token: str | None = "ya29.first"
        self.asked: list[str] = []

    @contextmanager
    def running(self) -> Iterator[str]:
        store = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                store.asked.append(self.path)
                answers = {
                    "token": {"access_token": store.token, "expires_in": 3600, "token_type": "Bearer"},
                    "": {"email": "shop@p-1.iam.gserviceaccount.com", "scopes": [], "aliases": ["default"]},
                }
                known = "/service-accounts/" not in self.path or store.token is not None
                self.send_response(200 if known else 403)
                self.send_header("Metadata-Flavor", "Google")
                self.send_header("Content-Type", "application/json" if "service-accounts" in self.path else "text/plain")
                self.end_headers()
                last = urlsplit(self.path).path.rpartition("/")[2]
                self.wfile.write(json.dumps(answers.get(last, "p-1")).encode() if known else b"{}")

            def log_message(self, format: str, *args: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            thread.start()
            try:
                yield f"127.0.0.1:{server.server_port}"
            finally:
                server.shutdown()
                thread.join()


@pytest.fixture
def metadata(monkeypatch: pytest.MonkeyPatch) -> Iterator[Metadata]:
    made = Metadata()
    with made.running() as address:
        monkeypatch.delenv("GOOGLE_APPLICATION_CREDENTIALS", raising=False)
        monkeypatch.setenv("CLOUDSDK_CONFIG", "/nowhere")
        monkeypatch.setenv("GCE_METADATA_IP", address)
        monkeypatch.setattr("google.auth.compute_engine._metadata._GCE_METADATA_HOST", address)
        yield made


def test_login_with_a_token_of_google(
    connect: Connect, metadata: Metadata, password: Callable[[str], None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "runtime")
    password("ya29.first")
    db = connect(DB_LOGIN="cloudsql-iam", DB_PASSWORD=None, DB_SECRET_ID=None, DB_READER_HOST=None)
    for _ in range(3):
        assert answer(db) == 1
        db.drain()
    tokens = [path for path in metadata.asked if "/token" in path]
    assert len(tokens) == 1  # good for an hour
    assert "sqlservice.login" in tokens[0]
    assert "ya29" not in caplog.text


def test_no_token_of_google_is_one_sentence(metadata: Metadata) -> None:
    metadata.token = None
    with pytest.raises(SecretError, match=r"cannot get a token for shop@p-1\.iam at 10\.0\.0\.3 \(\w+\): run this process as"):
        CloudSqlToken(user="shop@p-1.iam").token("10.0.0.3")


def test_the_contract_says_what_a_token_needs(cluster: LocalCluster) -> None:
    def read(**changes: str | None) -> DatabaseEnvironment:
        return DatabaseEnvironment.from_environ(cluster.environ(**changes))

    assert type(source_of(read(DB_LOGIN="cloudsql-iam"))) is CloudSqlToken
    assert type(source_of(read(DB_LOGIN="rds-iam", DB_SECRET_ID=None, DB_PASSWORD=None))) is RdsToken
    for changes, sentence in (
        ({"DB_LOGIN": "iam"}, "DB_LOGIN must be one of 'password', 'rds-iam' or 'cloudsql-iam'"),
        ({"DB_LOGIN": "rds-iam", "DB_USER": None}, "DB_LOGIN is rds-iam, which needs DB_USER, the user's name in the database"),
        ({"DB_LOGIN": "rds-iam", "DB_SSL_MODE": "disable"}, "DB_LOGIN is rds-iam, whose tokens must not be sent without TLS"),
    ):
        with pytest.raises(EnvironmentProblem) as caught:
            read(**changes)
        assert sentence in str(caught.value)
