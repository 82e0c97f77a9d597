"""Whole reviews of small checkouts: what they say, how they end, and what they do with bad input."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.review import report
from operations.review.model import Kind, Operation, Review, Unreviewed
from policies import levels, waivers
from policies.rule import StackRule
from tests.operations.review.checkout import CLUSTER, checkout, commit, stack_file
from tests.recorder import ROOT

EMPTY = "import pulumi\n"
TODAY = date(2026, 9, 1)


def reviewed(root: Path, *names: str, against: str = "") -> tuple[report.Outcome, ...]:
    return report.review(Checkout(root), names or ("test",), against=against, today=TODAY)


def one(root: Path, against: str = "") -> Review:
    (outcome,) = reviewed(root, against=against)
    assert isinstance(outcome, Review), outcome
    return outcome


def test_data_loss_ends_with_1_and_is_compared_with_the_other_program(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    commit(root)
    checkout(root, CLUSTER.replace('database_name="app"', 'database_name="other"'))
    found = one(root, against="HEAD")
    assert [risk.operation for risk in found.risks] == [Operation.REPLACE]
    assert len(found.of(Kind.REPLACED)) == 1
    assert found.estimate_before is not None
    assert report.exit_code([found]) == 1
    assert any("1 uncommitted file is part of this side" in note for note in found.notes)


def test_the_same_tree_twice_is_the_same_review(tmp_path: Path) -> None:
    root = checkout(tmp_path)
    commit(root)
    assert one(root, against="HEAD") == one(root, against="HEAD")


def test_the_other_revision_runs_its_own_code(tmp_path: Path) -> None:
    """Its modules, not those that this process has loaded."""
    root = checkout(
        tmp_path, "import pulumi_aws as aws\nfrom shape import DESCRIPTION\naws.kms.Key('key', description=DESCRIPTION)\n"
    )
    (root / "shape.py").write_text("DESCRIPTION = 'old'\n")
    commit(root)
    (root / "shape.py").write_text("DESCRIPTION = 'new'\n")
    (change,) = one(root, against="HEAD").changes
    assert [(item.path, item.before, item.after) for item in change.properties] == [("description", "old", "new")]


def test_a_new_stack_is_not_compared_and_says_so(tmp_path: Path) -> None:
    root = checkout(tmp_path, EMPTY, stacks={"other": stack_file()})
    commit(root)
    checkout(root, EMPTY)
    found = one(root, against="HEAD")
    assert found.before is None
    assert any("Stack test is new" in note for note in found.notes)


def test_a_stack_file_that_goes_is_told(tmp_path: Path) -> None:
    """Its stack would go on running, and no review would speak of it again."""
    root = checkout(tmp_path, EMPTY, stacks={"test": stack_file(), "old": stack_file()})
    commit(root)
    (root / "Pulumi.old.yaml").unlink()
    assert any("Stack old has no Pulumi.old.yaml any more" in note for note in one(root, against="HEAD").notes)


@pytest.mark.parametrize(
    ("program", "text", "sentence"),
    [
        ("raise ValueError('the reason')\n", stack_file(), "ValueError: the reason (__main__.py:1)"),
        ("def broken(:\n", stack_file(), "SyntaxError"),
        ("import nothing_like_it\n", stack_file(), "No module named 'nothing_like_it'"),
        ("import sys; sys.exit(3)\n", stack_file(), "SystemExit: 3"),
        (EMPTY, "config: [\n", "is not valid YAML"),
        (EMPTY, "\x00", "is not valid YAML"),
        (EMPTY, "", "no block `config:`"),
    ],
)
def test_what_cannot_be_run_is_one_sentence_and_the_others_go_on(tmp_path: Path, program: str, text: str, sentence: str) -> None:
    good = "import pulumi\nif pulumi.get_stack() == 'bad':\n    " + program.replace("\n", "\n    ").rstrip() + "\n"
    if "def broken" in program:
        good = program
    root = checkout(tmp_path, good, stacks={"bad": text, "good": stack_file()})
    bad, fine = reviewed(root, "bad", "good")
    assert isinstance(bad, Unreviewed)
    assert sentence.replace("__main__.py:1", "__main__.py:3") in " ".join(bad.sentences)
    assert "Traceback" not in " ".join(bad.sentences)
    assert isinstance(fine, Review) or "def broken" in program
    assert report.exit_code([bad, fine]) == 2


def test_bad_settings_of_the_real_program_are_told_as_it_tells_them(tmp_path: Path) -> None:
    text = (ROOT / "Pulumi.prod.yaml").read_text().replace("provider: aws", "provider: azure")
    root = checkout(tmp_path, f"import runpy\nrunpy.run_path({str(ROOT / '__main__.py')!r})\n")
    (root / "Pulumi.test.yaml").write_text(text)
    (outcome,) = reviewed(root)
    assert isinstance(outcome, Unreviewed)
    assert "azure" in outcome.sentences[0]
    assert "Traceback" not in outcome.sentences[0]


def test_a_revision_whose_program_fails_is_no_green(tmp_path: Path) -> None:
    root = checkout(tmp_path, "raise ValueError('once')\n")
    commit(root)
    checkout(root, EMPTY)
    (outcome,) = reviewed(root, against="HEAD")
    assert isinstance(outcome, Unreviewed)
    assert "cannot be compared with HEAD" in outcome.sentences[0]
    assert "ValueError: once" in outcome.sentences[1]
    assert report.exit_code([outcome]) == 2


def test_a_process_that_dies_is_no_green(tmp_path: Path) -> None:
    root = checkout(tmp_path, "import os\nos._exit(9)\n")
    commit(root)
    checkout(root, EMPTY)
    (outcome,) = reviewed(root, against="HEAD")
    assert isinstance(outcome, Unreviewed)
    assert "ended with 9" in outcome.sentences[1]


def test_a_program_that_prints_does_no_harm(tmp_path: Path) -> None:
    root = checkout(tmp_path, "print('hello')\nimport os; os.write(1, b'raw')\n")
    commit(root)
    assert one(root, against="HEAD").changes == ()


def test_a_broken_rule_is_a_violation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Iterator[str]:
        raise KeyError("oops")

    broken_rules = tuple(replace(rule, judge=broken) if isinstance(rule, StackRule) else rule for rule in report.RULES)
    monkeypatch.setattr(report, "RULES", broken_rules)
    found = one(checkout(tmp_path))
    assert any("could not run" in finding.verdict.message for finding in found.report.violations)
    assert report.exit_code([found]) == 1


@pytest.mark.parametrize("name", ["prod.json", "dev.json"])
def test_a_policy_file_that_cannot_be_used_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / name).write_text("{")
    monkeypatch.setattr(levels, "FOLDER", tmp_path / "config")
    tier = name.removesuffix(".json")
    with pytest.raises(Refused, match="cannot be read"):
        one(checkout(tmp_path / "root", EMPTY, stacks={"test": stack_file(tier=tier)}))


def test_broken_waivers_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "waivers.yaml").write_text("- [")
    monkeypatch.setattr(waivers, "FILE", tmp_path / "waivers.yaml")
    with pytest.raises(Refused, match="not YAML"):
        one(checkout(tmp_path / "root", EMPTY))


def test_stacks_of_one_run_know_each_other(tmp_path: Path) -> None:
    root = checkout(tmp_path, EMPTY, stacks={"a": stack_file(), "b": stack_file("gcp")})
    outcomes = reviewed(root, "a", "b")
    assert [[other.name for other in outcome.stack.others] for outcome in outcomes if isinstance(outcome, Review)] == [
        ["b"],
        ["a"],
    ]
