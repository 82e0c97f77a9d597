"""The SQL prompt where the database can be reached: a real psql on a real PostgreSQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer
from psycopg.conninfo import conninfo_to_dict

from operations.connect.cli import connect
from operations.connection import ConnectionFailed
from operations.errors import Refused

WHO = "select current_user || ' ' || pg_is_in_recovery()"


@pytest.fixture
def login(database: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """The contract in this process's environment; makes secrets with another password."""
    for name, value in database.environ().items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("STACK_HANDLES", raising=False)

    def secret(conninfo: str) -> Path:
        given = conninfo_to_dict(conninfo)
        path = tmp_path / "secret.json"
        path.write_text(json.dumps({"username": given["user"], "password": given["password"]}))
        return path

    return secret


def code(**options: Any) -> int:
    with pytest.raises(typer.Exit) as ended:
        connect(**options)
    return int(ended.value.exit_code)


def test_the_owner_gets_a_prompt_and_the_password_is_in_no_argument(
    login: Callable[[str], Path], database: Any, capfd: pytest.CaptureFixture[str]
) -> None:
    shown = r"\! tr '\0' ' ' < /proc/$PPID/cmdline"
    assert code(arguments=["-At", "-c", WHO, "-c", "select ssl from pg_stat_ssl where pid = pg_backend_pid()", "-c", shown]) == 0
    out = capfd.readouterr().out.splitlines()
    assert out[0] == f"{database.name}_admin false"
    assert out[1] == "t", "TLS"
    assert "psql --no-password" in out[2]
    assert "ownerpw" not in out[2]
    assert "application_name" not in out[2]


def test_psqls_exit_code_is_ours(login: Callable[[str], Path], capfd: pytest.CaptureFixture[str]) -> None:
    assert code(arguments=["-v", "ON_ERROR_STOP=1", "-f", "/nonexistent.sql"]) == 1
    assert "nonexistent" in capfd.readouterr().err


def test_the_application_and_a_reader(
    login: Callable[[str], Path], database: Any, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DB_APPLICATION_SECRET_ID", login(database.app).as_uri())
    assert code(arguments=["-At", "-c", WHO], application=True, reader=True) == 0
    assert capfd.readouterr().out.strip() == f"{database.name}_app false", "the writer where there is no reader"


def test_without_the_applications_secret_it_says_so(login: Callable[[str], Path]) -> None:
    with pytest.raises(Refused, match="DB_APPLICATION_SECRET_ID is not set"):
        connect(application=True)


def test_a_wrong_password_is_one_sentence_before_psql(login: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DB_PASSWORD", "not-the-one")
    with pytest.raises(ConnectionFailed, match=r"password authentication failed .*; check DB_USER and DB_PASSWORD") as caught:
        connect(arguments=["-c", "select 1"])
    assert "not-the-one" not in str(caught.value)


@pytest.mark.parametrize(("option", "cloud"), [("through", "AWS"), ("identity", "Google Cloud")])
def test_an_option_of_a_cloud_is_refused_elsewhere(login: Callable[[str], Path], option: str, cloud: str) -> None:
    with pytest.raises(Refused, match=f"--{option} is for stacks on {cloud}: leave it out"):
        connect(**{option: "i-0123"})
