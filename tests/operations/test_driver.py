"""up, status, preview, refresh and down on the real engine, each as the command a user runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from operations.engine.pulumi_cli import ensure_cli
from tests.checkout import ROOT
from tests.operations.driver import Project, new_project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    ensure_cli()
    with new_project(tmp_path / "checkout") as made:
        yield made


def test_a_life_from_the_first_up_to_the_second_down(project: Project) -> None:
    first = project.run("up")
    assert first.code == 0, first.text
    assert first.err == ""
    assert "created  orders / one" in first.out
    assert "created  orders / two" in first.out
    assert "Stack local is up: 2 resources, 2 created" in first.out
    lines = first.out.splitlines()
    assert "psql '" + "x" * 200 + "'" in lines  # one line, to be pasted
    assert "Application api  http://127.0.0.1:8000" in lines
    assert f"Logs             {project.root}/logs" in lines
    assert ["orders / one", "database", "running"] in [line.rsplit(maxsplit=2) for line in lines]
    assert lines[-1] == "Take it down with: make down"
    assert "\x1b" not in first.out
    assert "hush-hush" not in first.out

    second = project.run("up")
    assert second.code == 0
    assert "Nothing to do: stack local is as its settings say (2 resources, no changes" in second.out
    assert "created" not in second.out
    assert "updated" not in second.out

    assert project.run("status").code == 0
    project.file("one").unlink()
    killed = project.run("status")
    assert killed.code == 1
    assert "Down: orders / one (stopped). `make up` mends that." in killed.out
    found = json.loads(project.run("status", "--json").out)
    assert found["state"] == "down"
    assert {row["name"]: (row["state"], row["down"]) for row in found["resources"]} == {
        "orders / one": ("stopped", True),
        "orders / two": ("running", False),
    }
    assert found["outputs"]["urls"] == {"api": "http://127.0.0.1:8000"}
    assert "password" not in found["outputs"]

    planned = project.run("preview")
    assert "update   orders / one" in planned.out
    assert "`make up` would do 1 step." in planned.out
    assert not project.file("one").exists()
    looked = project.run("refresh")
    assert looked.code == 0
    assert "Looked at 2 resources: 1 down." in looked.out
    mended = project.run("up")
    assert "updated  orders / one" in mended.out
    assert project.file("one").exists()

    asked = project.run("down")
    assert asked.code == 2
    assert asked.err == (
        "Taking down stack 'local' destroys its data, and there is no terminal to ask on: "
        "run `make down YES=1` if that is meant.\n"
    )
    gone = project.run("down", "--yes")
    assert gone.code == 0, gone.text
    assert "Stack local is gone (2 resources" in gone.out
    assert not project.file("one").exists()
    again = project.run("down", "--yes")
    assert (again.code, again.out) == (0, "Nothing to take down: stack local is not up.\n")
    nothing = project.run("status")
    assert (nothing.code, nothing.out) == (1, "Stack local is not up: bring it up with `make up`.\n")
    assert project.run("refresh").code == 2
    assert project.providers() == []


def test_the_checkout_stays_clean_under_git(project: Project) -> None:
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b"]
    (project.root / ".gitignore").write_text((ROOT / ".gitignore").read_text() + "files/\n")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *arguments], cwd=project.root, check=True)
    assert project.run("up").code == 0
    assert project.run("up").code == 0
    changed = subprocess.run(["git", "status", "--porcelain"], cwd=project.root, capture_output=True, text=True, check=True)
    assert changed.stdout == ""
    assert "encryptionsalt" in (project.root / ".state/work/local/Pulumi.local.yaml").read_text()


def test_a_changed_setting_reaches_the_stack(project: Project) -> None:
    assert project.run("up").code == 0
    project.settings(things="two,three", word="new")
    planned = project.run("preview").out
    changed = project.run("up")
    assert changed.code == 0
    for line in ("create   orders / three", "update   orders / two", "delete   orders / one"):
        assert line in planned
    for line in ("created  orders / three", "updated  orders / two", "deleted  orders / one"):
        assert line in changed.out
    assert "Stack local is up: 2 resources" in changed.out


def test_errors_are_sentences_and_what_worked_stays(project: Project) -> None:
    project.settings(things="good,bad", **{"fail-bad": "Port 5432 is in use: set database.port.\nSee what uses it."})
    failed = project.run("up")
    assert failed.code == 1
    assert failed.err == "Port 5432 is in use: set database.port.\nSee what uses it.\n"
    assert "FAILED   orders / bad" in failed.out
    half = project.run("status")
    assert half.code == 1
    assert "The last change of stack local did not finish: `make up` continues." in half.out
    project.settings(things="good,bad")
    mended = project.run("up")
    assert mended.code == 0
    assert "created  orders / bad" in mended.out
    assert project.file("good").exists()


def test_wrong_settings_are_reported_as_given_and_nothing_is_left(project: Project) -> None:
    project.settings(wrong="database.readers is -1: give 0 to 15.\nThere is no tier 'x': take dev, staging or prod.")
    failed = project.run("up")
    assert failed.code == 1
    assert failed.err == "database.readers is -1: give 0 to 15.\nThere is no tier 'x': take dev, staging or prod.\n"
    assert list((project.root / "files").iterdir()) == []
    down = project.run("down")
    assert (down.code, down.out) == (0, "Nothing to take down: stack local is not up.\n")


def test_a_bug_is_told_in_a_line_and_kept_in_full(project: Project) -> None:
    project.settings(things="one", **{"fail-one": "bug"})
    failed = project.run("up")
    report = project.root / ".state" / "last-error.txt"
    assert failed.code == 1
    told, where = failed.err.splitlines()
    assert told.startswith(f"Unexpected ValueError: no such thing ({project.root}/things.py, line ")
    assert where.endswith(f"the full report is in {report}")
    assert "Traceback" in report.read_text()


def test_a_wrong_passphrase_is_one_sentence_for_every_command(project: Project) -> None:
    assert project.run("up").code == 0
    right = (project.root / ".state" / "passphrase").read_text()
    for arguments, code in ((["up"], 1), (["status"], 2), (["down", "--yes"], 1)):
        wrong = project.run(*arguments, PULUMI_CONFIG_PASSPHRASE="wrong")
        assert wrong.code == code
        assert wrong.err == (
            "The passphrase in PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE does not open stack 'local': "
            "set PULUMI_CONFIG_PASSPHRASE to the one the stack was made with.\n"
        )
    told = json.loads(project.run("status", "--json", PULUMI_CONFIG_PASSPHRASE="wrong").out)
    assert told["state"] == "unknown"
    (project.root / ".state" / "passphrase").write_text("lost")
    lost = project.run("up")
    assert lost.code == 1
    assert lost.err.startswith(f"The passphrase in {project.root}/.state/passphrase does not open stack 'local'")
    assert project.run("down", "--yes", PULUMI_CONFIG_PASSPHRASE=right).code == 0


def test_bad_arguments_end_with_code_2(project: Project) -> None:
    missing = project.run("up", "--stack", "staging")
    assert missing.code == 2
    assert missing.err == (f"There is no stack 'staging': {project.root} has no Pulumi.staging.yaml (stacks here: local).\n")
    assert project.run("up", "--nonsense").code == 2
    assert not (project.root / ".state").exists()
