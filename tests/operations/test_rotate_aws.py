"""`rotate` on AWS: Secrets Manager is asked and waited for. moto answers over HTTP; its function is ours, run in a thread."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from moto.secretsmanager.models import SecretsManagerBackend

from operations.cloud import wait
from operations.errors import OperationError, Refused
from operations.rotation import managed
from operations.rotation.aws import STEPS
from operations.rotation.run import Who, rotate
from tests.operations.rotation_stack import Stack, works

BOTH: tuple[Who, ...] = ("application", "admin")


@pytest.fixture(autouse=True)
def secrets_manager(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """RotateSecret as AWS does it: answers at once and lets the function take its steps. Gives the tokens of what was begun."""
    begun: list[str] = []
    threads: list[threading.Thread] = []

    def rotate_secret(backend: Any, secret_id: str, client_request_token: str, **_: Any) -> str:
        def steps() -> None:
            for step in STEPS:
                stack.step(step, client_request_token, secret_id)

        begun.append(client_request_token)
        threads.append(threading.Thread(target=steps))
        threads[-1].start()
        return json.dumps({"ARN": secret_id, "Name": "n", "VersionId": client_request_token})

    describe = SecretsManagerBackend.describe_secret

    def described(backend: Any, secret_id: str) -> Any:
        secret = backend.secrets.get(secret_id)
        if secret is None:
            return describe(backend, secret_id)
        secret.rotation_requested = secret.rotation_enabled = True
        secret.rotation_lambda_arn = "arn:aws:lambda:ap-northeast-1:123456789012:function:shop-dev-database-rotation"
        return describe(backend, secret_id)

    monkeypatch.setattr(wait, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(SecretsManagerBackend, "rotate_secret", rotate_secret)
    monkeypatch.setattr(SecretsManagerBackend, "describe_secret", described)
    yield begun
    for thread in threads:
        thread.join()


def environ(stack: Stack) -> dict[str, str]:
    return {"DB_SECRET_ID": stack.admin, "DB_APPLICATION_SECRET_ID": stack.application}


def test_both_are_rotated_and_waited_for(stack: Stack) -> None:
    before, lines = (stack.login(), stack.login(stack.admin)), list[str]()
    done = rotate(environ(stack), BOTH, older_than=None, log=lines.append)
    assert [(one.login, one.secret, one.rotated) for one in done] == [
        ("application", stack.application, True),
        ("admin", stack.admin, True),
    ]
    assert stack.value()["username"] == f"{stack.user}_clone"
    assert (works(before[0]), works(before[1])) == (True, False)
    assert works(stack.login())
    assert works(stack.login(stack.admin))
    assert "shop/dev/db: rotation asked for" in lines


def test_one_that_is_under_way_is_taken_up(stack: Stack, secrets_manager: list[str]) -> None:
    token = "0b5e7a52-9a44-4c1c-a8d0-000000000001"
    stack.step("createSecret", token)
    stack.step("setSecret", token)
    rotate(environ(stack), ("application",), older_than=None, log=lambda _: None)
    assert secrets_manager == [token]
    assert stack.value()["username"] == f"{stack.user}_clone"


def test_one_that_does_not_end_names_its_function(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SecretsManagerBackend, "rotate_secret", lambda *_, **__: json.dumps({"ARN": "a", "VersionId": "v"}))
    monkeypatch.setattr(managed, "SECONDS", 0.1)
    with pytest.raises(OperationError) as caught:
        rotate(environ(stack), ("application",), older_than=None, log=lambda _: None)
    text = str(caught.value)
    assert text.startswith("rotation of shop/dev/db: still under way after")
    assert text.endswith("is in the log of the function shop-dev-database-rotation")


def test_a_secret_without_a_rotation_is_refused(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    arn = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:none-AbCdEf"
    monkeypatch.setattr(managed, "_described", lambda *_: {"Name": "db", "VersionIdsToStages": {}})
    with pytest.raises(Refused, match=f"The secret {arn} does not rotate: `pulumi up` gives"):
        managed.rotate_managed(arn, lambda _: None)


def test_its_schedule_is_its_own(stack: Stack) -> None:
    with pytest.raises(Refused, match=r"Secrets Manager rotates by its own schedule \(database\.password_rotation_days\)"):
        rotate(environ(stack), BOTH, older_than=30, log=lambda _: None)


def test_a_secret_that_is_not_there_is_one_sentence(stack: Stack) -> None:
    gone = f"{stack.application}x"
    with pytest.raises(OperationError, match=r"cannot look at the secret .*x: ") as caught:
        rotate({**environ(stack), "DB_APPLICATION_SECRET_ID": gone}, ("application",), older_than=None, log=lambda _: None)
    assert "\n" not in str(caught.value)
