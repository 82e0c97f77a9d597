"""The steps of a rotation on a real PostgreSQL, with moto's server for Secrets Manager over HTTP."""

from __future__ import annotations

import json
import uuid
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from operations import application_login
from operations.connection import ConnectionFailed
from operations.rotation.aws import STEPS, handler
from operations.rotation.steps import RotationFailed
from tests.operations.rotation_stack import Stack, works


def test_two_users_take_turns_and_the_one_before_stays_good(stack: Stack) -> None:
    logins = [stack.login()]
    for turn in range(1, 4):
        value = stack.rotate()
        assert value["username"] == stack.user + ("_clone" if turn % 2 else "")
        assert works(value["url"]), "the url changes together with the password"
        logins.append(stack.login())
        assert [works(login) for login in logins[-2:]] == [True, True]
    assert not works(logins[0]), "its turn came again"


def test_the_clone_may_what_the_first_may_and_no_more(stack: Stack, database: Any) -> None:
    database.rows("CREATE TABLE t (n int)")
    url = stack.rotate()["url"]
    database.rows("CREATE TABLE later (n int)")
    for table in ("t", "later"):
        database.rows(f"INSERT INTO {table} VALUES (1)", conninfo=url)
    with psycopg.connect(url) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute("CREATE TABLE mine (n int)")


def test_other_keys_of_the_secret_stay(stack: Stack) -> None:
    stack.secrets.put_secret_value(SecretId=stack.application, SecretString=json.dumps({**stack.value(), "note": "ours"}))
    assert stack.rotate()["note"] == "ours"


def test_a_rotation_before_the_first_migration_makes_the_login(stack: Stack, database: Any) -> None:
    database.rows(f"DROP OWNED BY {stack.user}; DROP ROLE {stack.user}", conninfo=database.superuser)
    assert works(stack.rotate()["url"])


@pytest.mark.parametrize("step", STEPS)
def test_every_step_may_run_twice(stack: Stack, step: str) -> None:
    token = str(uuid.uuid4())
    for one in STEPS:
        stack.step(one, token)
        pending = stack.value(VersionId=token)
        if one == step:
            stack.step(one, token)
            assert stack.value(VersionId=token) == pending
    assert stack.value() == pending
    assert works(pending["url"])


CUTS = {
    "after the password, before its report": ("operations.application_login.set_password", "setSecret"),
    "before the secret moves": ("operations.rotation.aws.SecretsManagerStore.promote", "finishSecret"),
    "before the services are started anew": ("operations.rotation.aws.redeploy", "finishSecret"),
}


@pytest.mark.parametrize(("place", "step"), CUTS.values(), ids=CUTS)
def test_a_function_that_is_killed_goes_on_where_it_was(
    stack: Stack, place: str, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, token = stack.login(), str(uuid.uuid4())
    original = application_login.set_password

    def cut(*arguments: Any, **_: Any) -> None:
        if place.endswith("set_password"):
            original(*arguments)
        raise KeyboardInterrupt

    for one in STEPS:
        if one == step:
            with monkeypatch.context() as patch:
                patch.setattr(place, cut)
                with pytest.raises(KeyboardInterrupt):
                    stack.step(one, token)
            assert works(before), "programs that run are not harmed"
            assert works(stack.login()), "the secret is true at every moment"
        stack.step(one, token)
    assert works(stack.value()["url"])
    assert stack.value()["username"] == f"{stack.user}_clone"


def test_a_rotation_that_was_given_up_does_not_hinder_the_next(stack: Stack) -> None:
    for step in ("createSecret", "setSecret"):
        stack.step(step, str(uuid.uuid5(uuid.NAMESPACE_DNS, "given up")))
    assert works(stack.rotate()["url"])


def test_the_test_that_aws_makes_when_a_schedule_is_declared(stack: Stack, capsys: pytest.CaptureFixture[str]) -> None:
    before = stack.value()
    stack.step("testSecret", str(uuid.uuid4()))
    assert stack.value() == before
    assert capsys.readouterr().out == "test: nothing is proposed, nothing to test\n"


def test_a_password_that_does_not_work_never_becomes_current(stack: Stack) -> None:
    token, before = str(uuid.uuid4()), stack.value()
    stack.step("createSecret", token)
    with pytest.raises(ConnectionFailed, match="password authentication failed") as caught:
        stack.step("testSecret", token)
    assert stack.value(VersionId=token)["password"] not in str(caught.value)
    assert stack.value() == before


def test_complaint_14_the_admin_changes_its_own_password(stack: Stack) -> None:
    """Where RDS does not rotate the admin's secret (replicas), this function does."""
    before = stack.login(stack.admin)
    value = stack.rotate(stack.admin)
    assert value["username"] == conninfo_to_dict(stack.owner)["user"]
    assert works(value["url"])
    assert not works(before)
    assert works(stack.rotate()["url"]), "the application's rotation uses the new one"


def test_the_admin_is_killed_between_password_and_secret(stack: Stack) -> None:
    token = str(uuid.uuid4())
    stack.step("createSecret", token, stack.admin)
    stack.step("setSecret", token, stack.admin)
    assert not works(stack.login(stack.admin)), "one user alone cannot be without a gap"
    for step in STEPS:
        stack.step(step, token, stack.admin)
    assert works(stack.login(stack.admin))


def test_an_admin_that_nobody_can_log_in_as_says_the_way_out(stack: Stack, database: Any) -> None:
    database.rows(f"ALTER ROLE {conninfo_to_dict(stack.owner)['user']} PASSWORD 'unknown'", conninfo=database.superuser)
    with pytest.raises(RotationFailed, match=r"set: neither the current nor .* raise database\.password_version"):
        stack.rotate(stack.admin)


def test_a_proxy_knows_both_users_at_every_moment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy reads current values only, so the login before moves to a second secret (aws-cdk#25568)."""
    value = json.dumps({"username": f"{stack.user}_clone", "password": "nobody's"})
    previous = stack.secrets.create_secret(Name="shop/dev/db-previous", SecretString=value)["ARN"]
    monkeypatch.setenv("PREVIOUS_SECRET_ID", previous)
    for _ in range(2):
        before = stack.login()
        stack.rotate()
        assert stack.login(previous) == before
        assert {stack.value()["username"], stack.value(previous)["username"]} == {stack.user, f"{stack.user}_clone"}
        assert works(stack.value(previous)["url"])


def test_an_address_that_changes_is_corrected_and_the_password_kept(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy is put in front: the url of the secret must follow at once, not at the next rotation."""
    before = stack.value()
    monkeypatch.setenv("APPLICATION_HOST", "proxy.example.com")
    monkeypatch.setenv("APPLICATION_PORT", "6432")
    monkeypatch.setenv("APPLICATION_SSL_ROOT_CERT", "system")
    for _ in range(2):
        handler({"Step": "address"})
        after = stack.value()
        at = conninfo_to_dict(after["url"])
        assert (at["host"], at["port"], at["sslrootcert"]) == ("proxy.example.com", "6432", "system")
        assert (after["host"], after["port"]) == ("proxy.example.com", 6432)
        assert (after["username"], after["password"]) == (before["username"], before["password"])
    versions = stack.secrets.list_secret_version_ids(SecretId=stack.application, IncludeDeprecated=True)["Versions"]
    assert len(versions) == 2, "the second call had nothing to write"
    assert stack.value(stack.admin)["host"] == conninfo_to_dict(stack.owner)["host"], "the admin goes direct"
