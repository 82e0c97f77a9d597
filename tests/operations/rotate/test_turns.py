"""Rotations that we do ourselves, on a real PostgreSQL: in files and in a Secret Manager that answers over gRPC."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from operations import application_login
from operations.connection import connect
from operations.errors import OperationError, Refused
from operations.rotation import run
from operations.rotation.files import FileStore
from operations.rotation.google import SecretManagerStore
from operations.rotation.steps import Rotation, RotationFailed
from tests.operations.conftest import Database
from tests.operations.rotate.logins import FIRST, Logins, environ_of, login, make_users, works
from tests.operations.rotate.secret_manager import SecretManager


@pytest.fixture(params=["in_files", "at_google"])
def logins(request: pytest.FixtureRequest) -> Logins:
    found: Logins = request.getfixturevalue(request.param)
    return found


def test_two_users_take_turns_and_the_one_before_stays_good(logins: Logins) -> None:
    values = [logins.value()]
    for turn in range(1, 4):
        (done,) = logins.rotate("application", **logins.pin())
        values.append(logins.value())
        assert values[-1]["username"] == done.username == logins.user + ("_clone" if turn % 2 else "")
        assert [works(value) for value in values[-2:]] == [True, True]
        assert {**values[-1], **dict.fromkeys(("username", "password", "url"))} == {
            **values[0],
            **dict.fromkeys(("username", "password", "url")),
        }, "the address stays"
    assert not works(values[0]), "its turn came again"


def test_the_admin_changes_its_own_password(logins: Logins) -> None:
    before = logins.value("db-admin")
    assert [one.login for one in logins.rotate()] == ["application", "admin"]
    after = logins.value("db-admin")
    assert (after["username"], works(after), works(before)) == (before["username"], True, False)
    assert logins.rotate(**logins.pin()), "the next rotation uses the new one"


STEPS = (Rotation.create, Rotation.set, Rotation.test, Rotation.finish)


@pytest.mark.parametrize("who", ["application", "admin"])
def test_every_step_may_run_twice(logins: Logins, who: run.Who) -> None:
    secret = logins.environ[run.SECRETS[who]]
    name = "db" if who == "application" else "db-admin"
    before = logins.value(name)
    rotation = run.rotation_of(who, run.store_of(secret), lambda: logins.database.owner, lambda _: None)
    for step in STEPS:
        step(rotation)
        pending = rotation.store.pending()
        step(rotation)
        assert rotation.store.pending() == pending, "the second time changes nothing"
        if step is not Rotation.finish:
            assert logins.value(name) == before, "nobody hears of it before it is finished"
            assert who == "admin" or works(before)
    assert works(logins.value(name))


@pytest.mark.parametrize("who", ["application", "admin"])
@pytest.mark.parametrize("after", STEPS[:3], ids=lambda step: step.__name__)
def test_a_rotation_that_was_cut_off_is_finished_by_the_next(
    logins: Logins, after: Callable[[Rotation], None], who: run.Who, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "db" if who == "application" else "db-admin"

    def cut(self: Rotation) -> None:
        for step in STEPS:
            step(self)
            if step is after:
                raise KeyboardInterrupt

    before = logins.value()
    with monkeypatch.context() as patch:
        patch.setattr(Rotation, "run", cut)
        with pytest.raises(KeyboardInterrupt):
            logins.rotate(who)
    assert works(before)
    assert works(logins.value()), "the application's secret is true at every moment"
    logins.rotate(who, older_than=30)
    assert works(logins.value(name))
    assert works(before), "its rest only, no second rotation"
    again = logins.rotate(who, older_than=30)
    assert [one.rotated for one in again] == [False]


def test_two_at_once(logins: Logins) -> None:
    before = logins.value()

    def rotate(_: int) -> str:
        try:
            logins.rotate("application", **{"DB_STARTED_WITH": logins.user})
        except Refused as error:
            return str(error)
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(rotate, range(4)))
    assert said.count("") == 1, said
    assert all("is at work" in text or "It is the turn of" in text for text in said if text), said
    assert works(logins.value())
    assert works(before), "containers that were started with it never lose it"


def test_while_another_is_at_work(logins: Logins) -> None:
    before = logins.value()
    with run.alone(logins.database.owner), pytest.raises(Refused) as caught:
        logins.rotate()
    assert str(caught.value) == f"Another rotation of {logins.database.name} is at work; run the command again when it is over."
    assert logins.value() == before


def test_the_next_one_may_begin_at_once(in_files: Logins, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server ends a session a moment after its client has gone, and would give the lock back only then."""
    with ExitStack() as ended_late:
        monkeypatch.setattr(run, "connect", lambda *args: nullcontext(ended_late.enter_context(connect(*args))))
        for _ in range(2):
            with run.alone(in_files.database.owner):
                pass


def test_only_what_is_due(logins: Logins) -> None:
    before = logins.value()
    assert [one.rotated for one in logins.rotate(older_than=1)] == [False, False]
    assert logins.value() == before
    assert [one.rotated for one in logins.rotate(older_than=0)] == [True, True]


def test_a_login_that_was_lost_says_the_way_out(logins: Logins) -> None:
    admin = logins.value("db-admin")["username"]
    logins.database.rows(f"ALTER ROLE {admin} PASSWORD 'unknown'", conninfo=logins.database.superuser)
    with pytest.raises(
        OperationError, match=r"neither the current nor a proposed password of .* raise database\.password_version"
    ):
        logins.rotate()


def test_a_proposal_that_is_older_than_the_current_value_is_given_up(in_files: Logins) -> None:
    """Cut off, then `password_version` was raised, which is a login of the first user again."""
    in_files.rotate("application")
    store = FileStore(in_files.environ["DB_APPLICATION_SECRET_ID"])
    rotation = run.rotation_of("application", store, lambda: in_files.database.owner, lambda _: None)
    rotation.create()
    proposed = store.pending()
    assert proposed is not None
    with psycopg.connect(in_files.database.owner) as session:
        application_login.set_password(session, in_files.user, "raised-7x")
    store.replace(login(in_files.database, in_files.user, "raised-7x"))
    assert in_files.rotate("application")[0].username == f"{in_files.user}_clone"
    assert works(in_files.value())
    assert works(login(in_files.database, in_files.user, "raised-7x"))


def test_the_password_file_for_people_follows(in_files: Logins) -> None:
    at = conninfo_to_dict(in_files.database.owner)
    pgpass = in_files.folder / "pgpass"
    pgpass.write_text(f"{at['host']}:{at['port']}:*:{at['user']}:{at['password']}\n")
    pgpass.chmod(0o600)
    in_files.rotate()
    assert pgpass.stat().st_mode & 0o777 == 0o600
    for name in ("db", "db-admin"):
        value = in_files.value(name)
        psycopg.connect(
            host=value["host"], port=value["port"], dbname=value["dbname"], user=value["username"],
            sslmode="verify-full", sslrootcert=str(at["sslrootcert"]), passfile=str(pgpass),
        ).close()  # fmt: skip
    assert len(pgpass.read_text().splitlines()) == 2
    assert [path.stat().st_mode & 0o777 for path in in_files.folder.glob("db*.json")] == [0o600, 0o600]


def test_the_url_of_several_nodes_keeps_them(in_files: Logins) -> None:
    value = in_files.value()
    at = conninfo_to_dict(value["url"])
    several = f"postgresql://u:p@/{value['dbname']}?host={at['host']}&port={at['port']}&sslmode=verify-full&sslrootcert={at['sslrootcert']}"
    (in_files.folder / "db.json").write_text(json.dumps({**value, "url": several}))
    in_files.rotate("application")
    assert works(in_files.value())


@pytest.mark.parametrize("text", ["", "{", '{"username": "u"}'])
def test_a_file_that_is_no_login(in_files: Logins, text: str) -> None:
    (in_files.folder / "db.json").write_text(text)
    with pytest.raises(RotationFailed, match=r"the secret file .*db\.json cannot be read or is no login"):
        in_files.rotate("application")


def test_what_is_not_named_or_not_ours_is_refused(in_files: Logins) -> None:
    with pytest.raises(Refused, match="DB_APPLICATION_SECRET_ID is missing"):
        in_files.rotate("application", DB_APPLICATION_SECRET_ID="")
    with pytest.raises(Refused, match="vault:x is no secret that can be rotated"):
        in_files.rotate("application", DB_APPLICATION_SECRET_ID="vault:x")


def test_a_role_that_its_admin_may_not_change_is_one_sentence(database: Database, application_user: str, tmp_path: Path) -> None:
    at: dict[str, Any] = conninfo_to_dict(database.owner)
    make_users(database, application_user)
    for name, user, password in (("db", application_user, FIRST), ("db-admin", at["user"], at["password"])):
        (tmp_path / f"{name}.json").write_text(json.dumps(login(database, user, password)))
    environ = environ_of(database, (tmp_path / "db-admin.json").as_uri(), (tmp_path / "db.json").as_uri())
    with pytest.raises(RotationFailed, match="application: the database refuses: permission denied to alter role"):
        Logins(database, application_user, environ, tmp_path).rotate("application")


def test_stores_are_chosen_by_the_form_of_the_secret(in_files: Logins, server: SecretManager) -> None:
    assert isinstance(run.store_of(in_files.environ["DB_SECRET_ID"]), FileStore)
    assert isinstance(run.store_of(server.put("x")), SecretManagerStore)
