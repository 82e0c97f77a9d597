"""Calls to Cloud Run that do not work, and with which credentials they are made."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import grpc  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.gcp.providers import calls
from components.gcp.providers.calls import EMULATOR
from components.gcp.providers.rollout import RolloutCheckProvider
from tests.components.gcp.looks import of_service, rollout_problem
from tests.components.gcp.run_server import SERVICE, CloudRun, service


def test_a_refusal(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.PERMISSION_DENIED)
    assert rollout_problem() == (
        f"cannot look at service api: Google denies it (permission_denied on '{SERVICE}' (or it may not exist)); "
        "allow run.services.get to the identity that Pulumi runs as"
    )


def test_credentials_that_are_no_good(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.UNAUTHENTICATED)
    assert rollout_problem() == (
        "cannot look at service api: there are no good Google credentials; sign in with `gcloud auth application-default login`"
    )


def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    assert "there are no good Google credentials" in rollout_problem()


def key_file() -> str:
    """The key of a service account, as Google hands it out."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "deployer@shop-1.iam.gserviceaccount.com",
            "private_key": pem.decode(),
            "token_uri": "http://127.0.0.1:9/token",
        }
    )


def test_credentials_are_found_where_pulumis_provider_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sign-in serves both."""
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    key, file = key_file(), tmp_path / "key.json"
    file.write_text(key)
    for name, value in (("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.t"), ("GOOGLE_CREDENTIALS", key), ("GOOGLE_CREDENTIALS", str(file))):
        with monkeypatch.context() as only:
            only.setenv(name, value)
            with calls.client("Services") as found:
                assert found.transport.host == "run.googleapis.com:443"


@pytest.mark.parametrize("value", ["{not json", '{"type": "authorized_user"}', "/nowhere.json"])
def test_a_key_in_the_environment_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_CREDENTIALS", value)
    assert rollout_problem() == "GOOGLE_CREDENTIALS is neither the key of a service account nor a file with one"


def test_a_slow_answer(server: CloudRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.2)
    server.put(SERVICE, service())
    server.delay = 2
    assert rollout_problem() == "cannot look at service api: no answer within 0.2 seconds; run `pulumi up` again"


def test_what_passes_is_tried_again(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, service())
    assert RolloutCheckProvider().create(of_service()).outs
    assert len(server.asked) == 3


def test_other_errors_are_one_sentence(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.INTERNAL)
    assert rollout_problem().endswith("(InternalServerError)")


def test_nothing_is_printed_by_googles_packages(server: CloudRun) -> None:
    """They announce the end of a Python version when they are imported; a user of this program need not read that."""
    server.put(SERVICE, service())
    code = (
        "from components.gcp.providers.rollout import RolloutCheckProvider\n"
        f"print(RolloutCheckProvider().create({of_service()!r}).outs['ready'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("api-00002-new\n", "")
