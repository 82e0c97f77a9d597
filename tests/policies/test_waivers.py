"""The waiver file: every mistake in it is told, and none of them waives anything."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from policies.catalogue import RULES as OWN
from policies.errors import PolicyFileError
from policies.waivers import FILE, expired, load
from tests.policies.rules import RULES

URN = "urn:pulumi:prod::managed-postgres::pulumi:pulumi:Stack$aws:rds/cluster:Cluster::database-cluster"
GOOD = f"""
- policy: encrypted
  urn: {URN}
  reason: an old disk, moved in March
  owner: ada
  expires: 2027-03-31
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "waivers.yaml"
    file.write_text(text)
    return file


def test_a_waiver(tmp_path: Path) -> None:
    (waiver,) = load(written(tmp_path, GOOD), RULES)
    assert waiver.expires == date(2027, 3, 31)
    assert waiver.names_stack("prod")
    assert not waiver.names_stack("dev")
    assert waiver.covers("encrypted", URN, date(2027, 3, 31))
    assert not waiver.covers("encrypted", URN, date(2027, 4, 1))
    assert not waiver.covers("encrypted", URN + "-2", date(2027, 1, 1))
    assert expired([waiver], date(2027, 4, 1)) == (waiver,)


def test_a_star_for_the_stack(tmp_path: Path) -> None:
    (waiver,) = load(
        written(
            tmp_path, GOOD.replace("urn:pulumi:prod::managed-postgres", "'urn:pulumi:*::*").replace("cluster\n", "cluster'\n")
        ),
        RULES,
    )
    assert waiver.covers("encrypted", URN, date(2027, 1, 1))
    assert waiver.covers("encrypted", URN.replace("prod", "dev"), date(2027, 1, 1))
    assert not waiver.names_stack("prod")


def test_brackets_of_a_name_are_no_pattern(tmp_path: Path) -> None:
    (waiver,) = load(
        written(
            tmp_path, GOOD.replace("database-cluster", '"x[1]"').replace("urn:pulumi:prod", "urn:pulumi:prod").replace('"', "")
        ),
        RULES,
    )
    assert waiver.matches(URN.replace("database-cluster", "x[1]"))
    assert not waiver.matches(URN.replace("database-cluster", "x1"))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("- [", "are not YAML (line 1)"),
        ("policy: encrypted", "must be a list of policy, urn, reason, owner, expires"),
        ("- encrypted", "waiver 1 must have exactly the keys"),
        (GOOD.replace("  owner: ada\n", ""), "waiver 1 must have exactly the keys"),
        (GOOD + "  until: 2028-01-01\n", "waiver 1 must have exactly the keys"),
        (GOOD.replace("ada", "''"), "waiver 1: 'owner' must be a text"),
        (GOOD.replace("ada", "7"), "waiver 1: 'owner' must be a text"),
        (GOOD.replace("2027-03-31", "soon"), "waiver 1: 'expires' must be a day such as 2027-01-31"),
        (GOOD.replace("2027-03-31", "2027-03-31 10:00:00"), "waiver 1: 'expires' must be a day"),
        (GOOD.replace("encrypted", "encrypt"), "waiver 1: 'encrypt' is no rule of this pack"),
        (GOOD.replace("urn:pulumi:prod", "prod"), "waiver 1: 'urn' must be urn:pulumi:<stack>"),
        (GOOD.replace("database-cluster", "data*"), "waiver 1: 'urn' must be urn:pulumi:<stack>"),
        (GOOD.replace("aws:rds/cluster:Cluster", "aws:*"), "waiver 1: 'urn' must be urn:pulumi:<stack>"),
    ],
)
def test_every_mistake_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(PolicyFileError) as error:
        load(written(tmp_path, text), RULES)
    assert sentence in str(error.value)


def test_all_mistakes_at_once(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError) as error:
        load(written(tmp_path, GOOD.replace("encrypted", "encrypt") + GOOD.replace("ada", "7")), RULES)
    assert len(error.value.sentences) == 2


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="cannot be read"):
        load(tmp_path / "waivers.yaml", RULES)


def test_an_empty_file_waives_nothing(tmp_path: Path) -> None:
    assert load(written(tmp_path, "# nothing\n"), RULES) == ()


def test_the_projects_file_can_be_read() -> None:
    load(FILE, OWN)
