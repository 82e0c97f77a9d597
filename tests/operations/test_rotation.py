"""Rotation of passwords on a real PostgreSQL, with moto's server for Secrets Manager and ECS over HTTP."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from operations import application_login
from operations.application_login import with_login
from operations.connection import ConnectionFailed
from operations.rotation import aws as function
from operations.rotation.aws import STEPS, handler
from operations.rotation.steps import Address, RotationFailed

FIRST = "first-of-all-7x"


@dataclass(frozen=True)
class Stack:
    """A database with its secrets, as Pulumi leaves them, and this process as the rotation function."""

    secrets: Any
    application: str
    admin: str
    owner: str
    user: str

    def value(self, secret: str = "", **version: str) -> dict[str, Any]:
        answer = self.secrets.get_secret_value(SecretId=secret or self.application, **version)
        return dict(json.loads(answer["SecretString"]))

    def login(self, secret: str = "") -> str:
        value = self.value(secret)
        return with_login(self.owner, value["username"], value["password"])

    def step(self, step: str, token: str, secret: str = "") -> None:
        handler({"Step": step, "SecretId": secret or self.application, "ClientRequestToken": token})

    def rotate(self, secret: str = "") -> dict[str, Any]:
        """A whole rotation; the new value."""
        token = str(uuid.uuid4())
        for step in STEPS:
            self.step(step, token, secret)
        return self.value(secret)


@pytest.fixture
def stack(database: Any, application_user: str, aws: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch) -> Stack:
    at = conninfo_to_dict(database.owner)
    direct = Address(host=str(at["host"]), port=int(at["port"]), dbname=database.name, ca=str(at["sslrootcert"]))
    secrets = aws("secretsmanager")

    def secret(name: str, username: str, password: str) -> str:
        value = json.dumps(direct.put_into({"username": username, "password": password}))
        return str(secrets.create_secret(Name=f"shop/dev/{name}", SecretString=value)["ARN"])

    admin = secret("db-admin", str(at["user"]), str(at["password"]))
    application = secret("db", application_user, FIRST)
    aws("ecs").create_cluster(clusterName="shop-dev")
    environ = {
        **{key: value for key, value in database.environ().items() if key not in ("DB_USER", "DB_PASSWORD")},
        "DB_SECRET_ID": admin,
        "SECRET_IDS": f"{application},{admin}",
        "APPLICATION_HOST": direct.host,
        "APPLICATION_PORT": str(direct.port),
        "APPLICATION_SSL_ROOT_CERT": direct.ca,
        "ECS_CLUSTER": "shop-dev",
    }
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    application_login.ensure(database.owner, with_login(database.owner, application_user, FIRST))
    return Stack(secrets, application, admin, database.owner, application_user)


def works(conninfo: str) -> bool:
    try:
        psycopg.connect(conninfo).close()
    except psycopg.OperationalError as error:
        assert "password authentication failed" in str(error)
        return False
    return True


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


@pytest.fixture
def services(stack: Stack, aws: Callable[[str], Any]) -> Iterator[list[str]]:
    """Services of the cluster: eleven with the secret, one without. Gives the names of those that are started anew."""
    ecs, started = aws("ecs"), []
    for name, secret in [*((f"api-{number}", stack.application) for number in range(11)), ("web", f"{stack.admin}x")]:
        container = {"name": name, "image": "i", "memory": 512, "secrets": [{"name": "P", "valueFrom": f"{secret}:password::"}]}
        ecs.register_task_definition(family=name, containerDefinitions=[container])
        ecs.create_service(cluster="shop-dev", serviceName=name, taskDefinition=name, desiredCount=1)
    original = function._client

    def spied(service: str, arn: str) -> Any:
        client = original(service, arn)
        client.meta.events.register(
            "before-call.ecs.UpdateService", lambda params, **_: started.append(json.loads(params["body"]))
        )
        return client

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(function, "_client", spied)
        yield started


def test_complaint_15_services_with_the_secret_are_started_anew(stack: Stack, services: list[Any]) -> None:
    stack.rotate()
    assert sorted(asked["service"] for asked in services) == sorted(f"api-{number}" for number in range(11))
    assert all(asked["forceNewDeployment"] and asked["cluster"] == "shop-dev" for asked in services)


def test_complaint_15_a_service_that_refuses_does_not_keep_the_others_from_it(
    stack: Stack, services: list[Any], aws: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = aws("ecs")
    ecs.deregister_task_definition(taskDefinition="api-3:1")
    ecs.delete_task_definitions(taskDefinitions=["api-3:1"])
    stack.rotate()
    assert sorted(asked["service"] for asked in services) == sorted(f"api-{number}" for number in range(11) if number != 3)
    assert "service api-3 keeps the old login until its next deployment" in capsys.readouterr().out


def test_complaint_15_a_cluster_that_refuses_does_not_fail_the_rotation(
    stack: Stack, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ECS_CLUSTER", "gone")
    assert works(stack.rotate()["url"])
    assert "services were not started anew and keep the login before" in capsys.readouterr().out


def test_no_password_is_logged(stack: Stack, services: list[Any], capfd: pytest.CaptureFixture[str]) -> None:
    assert services == []
    value = stack.rotate()
    handler({"Step": "address"})
    printed = "".join(capfd.readouterr())
    assert "finish: the login is" in printed
    assert value["password"] not in printed
    assert FIRST not in printed


def test_a_secret_that_is_gone_is_one_sentence(stack: Stack) -> None:
    stack.secrets.delete_secret(SecretId=stack.application, ForceDeleteWithoutRecovery=True)
    with pytest.raises(RotationFailed, match=r"the secret arn:aws:secretsmanager:.*:secret:shop/dev/db-\w+ does not exist"):
        stack.rotate()


def test_an_unknown_step(stack: Stack) -> None:
    with pytest.raises(RotationFailed, match="there is no step 'dance'; the steps are createSecret"):
        stack.step("dance", "t")


@contextmanager
def busy(behind: str, refusals: int) -> Iterator[str]:
    """A server in front of *behind* that throttles the first requests."""
    left = [refusals]

    class Gate(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if left[0] > 0:
                left[0] -= 1
                self.answer(400, json.dumps({"__type": "ThrottlingException", "message": "Rate exceeded"}).encode())
                return
            try:
                with urlopen(Request(behind, data=body, headers=dict(self.headers)), timeout=10) as answer:
                    self.answer(answer.status, answer.read())
            except HTTPError as error:
                self.answer(error.code, error.read())

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/x-amz-json-1.1")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Gate) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("times", [2, 50])
def test_throttling_is_waited_out_and_then_said(stack: Stack, moto: str, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    with busy(moto, times) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL", address)
        if times == 2:
            assert works(stack.rotate()["url"])
        else:
            with pytest.raises(RotationFailed, match=r"createSecret: AWS refused: .*ThrottlingException.*reached max retries"):
                stack.rotate()


def test_aws_out_of_reach_is_one_sentence(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    with pytest.raises(RotationFailed, match=r"createSecret: AWS cannot be reached: .*check the network's NAT or endpoints"):
        stack.rotate()
