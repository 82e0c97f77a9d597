"""What is special at Google Cloud: users that nobody else may change, pinned versions, refusals, a process that is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest

from operations.errors import OperationError, Refused
from operations.rotation.google import SecretManagerStore
from operations.rotation.google import secret_manager as client
from operations.rotation.note import Noted
from operations.rotation.steps import RotationFailed
from tests.operations.conftest import ROOT
from tests.operations.rotate.logins import FIRST, SPARE, Logins, login, works
from tests.operations.rotate.secret_manager import SecretManager

WRITES = [("AddSecretVersion", f"db{end}") for end in ("-next", "-password", "-url", "")] + [("UpdateSecret", "db")]
"""All that one rotation writes, in order."""


def noted(server: SecretManager, name: str = "db") -> Noted | None:
    return Noted.on(server.annotations[name])


def test_containers_are_told_versions_that_belong_together(at_google: Logins, server: SecretManager) -> None:
    for _ in range(2):
        at_google.rotate(**at_google.pin())
        for name in ("db", "db-admin"):
            found, value = noted(server, name), at_google.value(name)
            assert found is not None
            assert found.username == value["username"]
            assert found.version == len(server.values[name])
            assert server.values[f"{name}-password"][found.password - 1].decode() == value["password"]
            assert server.values[f"{name}-url"][found.url - 1].decode() == value["url"]
    assert [call for call in server.calls if call[0] in ("AddSecretVersion", "UpdateSecret")][:5] == WRITES


def test_latest_may_be_behind(at_google: Logins, server: SecretManager) -> None:
    """Only by its number is a version there at once; a rotation needs nothing else, and the next one sees what it noted."""
    before = at_google.value()
    server.latest.update({name: len(values) for name, values in server.values.items()})
    (told,) = at_google.rotate("application", **at_google.pin())
    after, found = at_google.value(), noted(server)
    assert told.username == after["username"] == f"{at_google.user}_clone"
    assert found == Noted(username=after["username"], version=2, password=2, url=2)
    assert works(after)
    with pytest.raises(Refused, match=f"It is the turn of {at_google.user}, "):
        at_google.rotate("application", **{"DB_STARTED_WITH": before["username"]})
    assert works(before)


@pytest.mark.parametrize("role", ["password", "url"])
def test_what_is_noted_by_another_run_belongs_together(at_google: Logins, server: SecretManager, role: str) -> None:
    """The first run was cut off before it noted what it wrote; the second still sees an older version as the latest."""
    left = ["UpdateSecret"]
    server.before = lambda method, _name: grpc.StatusCode.INTERNAL if left == [method] and left.pop() else None
    with pytest.raises(RotationFailed, match="cannot note"):
        at_google.rotate("application")
    server.latest[f"db-{role}"] = 1
    at_google.rotate("application")
    found, value = noted(server), at_google.value()
    assert found is not None
    assert server.values["db-password"][found.password - 1].decode() == value["password"]
    assert server.values["db-url"][found.url - 1].decode() == value["url"]


def test_a_proposal_that_is_seen_no_more_is_one_sentence(at_google: Logins, server: SecretManager) -> None:
    store = SecretManagerStore("projects/shop-1/secrets/db", client())
    with pytest.raises(RotationFailed, match=r"^finish: nothing is proposed in projects/shop-1/secrets/db-next any more; run"):
        store.promote()


def test_what_others_noted_on_the_secret_stays(at_google: Logins, server: SecretManager) -> None:
    server.annotations["db"]["team"] = "shop"
    at_google.rotate("application")
    assert server.annotations["db"]["team"] == "shop"


def test_containers_never_lose_the_password_that_they_were_started_with(at_google: Logins) -> None:
    started, pinned = at_google.value(), at_google.pin()
    at_google.rotate("application", **pinned)
    after = at_google.value()
    with pytest.raises(Refused) as caught:
        at_google.rotate("application", **pinned)
    assert str(caught.value) == (
        f"It is the turn of {at_google.user}, whose password the containers were started with: run `up` (with --refresh), which "
        f"gives them the login of {at_google.user}_clone, then rotate again. Nothing was changed."
    )
    assert at_google.value() == after
    assert works(started)


@pytest.mark.parametrize("write", range(len(WRITES)), ids=lambda write: "-".join(WRITES[write]))
def test_cut_off_at_any_write(at_google: Logins, server: SecretManager, write: int) -> None:
    """Whatever was written, programs log in; the next run does the rest and not a second rotation."""
    before, left = at_google.value(), [WRITES[write]]
    server.before = lambda method, name: grpc.StatusCode.INTERNAL if left == [(method, name)] and left.pop() else None
    with pytest.raises(RotationFailed, match=r"^cannot (write|note) .* run the rotation again, it goes on$"):
        at_google.rotate("application")
    assert works(before)
    assert works(at_google.value())
    at_google.rotate("application", **{"DB_STARTED_WITH": before["username"]})
    assert at_google.value()["username"] == f"{at_google.user}_clone"
    assert works(at_google.value())
    assert works(before)
    found = noted(server)
    assert found is not None
    assert found.version == len(server.values["db"])
    assert len(server.values["db-next"]) == 2, "one proposal"


def test_killed_while_it_writes_the_admins_new_password(at_google: Logins, server: SecretManager) -> None:
    """The database has it, the secret not yet: kill -9, and the same command again."""
    code = "import typer; from operations.rotation.cli import rotate; typer.run(rotate)"
    environ = {**os.environ, **at_google.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code]
    with subprocess.Popen([*command, "all"], env=environ, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:

        def kill(method: str, name: str) -> Any:
            if (method, name) != ("AddSecretVersion", "db-admin"):
                return None
            process.kill()
            process.wait(60)
            return grpc.StatusCode.CANCELLED

        server.before = kill
        said = b"".join(process.communicate(timeout=120))
    assert process.returncode == -signal.SIGKILL, said
    assert not works(at_google.value("db-admin"))
    server.before = lambda _method, _name: None
    done = subprocess.run(
        [*command, "admin", "--older-than", "30", "--json"], env=environ, cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    (told,) = json.loads(done.stdout)
    assert (told["login"], told["rotated"]) == ("admin", True)
    assert works(at_google.value("db-admin"))
    passwords = {value["password"] for value in (at_google.value(), at_google.value("db-admin"))}
    assert not [password for password in passwords if password in said.decode() + done.stdout + done.stderr]


def test_the_other_users_password_is_found_among_its_last_ones(at_google: Logins, server: SecretManager) -> None:
    """`password_version` was raised meanwhile, or a version was disabled: what is in `db-next` need not be right."""
    user = at_google.user
    server.values["db-next"].append(json.dumps(login(at_google.database, f"{user}_clone", "stale-7x")).encode())
    server.values["db"].insert(0, json.dumps(login(at_google.database, f"{user}_clone", "older-7x")).encode())
    at_google.rotate("application")
    assert works(at_google.value())


def test_a_user_whose_password_nobody_knows(at_google: Logins, server: SecretManager) -> None:
    server.put("db-next", login(at_google.database, f"{at_google.user}_clone", "wrong-7x"))
    with pytest.raises(RotationFailed) as caught:
        at_google.rotate("application")
    assert str(caught.value) == (
        f"set: none of the passwords that {at_google.user}_clone once had is right, so it cannot change it; "
        "raise database.password_version and run `pulumi up`, which sets a new one"
    )
    assert works(at_google.value())


REFUSALS = {
    grpc.StatusCode.PERMISSION_DENIED: "cannot read .* Google denies it; only the stack's rotation job may",
    grpc.StatusCode.NOT_FOUND: r"the secret projects/shop-1/secrets/db does not exist or has no value; `pulumi up` gives it one",
    grpc.StatusCode.INTERNAL: r"cannot read .* Secret Manager did not answer well \(InternalServerError\)",
}


@pytest.mark.parametrize(("status", "sentence"), REFUSALS.items(), ids=lambda item: getattr(item, "name", ""))
def test_refusals_are_one_sentence(at_google: Logins, server: SecretManager, status: Any, sentence: str) -> None:
    server.before = lambda method, name: status if (method, name) == ("AccessSecretVersion", "db") else None
    with pytest.raises(OperationError, match=sentence) as caught:
        at_google.rotate("application")
    assert "\n" not in str(caught.value)


def test_what_passes_is_tried_again(at_google: Logins, server: SecretManager) -> None:
    left = [grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED]
    server.before = lambda method, _name: left.pop() if left and method == "AddSecretVersion" else None
    at_google.rotate("application")
    assert works(at_google.value())


@pytest.mark.parametrize("text", ["{", "[1]", '{"username": "u"}', '{"username": "u", "password": "p", "url": 1}'])
def test_a_value_that_is_no_login(server: SecretManager, text: str) -> None:
    store = SecretManagerStore(server.put("db", text), client())
    with pytest.raises(RotationFailed, match="latest is not a login in JSON; write one with username, ") as caught:
        store.current()
    assert text not in str(caught.value)


def test_a_login_without_a_url_is_one_sentence(at_google: Logins, server: SecretManager) -> None:
    """As a person might write it who was told to write user and password."""
    found = at_google.value()
    server.put("db", {key: found[key] for key in ("username", "password")})
    with pytest.raises(RotationFailed, match="write one with username, password and url into the secret"):
        at_google.rotate("application")


def test_somebody_changes_the_secret_meanwhile(at_google: Logins, server: SecretManager) -> None:
    def meanwhile(method: str, name: str) -> None:
        if method == "UpdateSecret":
            server.etags[name] = "changed"
            server.before = lambda _method, _name: None

    server.before = meanwhile  # type: ignore[assignment]
    with pytest.raises(RotationFailed, match=r"cannot note the login on projects/shop-1/secrets/db: .* run the rotation again"):
        at_google.rotate("application")
    at_google.rotate("application", **{"DB_STARTED_WITH": at_google.user})
    assert noted(server) is not None


def test_no_password_is_logged(at_google: Logins) -> None:
    lines: list[str] = []
    from operations.rotation.run import rotate

    rotate(at_google.environ, ("application", "admin"), older_than=None, log=lines.append)
    text = "\n".join(lines)
    assert f"application: finish: the login is {at_google.user}_clone from now on" in text
    for name in ("db", "db-admin"):
        assert at_google.value(name)["password"] not in text
    assert FIRST not in text
    assert SPARE not in text
