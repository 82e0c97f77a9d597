"""Google's REST APIs: credentials, servers that are not there, answers that are no JSON."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from operations.cloud.gcp import calls
from operations.cloud.gcp.calls import Api, GcpRefused, credentials
from operations.errors import Refused

LOOK = {"right": "cloudsql.instances.get"}


def key() -> str:
    """The key of a service account, as Google hands it out; its address for tokens answers nobody."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    made = {"type": "service_account", "client_email": "deployer@shop-1.iam.gserviceaccount.com", "private_key": pem.decode()}
    return json.dumps({**made, "token_uri": "http://127.0.0.1:9/token"})


def test_credentials_are_found_where_pulumis_provider_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, file = key(), tmp_path / "key.json"
    file.write_text(text)
    for name, value in (("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.t"), ("GOOGLE_CREDENTIALS", text), ("GOOGLE_CREDENTIALS", str(file))):
        with monkeypatch.context() as only:
            only.setenv(name, value)
            assert credentials() is not None


@pytest.mark.parametrize("value", ["{not json", '{"type": "authorized_user"}', "/nowhere.json"])
def test_a_key_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CREDENTIALS", value)
    with pytest.raises(Refused, match="neither the key of a service account nor a file with one"):
        Api("sql").call("look", "GET", "v1/x", **LOOK)


@pytest.mark.parametrize("variables", [{"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json"}, {"GOOGLE_CREDENTIALS": ""}])
def test_no_credentials_at_all(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"GOOGLE_APPLICATION_CREDENTIALS": "/nowhere.json", **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(GcpRefused, match="cannot look: there are no good Google credentials; sign in"):
        Api("sql").call("look", "GET", "v1/x", **LOOK)


def test_a_sign_in_that_cannot_be_reached(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GOOGLE_CREDENTIALS", key())
    monkeypatch.setattr(calls, "AGAIN_SECONDS", 0)
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    with pytest.raises(GcpRefused, match="cannot look: Google's sign-in cannot be reached"):
        Api("sql").call("look", "GET", "v1/x", **LOOK)


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        monkeypatch.setenv("CLOUD_SQL_EMULATOR_HOST", f"127.0.0.1:{one.getsockname()[1]}")
    monkeypatch.setattr(calls, "AGAIN_SECONDS", 0.1)
    monkeypatch.setattr(calls, "FIRST_PAUSE", 0.01)
    for method in ("GET", "POST"):
        with pytest.raises(
            GcpRefused, match=r"cannot look: Google cannot be reached \(ConnectionError\); check network and proxy"
        ):
            Api("sql").call("look", method, "v1/x", **LOOK)  # type: ignore[arg-type]
