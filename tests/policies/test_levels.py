"""Configuration files: read strictly, because the engine ignores what it does not know."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from policies.catalogue import RULES as OWN
from policies.errors import PolicyFileError
from policies.levels import FOLDER, config_of, file_of, load, parse
from policies.table import configuration
from tests.policies.rules import KEPT, RULES

GIVEN = {
    "encrypted": "advisory",
    "kept": {"enforcementLevel": "mandatory", "minimum": 14},
    "broken": "disabled",
    "lonely": "mandatory",
}


def test_levels_and_numbers() -> None:
    settings = parse(GIVEN, RULES, where="x.json")
    assert settings.enforcement == {"encrypted": "advisory", "kept": "mandatory", "broken": "disabled", "lonely": "mandatory"}
    assert settings.config["kept"] == {"minimum": 14}
    assert settings.config["encrypted"] == {}


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"encrypt": "advisory"}, "x.json: 'encrypt' is no rule of this pack; remove it."),
    ({"encrypted": "strict"}, "x.json: the level of 'encrypted' must be one of mandatory, advisory, disabled."),
    ({"kept": {"minimum": 3}}, "x.json: the level of 'kept' must be one of"),
    ({"encrypted": {"enforcementLevel": "advisory", "days": 3}}, "rule 'encrypted' has no key 'days' (its keys: none)"),
    ({"kept": {"enforcementLevel": "advisory", "minimum": "7"}}, "'minimum' of rule 'kept' must be of type integer."),
    ({"kept": {"enforcementLevel": "advisory", "minimum": True}}, "'minimum' of rule 'kept' must be of type integer."),
    ({"kept": {"enforcementLevel": "advisory", "minimum": 0}}, "'minimum' of rule 'kept' must be at least 1."),
    ({"kept": {"enforcementLevel": "advisory", "minimum": 36}}, "'minimum' of rule 'kept' must be at most 35."),
]


@pytest.mark.parametrize(("change", "sentence"), WRONG)
def test_every_mistake_is_told(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(PolicyFileError) as error:
        parse({**GIVEN, **change, "none": "advisory"}, RULES, where="x.json")
    assert any(sentence in told for told in error.value.sentences)
    assert len(error.value.sentences) == 2, "all at once"


def test_a_rule_may_not_be_left_out() -> None:
    with pytest.raises(PolicyFileError, match="rule 'kept' is missing"):
        parse({key: level for key, level in GIVEN.items() if key != "kept"}, RULES, where="x.json")


@pytest.mark.parametrize("text", ["{", "[]", '"advisory"'])
def test_a_file_that_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "dev.json"
    file.write_text(text)
    with pytest.raises(PolicyFileError, match=r"dev\.json"):
        load(file, RULES)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read: No such file"):
        load(tmp_path / "dev.json", RULES)


def test_the_engines_floats_are_whole_numbers() -> None:
    assert repr(config_of(KEPT, {"minimum": 14.0})) == "{'minimum': 14}"
    assert config_of(KEPT, None) == {"minimum": 7}


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_the_projects_files(tier: str) -> None:
    file = file_of(tier)
    load(file, OWN)
    text = file.read_text()
    assert text == configuration(tier, present=json.loads(text)), "run: make docs"


def test_every_tier_has_a_file() -> None:
    assert {file_of(tier) for tier in ("dev", "staging", "prod")} == set(FOLDER.glob("*.json"))


def test_numbers_that_somebody_has_set_stay() -> None:
    kept = configuration("prod", RULES, {"kept": {"enforcementLevel": "advisory", "minimum": 30}})
    assert json.loads(kept)["kept"] == {"enforcementLevel": "mandatory", "minimum": 30}
