"""Environments differ only where policies/parity.yaml says why, and it says nothing that is not so."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from policies.errors import PolicyFileError
from policies.resource import UNKNOWN, Stack
from policies.stack.allowed import load
from policies.stack.parity import FILE, RULES, compared
from policies.stack.shape import shape
from tests.policies.stacks import NAMES, changed, of, real, told, without

RULE = of(RULES, "environment-parity")


def beside(name: str, *others: Stack) -> Stack:
    return replace(real(name), others=others or tuple(real(other) for other in NAMES if other != name))


def allowing(folder: Path, *entries: Any) -> Any:
    """The rule with another allow-list."""
    file = folder / "parity.yaml"
    file.write_text(yaml.safe_dump(list(entries)))
    return replace(RULE, judge=compared(file))


@pytest.mark.parametrize("name", NAMES)
def test_the_real_stacks_are_alike(name: str) -> None:
    assert told(RULE, beside(name)) == []


def test_there_is_something_to_compare() -> None:
    """The rule is not fine because the shapes are empty."""
    for name, most in (("prod", 100), ("gcp-prod", 70)):
        facts = shape(real(name))
        assert len(facts) > most
        assert facts["database.version"] == {"17"}
        assert "component service-api" in facts
        assert any(fact.startswith("database.flag.") for fact in facts)


def test_without_the_others_it_says_nothing() -> None:
    assert told(RULE, real("prod")) == []
    assert told(RULE, beside("prod", real("gcp-prod"))) == [], "another cloud is not comparable"


@pytest.mark.parametrize(
    ("stack", "name", "props", "fact"),
    [
        ("dev", "database-cluster", {"engineVersion": "16.4"}, "database.version"),
        ("dev", "database-cluster", {"iamDatabaseAuthenticationEnabled": False}, "database.iam-login"),
        (
            "dev",
            "database-cluster-parameters",
            {"parameters": [{"name": "rds.force_ssl", "value": "0"}]},
            "database.flag.rds.force_ssl",
        ),
        ("dev", "cache-replication-group", {"transitEncryptionEnabled": False}, "cache.tls"),
        ("dev", "cache-replication-group", {"engine": "redis"}, "cache.engine"),
        ("gcp-dev", "database-instance", {"databaseVersion": "POSTGRES_16"}, "database.version"),
    ],
)
def test_a_difference_is_told(stack: str, name: str, props: dict[str, Any], fact: str) -> None:
    prod = "prod" if stack == "dev" else "gcp-prod"
    given = told(RULE, beside(prod, changed(real(stack), name, props)))
    sentence = f"{fact} has another value in stack {stack}: make it the same, or allow it in parity.yaml with a reason"
    assert ("", sentence) in given
    assert not [one for one in given if "16" in one[1] or "redis" in one[1]], "no value is repeated"  # type: ignore[index]


def test_a_type_or_component_that_only_one_has() -> None:
    fewer = without(real("dev"), lambda one: one.name == "service-web" or one.type == "aws:kms/alias:Alias")
    assert told(RULE, beside("prod", fewer)) == [
        ("", f"{fact} is here and not in stack dev: make it the same, or allow it in parity.yaml with a reason")
        for fact in ("component service-web", "type aws:kms/alias:Alias")
    ]
    poorer = without(real("prod"), lambda one: one.type == "aws:kms/alias:Alias")
    given = told(RULE, replace(poorer, others=(real("dev"),)))
    assert given == [
        ("", "type aws:kms/alias:Alias is not here but in stack dev: make it the same, or allow it in parity.yaml with a reason")
    ]


def test_minor_versions_and_order_are_no_difference() -> None:
    dev = changed(real("dev"), "database-cluster", {"engineVersion": "17.99"})
    assert told(RULE, beside("prod", dev)) == []
    cluster = next(one for one in real("dev").resources if one.name == "database-cluster-parameters")
    backwards = changed(real("dev"), cluster.name, {"parameters": cluster.props["parameters"][::-1]})
    assert told(RULE, beside("prod", backwards)) == []


def test_what_is_not_known_yet_is_set() -> None:
    dev = changed(real("dev"), "database-cluster", {"engine": UNKNOWN})
    assert len(told(RULE, beside("prod", dev))) == 1
    prod = changed(real("prod"), "database-cluster", {"engine": UNKNOWN})
    assert told(RULE, replace(prod, others=(dev,))) == []


def test_the_highest_tier_speaks_for_all() -> None:
    wrong = changed(real("dev"), "database-cluster", {"engineVersion": "16.4"})
    assert told(RULE, replace(wrong, others=(real("prod"),))) == []
    staging = replace(real("dev"), name="staging", tier="staging")
    assert told(RULE, replace(staging, others=(wrong,))) != [], "where there is no prod"
    assert told(RULE, replace(wrong, others=(staging,))) == []


def test_staging_is_compared_too() -> None:
    """Its differences need entries of their own: those of dev do not cover it."""
    staging = replace(real("dev"), name="staging", tier="staging")
    given = told(RULE, beside("prod", real("dev"), staging))
    assert given
    assert all(sentence.endswith("with a reason") and " stack staging:" in sentence for _, sentence in given)  # type: ignore[misc]


def test_a_stale_entry_is_told(tmp_path: Path) -> None:
    stale = {"cloud": "aws", "fact": "database.flag.nothing", "tiers": ["dev", "prod"], "reason": "once"}
    given = told(allowing(tmp_path, *yaml.safe_load(FILE.read_text()), stale), beside("prod"))
    assert given == [
        ("", "parity.yaml allows 'database.flag.nothing' between dev and prod, but nothing differs there: remove it")
    ]
    for other in ({"tiers": ["staging", "prod"]}, {"cloud": "gcp"}):
        rule = allowing(tmp_path, *yaml.safe_load(FILE.read_text()), {**stale, **other})
        assert told(rule, beside("prod")) == [], "what it is about is not there to be compared"


def test_every_entry_is_needed(tmp_path: Path) -> None:
    entries = yaml.safe_load(FILE.read_text())
    for number, entry in enumerate(entries):
        prod = {"aws": "prod", "gcp": "gcp-prod"}[entry["cloud"]]
        rule = allowing(tmp_path, *entries[:number], *entries[number + 1 :])
        assert list(rule.judge(beside(prod), {})), f"{entry['fact']} is allowed twice"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("- [", "parity.yaml is not YAML (line 1); mend it, or restore it from git"),
        ("cloud: aws", "parity.yaml must be a list of cloud, fact, tiers, reason"),
        ("- cloud: aws", "parity.yaml: entry 1 must have exactly the keys cloud, fact, tiers, reason"),
        ("- {cloud: azure, fact: a, tiers: [dev, prod], reason: b}", "parity.yaml: entry 1: 'cloud' must be one of aws, gcp"),
        ("- {cloud: aws, fact: a, tiers: [dev], reason: b}", "parity.yaml: entry 1: 'tiers' must be two of dev, staging, prod"),
        (
            "- {cloud: aws, fact: a, tiers: [dev, live], reason: b}",
            "parity.yaml: entry 1: 'tiers' must be two of dev, staging, prod",
        ),
        (
            "- {cloud: aws, fact: a, tiers: [dev, [x]], reason: b}",
            "parity.yaml: entry 1: 'tiers' must be two of dev, staging, prod",
        ),
        ("- {cloud: aws, fact: a, tiers: [dev, prod], reason: ' '}", "parity.yaml: entry 1: 'reason' must be a text"),
        ("- {cloud: [], fact: 1, tiers: 2, reason: b}", "parity.yaml: entry 1: 'fact' must be a text"),
    ],
)
def test_a_broken_list_is_a_violation(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "parity.yaml"
    file.write_text(text)
    assert ("", said) in told(replace(RULE, judge=compared(file)), beside("prod"))


def test_no_list_at_all(tmp_path: Path) -> None:
    rule = replace(RULE, judge=compared(tmp_path / "parity.yaml"))
    assert told(rule, beside("prod")) == [("", "parity.yaml cannot be read: No such file or directory")]
    (tmp_path / "parity.yaml").write_text("")
    assert load(tmp_path / "parity.yaml") == ()
    (tmp_path / "parity.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(PolicyFileError):
        load(tmp_path / "parity.yaml")
