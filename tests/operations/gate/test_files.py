"""The files beside a preview: the break-glass file, the list of undecided rules, an exported state. Bad ones are refused."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from operations.errors import Refused
from operations.gate import glass, rules
from operations.gate.glass import Accepted
from operations.gate.state import read_state
from policies.catalogue import RULES
from tests.operations.gate.previews import BUCKET, DATABASE, KEY, TODAY, state
from tests.recorder import ROOT

ENTRY = {"urn": BUCKET, "operation": "delete", "reason": "moved away", "expires": TODAY + timedelta(days=7)}


def file_of(folder: Path, *entries: object, text: str = "") -> Path:
    path = folder / "break-glass.yaml"
    path.write_text(text or yaml.safe_dump(list(entries)))
    return path


def test_an_entry_is_read(tmp_path: Path) -> None:
    assert glass.load(file_of(tmp_path, ENTRY), TODAY) == (Accepted(BUCKET, "delete", "moved away", date(2027, 1, 22)),)


@pytest.mark.parametrize("text", ["", "[]", "# nothing\n"])
def test_a_file_without_entries(tmp_path: Path, text: str) -> None:
    assert glass.load(file_of(tmp_path, text=text or "\n"), TODAY) == ()


def test_an_expired_entry_is_the_business_of_the_judge(tmp_path: Path) -> None:
    [entry] = glass.load(file_of(tmp_path, {**ENTRY, "expires": date(2020, 1, 1)}), TODAY)
    assert entry.expires < TODAY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- urn: [", "is not YAML (line"),
        ("urn: x\n", "must be a list of urn, operation, reason, expires"),
        ("- one\n", "entry 1 must have exactly the keys"),
    ],
)
def test_what_is_no_list_of_entries(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        glass.load(file_of(tmp_path, text=text), TODAY)
    assert sentence in str(caught.value)


def test_what_is_no_text(tmp_path: Path) -> None:
    path = tmp_path / "break-glass.yaml"
    path.write_bytes(b"\xff\xfe\x00-")
    with pytest.raises(Refused, match="is not YAML"):
        glass.load(path, TODAY)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"urn": "urn:pulumi:prod::managed-postgres::aws:s3/bucket:Bucket::*"}, "one exact URN"),
        ({"urn": "bucket"}, "one exact URN"),
        ({"urn": 5}, "one exact URN"),
        ({"operation": "destroy"}, "'operation' must be one of delete, replace, discard, unprotect, recreate"),
        ({"operation": ["delete"]}, "'operation' must be one of"),
        ({"reason": " "}, "'reason' must say why"),
        ({"reason": None}, "'reason' must say why"),
        ({"expires": "soon"}, "'expires' must be a day such as 2027-01-22"),
        ({"expires": TODAY + timedelta(days=31)}, "more than 30 days ahead"),
        ({"owner": "me"}, "must have exactly the keys urn, operation, reason, expires"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, object], sentence: str) -> None:
    with pytest.raises(Refused) as caught:
        glass.load(file_of(tmp_path, ENTRY, {**ENTRY, "urn": KEY, **change}), TODAY)
    [said] = caught.value.sentences
    assert "entry 2" in said
    assert sentence in said


def test_all_wrong_entries_are_named_at_once(tmp_path: Path) -> None:
    with pytest.raises(Refused) as caught:
        glass.load(file_of(tmp_path, {**ENTRY, "urn": "x", "reason": ""}, {"urn": "x"}), TODAY)
    assert len(caught.value.sentences) == 3


def test_an_entry_twice_and_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(Refused, match=r"delete of urn:\S+ is there twice"):
        glass.load(file_of(tmp_path, ENTRY, {**ENTRY, "reason": "again"}), TODAY)
    with pytest.raises(Refused, match="cannot be read: No such file"):
        glass.load(tmp_path / "nowhere.yaml", TODAY)


def test_the_file_of_this_repository() -> None:
    assert isinstance(glass.load(ROOT / "policies" / "break-glass.yaml", date.today()), tuple)


# undecided rules, levels


def test_the_list_of_this_repository_names_rules_that_are() -> None:
    found = rules.may_be_undecided(ROOT / "policies" / "undecided.json")
    assert set(found) <= {rule.id for rule in RULES}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[]", "must be a JSON object"),
        ("{", "must be a JSON object"),
        ('{"no-such-rule": "because"}', "'no-such-rule' is no rule of the policy pack"),
        (json.dumps({RULES[0].id: ""}), f"say why rule '{RULES[0].id}' cannot be decided"),
        (json.dumps({RULES[0].id: True}), f"say why rule '{RULES[0].id}' cannot be decided"),
    ],
)
def test_a_wrong_list_is_refused(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "undecided.json"
    path.write_text(text)
    with pytest.raises(Refused) as caught:
        rules.may_be_undecided(path)
    assert sentence in str(caught.value)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="cannot be read: No such file"):
        rules.may_be_undecided(tmp_path / "nowhere.json")


def test_levels_are_those_of_the_pack(tmp_path: Path) -> None:
    path = tmp_path / "levels.json"
    path.write_text(json.dumps({rule.id: rule.dev for rule in RULES}))
    assert rules.levels_of(path) == {rule.id: rule.dev for rule in RULES}
    with pytest.raises(Refused, match="cannot be read"):
        rules.levels_of(tmp_path / "nowhere.json")


# state


def test_a_state_is_read() -> None:
    held = state()
    assert (held[DATABASE].protected, held[BUCKET].protected) == (True, False)
    assert held[BUCKET].type == "aws:s3/bucket:Bucket"
    assert not [urn for urn in held if "pulumi:providers" in urn]


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "null", '{"deployment": {"resources": [1]}}', '{"deployment": {"resources": [{"urn": 1}]}}']
)
def test_what_is_no_state_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="export the stack again"):
        read_state(text, "state.json")


@pytest.mark.parametrize("deployment", ["null", "{}", '{"manifest": {}}'])
def test_a_stack_that_was_never_up_has_an_empty_state(deployment: str) -> None:
    assert read_state(f'{{"version": 3, "deployment": {deployment}}}', "state.json") == {}


def test_what_a_replacement_has_yet_to_delete_is_not_in_the_state() -> None:
    old = {"urn": BUCKET, "type": "aws:s3/bucket:Bucket", "delete": True}
    assert read_state(json.dumps({"deployment": {"resources": [old]}}), "state.json") == {}
