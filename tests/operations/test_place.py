"""Where a command works: the environment, a local stack's outputs, or a stack in a cloud seen from outside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from operations import stack as stacks
from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.place import HANDLES, contract, place_of
from operations.stack import DeployedStack
from tests.operations.driver import Project, new_project

DATABASE: dict[str, Any] = {
    "host": "proxy.example",
    "reader_host": "proxy-ro.example",
    "port": 6432.0,
    "name": "shop",
    "username": "shop_app",
    "secret_id": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/dev/db-AbCdEf",
    "admin_username": "shop_admin",
    "admin_secret_id": "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:rds!cluster-1-AbCdEf",
    "ca": "system",
}
DIRECT = {"host": "shop.cluster", "reader_host": "shop.cluster-ro", "port": 5432.0, "ca": "/etc/ssl/certs/rds.pem"}


def test_without_a_stack_it_is_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_NAME", "shop")
    monkeypatch.delenv(HANDLES, raising=False)
    place = place_of(None)
    assert (place.name, place.handles, place.remote) == ("shop", None, False)
    assert place.environ["DB_NAME"] == "shop"
    assert "environ" not in repr(place), "it holds the password"


def test_a_task_of_the_stack_knows_its_handles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HANDLES, json.dumps({"provider": "aws", "prefix": "shop-dev"}))
    place = place_of(None)
    assert place.handles == {"provider": "aws", "prefix": "shop-dev"}
    assert not place.remote, "it is inside"


@pytest.mark.parametrize("text", ["{", "[]", "{}"])
def test_handles_that_are_none_are_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(HANDLES, text)
    with pytest.raises(Refused, match="STACK_HANDLES is not the JSON object"):
        place_of(None)


def test_the_owner_goes_beside_the_pooler() -> None:
    environ = contract(DATABASE, {"provider": "aws", "environment": "dev", "database": {"direct": DIRECT}, "backups": None})
    assert (environ["DB_HOST"], environ["DB_PORT"], environ["DB_READER_HOST"]) == ("shop.cluster", "5432", "shop.cluster-ro")
    assert (environ["DB_USER"], environ["DB_SECRET_ID"]) == ("shop_admin", DATABASE["admin_secret_id"])
    assert environ["DB_APPLICATION_SECRET_ID"] == DATABASE["secret_id"]
    assert (environ["DB_SSL_MODE"], environ["DB_SSL_ROOT_CERT"]) == ("verify-full", "/etc/ssl/certs/rds.pem")
    assert "DB_PASSWORD" not in environ


@pytest.mark.parametrize(("provider", "remote", "mode"), [("local", False, "verify-full"), ("gcp", True, "verify-ca")])
def test_a_stack_by_its_name(provider: str, remote: bool, mode: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = {"environment": {"BACKUP_DIR": "/backups", "DB_HOST": "old"}}
    handles = {"provider": provider, "environment": "dev", "database": {}, "backups": folder}
    found = DeployedStack(checkout=Checkout(Path()), name="mine", outputs={"database": DATABASE}, handles=handles)
    monkeypatch.setattr(stacks, "deployed", lambda name: found)
    place = place_of("mine")
    assert (place.name, place.remote, place.environ["DB_SSL_MODE"]) == ("mine", remote, mode)
    assert (place.environ["DB_HOST"], place.environ["BACKUP_DIR"]) == ("proxy.example", "/backups")


@pytest.fixture
def project(tmp_path: Path) -> Any:
    with new_project(tmp_path / "project") as made:
        yield made


def refusal(stack: str) -> str:
    with pytest.raises(Refused) as caught:
        stacks.deployed(stack)
    return str(caught.value)


def test_a_stack_that_is_not_up_or_is_old_is_refused(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.root)
    assert refusal("none").startswith("There is no stack 'none': ")
    assert refusal("local") == "Stack 'local' is not up: bring it up with `make up`."
    assert project.run("up").code == 0
    assert refusal("local").endswith("which put out no handles: run `make up` once.")
