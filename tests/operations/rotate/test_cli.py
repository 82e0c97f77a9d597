"""`python -m operations rotate`: what it prints, how it ends, and where it works."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner, Result

from operations import place
from operations.engine.checkout import Checkout
from operations.engine.lock import stack_lock
from operations.place import Place
from operations.rotation import cli, run
from tests.operations.rotate.logins import Logins, works

APP = typer.Typer()
APP.command()(cli.rotate)


@pytest.fixture
def invoke(in_files: Logins, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name, value in in_files.environ.items():
        monkeypatch.setenv(name, value)

    def called(*words: str) -> Result:
        return CliRunner().invoke(APP, words)

    return called


def test_lines_for_people(invoke: Any, in_files: Logins) -> None:
    done = invoke()
    user, admin = f"{in_files.user}_clone", in_files.value("db-admin")["username"]
    assert done.exit_code == 0, done.output
    assert done.output.splitlines()[-2:] == [
        f"application: programs log in as {user} with a new password",
        f"admin: programs log in as {admin} with a new password",
    ]
    assert works(in_files.value())


def test_json_for_programs(invoke: Any, in_files: Logins) -> None:
    done = invoke("application", "--json")
    told = {"login": "application", "secret": in_files.environ["DB_APPLICATION_SECRET_ID"], "rotated": True}
    assert json.loads(done.stdout) == [{**told, "username": f"{in_files.user}_clone"}]
    assert done.stdout.count("\n") == 1


def test_not_due(invoke: Any, in_files: Logins) -> None:
    before = in_files.value()
    done = invoke("application", "--older-than", "30")
    assert (done.exit_code, done.output.splitlines()[-1]) == (0, "application: left as it is")
    assert in_files.value() == before


def test_refused_is_two_and_failed_is_one(invoke: Any, in_files: Logins) -> None:
    with run.alone(in_files.database.owner):
        refused = invoke("--json")
    assert refused.exit_code == 2
    assert json.loads(refused.stdout)["error"].startswith("Another rotation of")
    (in_files.folder / "db.json").write_text("{}")
    failed = invoke("application")
    assert failed.exit_code == 1
    assert failed.stderr.startswith("Error: the secret file")
    assert invoke("everybody").exit_code == 2


def test_an_up_of_the_local_stack_is_waited_out(in_files: Logins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It writes the same passwords and secrets."""
    monkeypatch.setattr(
        place, "place_of", lambda stack: Place(name=stack, environ=in_files.environ, handles={"provider": "local"}, remote=False)
    )
    monkeypatch.setattr(Checkout, "lock_file", lambda _, stack: tmp_path / stack)
    with stack_lock(tmp_path / "local", stack="local", command="make up"):
        busy = CliRunner().invoke(APP, ["--stack", "local"])
    assert (busy.exit_code, busy.stdout) == (2, "")
    assert busy.stderr.startswith("Error: Stack 'local' is busy: `make up`")
    done = CliRunner().invoke(APP, ["--stack", "local"])
    assert done.exit_code == 0, done.output


def test_on_google_cloud_the_stacks_own_job_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    handles = {
        "provider": "gcp",
        "backups": None,
        "database": {"rotation": "projects/p/locations/r/jobs/shop-dev-database-rotation"},
    }
    called: list[Any] = []
    monkeypatch.setattr(place, "place_of", lambda stack: Place(name=stack, environ={}, handles=handles, remote=True))
    monkeypatch.setattr(place, "run_there", lambda there, words: called.append((there, list(words))) or 7)
    done = CliRunner().invoke(APP, ["application", "--stack", "gcp-dev", "--older-than", "30", "--json"])
    assert done.exit_code == 7, "the job's own"
    ((there, words),) = called
    assert there.handles["backups"] == {"job": handles["database"]["rotation"]}  # type: ignore[index]
    assert words == ["rotate", "application", "--older-than", "30", "--json"]
