"""``python -m operations gate`` on recorded previews: exit codes, what it prints, and no traceback whatever it is given."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from operations.gate.cli import gate
from policies.catalogue import RULES
from tests.operations.gate.previews import BUCKET, STREAMS

app = typer.Typer()
app.command()(gate)


@pytest.fixture(autouse=True, scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files that say what is let through, empty; every rule at its level for prod."""
    folder = tmp_path_factory.mktemp("settings")
    (folder / "glass.yaml").write_text("[]")
    (folder / "undecided.json").write_text("{}")
    (folder / "levels.json").write_text(json.dumps({rule.id: rule.prod for rule in RULES}))
    FILES.update({"--break-glass": "glass.yaml", "--undecided": "undecided.json", "--policy-config": "levels.json"})
    FILES.update({option: str(folder / name) for option, name in FILES.items()})
    return folder


FILES: dict[str, str] = {}
"""Option to file."""


def run(*arguments: str, given: str | bytes = "") -> Result:
    options = [word for option, path in FILES.items() if option not in arguments for word in (option, path)]
    return CliRunner().invoke(app, [*arguments, *options], input=given)


def file(name: str) -> str:
    return str(STREAMS / f"{name}.jsonl")


def test_open() -> None:
    result = run(file("same"), "--state", str(STREAMS / "state.json"))
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[-1] == "The gate is open for stack prod: 5 resources, nothing that holds data is lost."


def test_closed() -> None:
    result = run(file("delete"), "--state", str(STREAMS / "state.json"))
    assert result.exit_code == 1
    assert f"REFUSED delete: {BUCKET}\n  It would be deleted: the files in the bucket would be lost." in result.stdout
    assert "The gate is closed for stack prod: 1 reason." in result.stdout
    assert "break-glass.yaml" in result.stdout


def test_a_pipe() -> None:
    text = (STREAMS / "unprotect.jsonl").read_text()
    for arguments in ((), ("-",)):
        result = run(*arguments, given=text)
        assert result.exit_code == 1
        assert "REFUSED unprotect" in result.stdout
        assert "protection was compared only with what the preview says" in result.stdout


def test_break_glass(tmp_path: Path) -> None:
    entry = {"urn": BUCKET, "operation": "delete", "reason": "moved to the archive", "expires": date.today() + timedelta(days=3)}
    path = tmp_path / "glass.yaml"
    path.write_text(yaml.safe_dump([entry]))
    result = run(file("delete"), "--break-glass", str(path))
    assert result.exit_code == 0, result.output
    assert f"let through: delete of {BUCKET} (until {entry['expires']}: moved to the archive)" in result.stdout
    path.write_text("- [")
    refused = run(file("delete"), "--break-glass", str(path))
    assert refused.exit_code == 2
    assert "is not YAML" in refused.stderr


def test_json() -> None:
    result = run(file("replace"), "--json")
    assert result.exit_code == 1
    told = json.loads(result.stdout)
    assert told["open"] is False
    assert {refusal["what"] for refusal in told["refusals"]} == {"replace", "unprotect", "delete"}
    refused = run(file("pack_missing"), "--json")
    assert refused.exit_code == 2
    assert "ends before the summary" in json.loads(refused.stdout)["error"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("without_pack", "without the policy pack: add --policy-pack policies"),
        ("pack_missing", "ends before the summary"),
        ("pack_crashes", "The preview itself failed, so there is nothing to judge."),
        ("program_fails", "The preview itself failed, so there is nothing to judge."),
        ("default_form", "without PULUMI_ENABLE_STREAMING_JSON_PREVIEW=1"),
        ("nowhere", "cannot be read: No such file or directory"),
    ],
)
def test_what_cannot_be_judged_is_never_open(name: str, sentence: str) -> None:
    result = run(file(name))
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_a_failed_preview_says_why() -> None:
    assert "Unexpected ValueError: the program fails" in run(file("program_fails")).stderr
    assert "oops" in run(file("pack_crashes")).stderr
    closed = run(file("protected_replace"))
    assert closed.exit_code == 1
    assert "the engine said: unable to replace resource" in closed.stdout


def test_a_preview_without_policies_can_be_asked_for() -> None:
    result = run(file("without_pack"), "--no-policies")
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("arguments", "given", "sentence"),
    [
        ((), "", "Standard input is empty"),
        ((), b"\xff\xfe{", "is not text in UTF-8"),
        ((file("same"), "--state", "x", "--stack", "prod"), "", "Give --state or --stack, not both"),
        ((file("same"), "--state", "/nowhere.json"), "", "/nowhere.json cannot be read"),
        ((file("same"), "--state", file("same")), "", "is not what `pulumi stack export` writes"),
        (("--stack", "nowhere"), "", "There is no stack 'nowhere'"),
        ((file("same"), "--policy-config", "/nowhere.json"), "", "/nowhere.json"),
    ],
)
def test_bad_input_is_one_sentence(arguments: tuple[str, ...], given: str | bytes, sentence: str) -> None:
    result = run(*arguments, given=given)
    assert result.exit_code == 2, result.output
    assert sentence in result.stderr
    assert "Traceback" not in result.output


def test_the_levels_are_those_of_the_streams_own_stack() -> None:
    """Which must be one of this checkout then."""
    result = CliRunner().invoke(app, [file("everything_goes")])
    assert result.exit_code == 2
    assert "There is no stack 'other'" in result.stderr
