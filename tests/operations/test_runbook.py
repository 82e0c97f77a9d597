"""docs/runbook.md, docs/checklists.md: every command line is one that there is; those that only look are run on PostgreSQL."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import psycopg
import pytest
import typer
import yaml
from typer.testing import CliRunner

from components.config import parse as parse_settings
from operations import roles
from operations.cli import app
from operations.connection import conninfo_of
from operations.migrate.runner import migrate
from tests.checkout import ROOT
from tests.operations.conftest import made_database
from tests.support import LocalPostgres

FILES = [ROOT / "docs" / name for name in ("runbook.md", "checklists.md")]
TEXT = "\n".join(file.read_text() for file in FILES)
START = "python -m operations"
BLOCKS = [line.strip() for line in re.findall(r"^ {4,}(\S.*)$", TEXT, re.MULTILINE)]
LINES = [line for line in BLOCKS if line.startswith((START, "make "))]
QUOTED = re.findall(r"`((?:python -m operations|make) [^`]+)`", TEXT)
INSIDE = [line.partition(" -- ")[2] for line in (*LINES, *QUOTED) if f" -- {START} " in line]
"""What jobs are told to do."""
COMMANDS = sorted({*LINES, *QUOTED, *INSIDE})
OURS = [line for line in COMMANDS if line.startswith(START)]
MAKE = [line for line in COMMANDS if line.startswith("make ")]

LOOKS = {
    "status": (0, 1), "doctor": (0, 1), "top": (0,), "migrate status": (0,), "migrate up": (0,), "migrate verify": (0,),
    "backup create": (0,), "backup list": (0,), "backup verify": (0,), "restore list": (0,), "drill": (0,),
}  # fmt: skip
"""Commands that destroy nothing, and how they may end in the tests' database; the order is that of a working day."""
MORE = {
    "top": ["--seconds", "0"],
    **{f"migrate {name}": ["--directory", "{migrations}"] for name in ("status", "up", "verify")},
}
"""What they get besides in the tests: no ten seconds of waiting, files that need no superuser."""


@cache
def root() -> Any:
    return typer.main.get_command(app)


@cache
def parse(line: str) -> tuple[list[str], Any, list[str]]:
    """The command that *line* names, and the arguments that it would get; typer has parsed them."""
    words = shlex.split(line.removeprefix(START))
    command = root()
    names: list[str] = []
    while words and hasattr(command, "get_command") and (found := command.get_command(None, words[0])):
        names.append(words.pop(0))
        command = found
    context = command.make_context(" ".join(names), list(words))
    left = [*context.args, *getattr(context, "_protected_args", [])]
    assert not left, f"{line}: there is no {left}"
    return names, command, words


@pytest.mark.parametrize("line", OURS)
def test_every_command_is_one_that_there_is(line: str) -> None:
    names, command, _ = parse(line)
    assert names, line
    assert not hasattr(command, "commands") or command.invoke_without_command, f"{line} names no command"


@pytest.mark.parametrize("line", MAKE)
def test_every_make_target_is_one_that_there_is(line: str) -> None:
    _, target, *variables = shlex.split(line)
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), line
    assert all(re.fullmatch(r"(STACK|AGAINST|YES)=\w+", variable) for variable in variables), line
    shown = subprocess.run(["make", "-n", target, *variables], cwd=ROOT, capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr


def anchors(file: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", file.read_text(), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize(("provider", "password"), [("aws", "shop/old/db#password"), ("gcp", "shop-old-db:1")])
def test_the_job_that_moves_from_another_server_is_one_that_a_stack_takes(provider: str, password: str) -> None:
    [text] = re.findall(r"^```yaml\n(.+?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert f'PGPASSWORD: "{password}"' in TEXT
    [(name, job)] = yaml.safe_load(text).items()
    job["secrets"] = {"PGPASSWORD": password}
    settings = parse_settings({"app": "shop", "provider": provider, "tier": "dev", "jobs": {name: job}}, file="Pulumi.test.yaml")
    found = settings.jobs[name]
    assert (found.when, found.database, found.database_role, found.egress_ports) == ("manual", True, "owner", (443, 5432))
    assert f"python -m operations run {name} --stack prod -- {START} data move --from postgresql://" in TEXT


def test_blocks_hold_nothing_but_commands() -> None:
    assert [line for line in BLOCKS if line not in LINES] == []
    assert len(OURS) > 50


def test_every_link_and_stack_is_there() -> None:
    for file in FILES:
        for path, anchor in re.findall(r"\]\(([^)#]*)#?([^)]*)\)", file.read_text()):
            target = (file.parent / path).resolve() if path else file
            assert target.is_file(), f"{file.name}: {path}"
            assert not anchor or anchor in anchors(target), f"{file.name}: {path}#{anchor}"
    stacks = set(re.findall(r"(?:--stack |STACK=)([\w-]+)", TEXT))
    assert {stack for stack in stacks if not (ROOT / f"Pulumi.{stack}.yaml").is_file()} == set()


@pytest.fixture(scope="module")
def environ(local_postgres: LocalPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The contract of a database with a migration, and a folder for its backups."""
    files, backups = tmp_path_factory.mktemp("migrations"), tmp_path_factory.mktemp("backups")
    (files / "001_t.sql").write_text("CREATE TABLE t (n int PRIMARY KEY); INSERT INTO t SELECT generate_series(1, 100);")
    with made_database(local_postgres) as database:
        with psycopg.connect(database.superuser, autocommit=True) as root:
            roles.ensure_restore_rights(root, role=f"{database.name}_admin", maintenance="postgres")
        migrate(database.owner, files)
        yield {**database.environ(), "BACKUP_DIR": str(backups), "MIGRATIONS": str(files)}


def lines_that_look() -> list[str]:
    found: list[str] = []
    for name in LOOKS:
        for line in OURS:
            names, _, words = parse(line)
            if " ".join(names) == name:
                found.append(shlex.join([*names, *without_stack(words)]))
    return list(dict.fromkeys(found))


def without_stack(words: list[str]) -> list[str]:
    """The database of the environment instead of a stack's, which the tests do not have."""
    kept = list(words)
    while "--stack" in kept:
        at = kept.index("--stack")
        del kept[at : at + 2]
    return kept


def test_those_that_look_do_so(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BACKUP_RETENTION_DAYS", "30")
    handler = signal.getsignal(signal.SIGTERM)
    lines = lines_that_look()
    assert len(lines) >= len(LOOKS)
    for line in lines:
        words = shlex.split(line)
        name = next(name for name in LOOKS if line == name or line.startswith(f"{name} "))
        extra: list[Any] = [] if "--seconds" in words else MORE.get(name, [])
        done = CliRunner().invoke(app, [*words, *(word.format(migrations=environ["MIGRATIONS"]) for word in extra)])
        assert done.exception is None or isinstance(done.exception, SystemExit), (line, done.exception)
        assert done.exit_code in LOOKS[name], (line, done.output)
        assert environ["DB_PASSWORD"] not in done.output
    signal.signal(signal.SIGTERM, handler)


def test_sql_of_prompts(environ: dict[str, str]) -> None:
    asked = {words[words.index("-c") + 1] for words in map(shlex.split, OURS) if "connect" in words and "-c" in words}
    assert asked
    with psycopg.connect(conninfo_of(environ)) as session:
        for query in asked:
            assert session.execute(query.encode()).fetchall(), query
