"""The environment contract: what is read, and the one sentence for all that is wrong."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from runtime.environment import ApplicationEnvironment, DatabaseEnvironment
from runtime.errors import EnvironmentProblem

PASSWORD = "never-shown-7f3a"


def contract(tmp_path: Path, **changes: str | None) -> dict[str, str]:
    """A right environment, with *changes*; None removes a variable."""
    ca = tmp_path / "ca.crt"
    ca.touch()
    right: dict[str, str | None] = {
        "ENVIRONMENT": "production",
        "DB_ENGINE": "django.db.backends.postgresql",
        "DB_NAME": "shop",
        "DB_USER": "shop_app",
        "DB_PASSWORD": PASSWORD,
        "DB_HOST": "10.0.0.1,10.0.0.2",
        "DB_PORT": "5433",
        "DB_READER_HOST": "10.0.0.2,10.0.0.1",
        "DB_SSL_MODE": "verify-full",
        "DB_SSL_ROOT_CERT": str(ca),
        "PATH": "/usr/bin",
    }
    return {name: value for name, value in (right | changes).items() if value is not None}


def problem_of(environ: dict[str, str]) -> str:
    with pytest.raises(EnvironmentProblem) as caught:
        ApplicationEnvironment.from_environ(environ)
    return str(caught.value)


def test_the_whole_contract(tmp_path: Path) -> None:
    read = ApplicationEnvironment.from_environ(
        contract(tmp_path, PORT="8080", HOST="127.0.0.1", REDIS_HOST="cache", REDIS_TLS="true", REDIS_PASSWORD="r")
    )
    assert (read.db_name, read.db_port, read.db_ssl_mode) == ("shop", 5433, "verify-full")
    assert read.writer_hosts == ("10.0.0.1", "10.0.0.2")
    assert (read.host, read.port, read.environment) == ("127.0.0.1", 8080, "production")
    assert (read.redis_host, read.redis_port, read.redis_tls) == ("cache", 6379, True)


def test_reading_falls_back_to_the_writer_of_another_address(tmp_path: Path) -> None:
    read = DatabaseEnvironment.from_environ(contract(tmp_path, DB_HOST="writer.example", DB_READER_HOST="reader.example"))
    assert read.reader_hosts == ("reader.example", "writer.example")
    assert read.has_reader


@pytest.mark.parametrize("reader", [None, "", "10.0.0.1,10.0.0.2", "10.0.0.1, 10.0.0.2"])
def test_no_reader_of_its_own(tmp_path: Path, reader: str | None) -> None:
    read = DatabaseEnvironment.from_environ(contract(tmp_path, DB_READER_HOST=reader))
    assert not read.has_reader
    assert read.reader_hosts == read.writer_hosts


def test_all_problems_in_one_sentence_and_no_password(tmp_path: Path) -> None:
    text = problem_of(
        contract(tmp_path, DB_NAME=None, DB_HOST="", DB_PORT="54x", DB_SSL_MODE="prefer", DB_USER=None, PORT="70000")
    )
    for part in (
        "DB_NAME is missing",
        "DB_HOST is missing",
        "DB_PORT is '54x', not a port number from 1 to 65535",
        "DB_SSL_MODE must be one of 'disable', 'require', 'verify-ca' or 'verify-full'",
        "DB_SECRET_ID is missing, and so is DB_USER with DB_PASSWORD",
        "PORT is '70000', not a port number",
    ):
        assert part in text
    assert "\n" not in text
    assert PASSWORD not in text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"DB_SSL_ROOT_CERT": None}, "DB_SSL_ROOT_CERT is missing: DB_SSL_MODE=verify-full needs the path of a CA file"),
        ({"DB_SSL_ROOT_CERT": "/nowhere/ca.crt"}, "DB_SSL_ROOT_CERT is '/nowhere/ca.crt', where there is no file"),
        ({"DB_HOST": " , "}, "DB_HOST names no host"),
        ({"DB_SECRET_ID": "vault://x"}, "DB_SECRET_ID must be file:///absolute/path.json, the ARN"),
        ({"DB_PASSWORD": ""}, "DB_SECRET_ID is missing"),
        ({"DB_PORT": "0"}, "DB_PORT is '0'"),
        ({"DB_PORT": "5433 "}, "DB_PORT is '5433 '"),
        ({"DB_PORT": "\u0665"}, "DB_PORT is"),
        ({"REDIS_TLS": "maybe"}, "REDIS_TLS"),
    ],
)
def test_one_problem(tmp_path: Path, changes: dict[str, str | None], sentence: str) -> None:
    assert sentence in problem_of(contract(tmp_path, **changes))


def test_secret_alone_is_enough_and_ssl_may_be_off(tmp_path: Path) -> None:
    changes = {"DB_USER": None, "DB_PASSWORD": None, "DB_SECRET_ID": "file:///s.json"}
    off = {"DB_SSL_MODE": "disable", "DB_SSL_ROOT_CERT": None}
    assert DatabaseEnvironment.from_environ(contract(tmp_path, **changes, **off)).db_secret_id == "file:///s.json"


def test_the_password_shows_nowhere(tmp_path: Path) -> None:
    read = ApplicationEnvironment.from_environ(contract(tmp_path, REDIS_URL=f"rediss://:{PASSWORD}@cache"))
    assert PASSWORD not in f"{read!r} {read} {read.model_dump()} {read.model_dump_json()}"


def test_the_value_cannot_change(tmp_path: Path) -> None:
    read = DatabaseEnvironment.from_environ(contract(tmp_path))
    with pytest.raises(ValueError, match="frozen"):
        read.db_name = "other"


def test_nothing_else_in_runtime_reads_the_environment() -> None:
    folder = Path(__file__).parents[2] / "runtime"
    readers = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and re.fullmatch("environb?|getenvb?", node.attr)
    }
    assert readers == {"environment.py"}
