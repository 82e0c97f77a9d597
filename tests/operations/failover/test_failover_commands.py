"""``failover``, ``switchover`` and ``promote`` as a user runs them, on a real cluster; the stack's outputs are given."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from components.local.host.postgres import copies
from operations import place
from operations.cloud.local.database import LocalDatabase
from operations.engine import checkout
from operations.engine.lock import stack_lock
from operations.failover import cli
from operations.failover.probe import WriteProbe
from operations.place import Place
from tests.operations.cloud.local_stack import Pair, running_pair
from tests.processes import until

app = typer.Typer()
for command in (cli.failover, cli.switchover, cli.promote):
    app.command()(command)


@pytest.fixture(scope="module")
def _pair() -> Iterator[Pair]:
    with running_pair() as pair:
        yield pair


@pytest.fixture
def here(_pair: Pair) -> Place:
    """The stack ``local`` as its outputs describe it."""
    postgres = _pair.postgres
    environ = {
        **{"ENVIRONMENT": "test", "DB_NAME": postgres.dbname, "DB_HOST": postgres.host, "DB_PORT": str(postgres.port)},
        **{"DB_USER": "shop_admin", "DB_SECRET_ID": postgres.admin_secret.as_uri()},
        **{"DB_SSL_MODE": "verify-full", "DB_SSL_ROOT_CERT": str(postgres.ca)},
    }
    return Place(name="local", environ=environ, handles=_pair.handles, remote=False)


@pytest.fixture
def pair(_pair: Pair, here: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Pair:
    (tmp_path / "Pulumi.local.yaml").touch()
    monkeypatch.setattr(checkout, "find_checkout", lambda: checkout.Checkout(tmp_path))
    monkeypatch.setattr(place, "place_of", lambda stack: here)
    _pair.mend()
    return _pair


def run(*words: str) -> Result:
    return CliRunner().invoke(app, [*words, "--stack", "local"])


@pytest.mark.parametrize("answer", [[], ["--yes-switchover=prod"]])
def test_without_the_stacks_name_nothing_is_done(pair: Pair, answer: list[str]) -> None:
    first, second = pair.names
    refused = run("switchover", *answer)
    assert refused.exit_code == 2
    lines = refused.stderr.splitlines()
    assert lines[0].startswith(f"switchover of stack local: database shop at {pair.postgres.host}, ")
    assert lines[0].endswith((" kB", " MB"))
    assert lines[1] == f"  {first}: writer (running) -> reader"
    assert lines[2].startswith(f"  {second}: reader (running, ")
    assert lines[2].endswith("-> writer")
    assert lines[-1].endswith("That is not local. Nothing was done." if answer else "Nothing was done.")
    assert ("--yes-switchover=local" in lines[-1]) is not bool(answer)
    assert refused.stdout == ""
    assert pair.roles() == pair.unchanged


def test_a_switchover_says_how_long_writes_failed(pair: Pair) -> None:
    first, second = pair.names
    done = run("switchover", "--yes-switchover=local", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert (found["stack"], found["action"], found["before"], found["after"]) == ("local", "switchover", first, second)
    assert 0 < found["outage_seconds"] <= found["seconds"]
    assert pair.roles() == pair.switched
    again = run("switchover", "--to", second)
    assert again.exit_code == 0, again.output
    assert f"{second} is the writer, after" in again.stdout


def test_a_failover_from_a_killed_writer(pair: Pair) -> None:
    first, second = pair.names
    pair.insert(1)
    until(lambda: pair.rows(pair.second) == [1])
    pair.kill(pair.first)
    assert [member.lag_seconds for member in pair.control.members()] == [None, None], "nobody can know"
    refused = run("switchover", "--yes-switchover=local")
    assert refused.exit_code == 2
    assert f"may hold writes that {second} lacks" in refused.stderr
    done = run("failover", "--yes-failover=local")
    assert done.exit_code == 0, done.output
    assert "database shop at 127.0.0.1,127.0.0.2, whose writer is not well" in done.stderr
    lines = done.stdout.splitlines()
    assert lines[:3] == [f"  {first} is stopped", f"  {second} takes over", f"  {first} follows {second}"]
    assert lines[3].startswith(f"{second} is the writer, after ")
    assert "; writes failed for " in lines[3]
    assert pair.roles() == pair.switched
    assert [name[:13] for name in pair.asides()] == ["data.diverged"]
    pair.insert(2)
    until(lambda: pair.rows(pair.first) == [1, 2])


def test_refusals_have_one_sentence_and_exit_code_2(pair: Pair, tmp_path: Path) -> None:
    _, second = pair.names
    unknown = CliRunner().invoke(app, ["failover", "--stack", "prod"])
    assert isinstance(unknown.exception, SystemExit)
    assert unknown.exit_code == 2
    assert "There is no stack 'prod'" in unknown.stderr
    assert CliRunner().invoke(app, ["failover"]).exit_code == 2
    with stack_lock(tmp_path / ".state" / "local.lock", stack="local", command="make up"):
        busy = run("failover", "--yes-failover=local", "--json")
    assert busy.exit_code == 2
    assert "Stack 'local' is busy: `make up`" in json.loads(busy.stdout)["error"]
    pair.second.stop()
    reader = run("failover", "--yes-failover=local")
    assert reader.exit_code == 2
    assert reader.stderr == (
        f"Error: No healthy reader can take over: {second} is stopped. Bring the stack up to mend that, then try again.\n"
    )


def test_ctrl_c_says_how_it_is_taken_up(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = pair.names

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(LocalDatabase, "failover", interrupted)
    stopped = run("failover", "--yes-failover=local")
    assert stopped.exit_code == 130
    assert f"`python -m operations failover --stack local --to {second}` takes up what was begun." in stopped.stderr


def test_a_writer_that_takes_no_writes_is_a_failure(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    _, second = pair.names
    monkeypatch.setattr(WriteProbe, "writes", lambda *_: False)
    failed = run("switchover", "--yes-switchover=local")
    assert failed.exit_code == 1
    assert f"{second} is the writer now, but took no write within 60 s" in failed.stderr


def test_from_outside_a_cloud_no_outage_is_claimed(pair: Pair, here: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place, "place_of", lambda stack: replace(here, remote=True))
    done = run("switchover", "--yes-switchover=local")
    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[-1].endswith("; how long writes failed is not seen from here.")


def test_promote_lets_a_reader_go(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = pair.names
    refused = run("promote", first, "--yes-promote=local")
    assert (refused.exit_code, f"{first} is the writer" in refused.stderr) == (2, True)
    asked = run("promote", second)
    assert (asked.exit_code, "--yes-promote=local" in asked.stderr, pair.roles()) == (2, True, pair.unchanged)
    with monkeypatch.context() as patch:

        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        patch.setattr(copies.node, "ensure", interrupted)
        stopped = run("promote", second, "--yes-promote=local")
    assert stopped.exit_code == 130
    assert stopped.stderr.splitlines()[-1] == "Error: Stopped half-way; the same command takes up what was begun."
    done = run("promote", second, "--yes-promote=local")
    assert done.exit_code == 0, done.output
    assert f"{second}: is leaving, or has left already" in done.stderr
    assert f"{second} is a database of its own. Lower database.readers in Pulumi.local.yaml" in done.stdout
    [copy] = pair.control.copies("restore")
    assert copy.ready
    assert pair.roles() == {first: ("writer", True), second: ("reader", False)}
    assert run("promote", second, "--yes-promote=local").exit_code == 2
    pair.control.delete_copy(copy.name, pair.say)
