"""The rules as a whole: what each must say of itself, and that no word in it is dead."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from policies.catalogue import RULES
from policies.judge import judge
from policies.levels import config_of, file_of, load
from policies.resource import Stack
from policies.rule import AnyRule, NotApplicable, Rule, StackRule
from policies.table import README, insert
from tests.sdk import resource_types

ROOT = Path(__file__).resolve().parents[2]


def tokens(rule: AnyRule) -> tuple[str, ...]:
    return rule.types if isinstance(rule, StackRule) else tuple(rule.checks)


def anchors(file: str) -> Iterator[str]:
    """The anchors of a Markdown file: its headings as GitHub makes them, and those that it sets itself."""
    text = (ROOT / file).read_text()
    yield from re.findall(r'<a id="([^"]+)">', text)
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        yield re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-")


def test_the_modules_are_all_in_the_catalogue() -> None:
    """A table that is not imported is dead."""
    listed = {rule.id for rule in RULES}
    for folder in ("rules", "stack"):
        for file in sorted((ROOT / "policies" / folder).glob("*.py")):
            module = import_module(f"policies.{folder}.{file.stem}")
            own = getattr(module, "RULES", None) or ([module.RULE] if hasattr(module, "RULE") else [])
            assert {rule.id for rule in own} <= listed, f"{file.name} is not in policies/catalogue.py"


def test_ids_are_unique_and_readable() -> None:
    ids = [rule.id for rule in RULES]
    assert len(set(ids)) == len(ids)
    assert not [name for name in ids if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", name)]


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_all_that_a_reader_needs(rule: AnyRule) -> None:
    for text in (rule.title, rule.remediation):
        assert text[0].isupper()
    assert not rule.title.endswith(".")
    assert rule.remediation.endswith(".")
    file, _, anchor = rule.docs.partition("#")
    assert anchor in set(anchors(file)), f"{rule.docs} leads nowhere"
    assert all(all(reference) for reference in rule.frameworks)
    for key, entry in rule.config.items():
        assert config_of(rule, None)[key] == entry.default
    if isinstance(rule, Rule):
        reasons = [side.reason for side in (rule.aws, rule.gcp) if isinstance(side, NotApplicable)]
        assert len(reasons) < 2
        assert not [reason for reason in reasons if len(reason) < 15 or reason == "not yet"], "say why it does not apply"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_type_exists(rule: AnyRule) -> None:
    """A typo makes a policy dead, and nothing else would tell."""
    assert not [token for token in tokens(rule) if token not in resource_types()]
    if isinstance(rule, Rule):
        for cloud, side in (("aws:", rule.aws), ("gcp:", rule.gcp)):
            checks = side if isinstance(side, tuple) else () if isinstance(side, NotApplicable) else (side,)
            assert all(token.startswith(cloud) for check in checks for token in check.types)


def test_no_rule_is_milder_in_prod() -> None:
    strictness = {"disabled": 0, "advisory": 1, "mandatory": 2}
    assert not [rule.id for rule in RULES if strictness[rule.prod] < strictness[rule.dev]]


def test_the_table_of_the_readme_is_true() -> None:
    text = README.read_text()
    assert insert(text) == text, "run: make docs"


SECRET, NUMBER = "hunter2", 86420975


def _disguised(value: Any) -> Any:
    """*value* with every text and number in it replaced by ones that no rule may repeat."""
    if isinstance(value, dict):
        return {key: _disguised(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_disguised(item) for item in value]
    return (
        value
        if isinstance(value, bool) or not isinstance(value, str | int | float)
        else SECRET
        if isinstance(value, str)
        else NUMBER
    )


@pytest.mark.parametrize("name", ["prod", "gcp-prod"])
def test_no_rule_tells_a_value(name: str) -> None:
    """Secrets stand in properties in clear, and the engine masks nothing in a message."""
    from operations.review.graph import stack_of

    real = stack_of(ROOT, name)
    disguised = tuple(replace(resource, props=_disguised(resource.props)) for resource in real.resources)
    settings = load(file_of("prod"), RULES)
    stack = Stack(real.name, real.tier, real.provider, disguised, today=real.today)
    report = judge(stack, enforcement=settings.enforcement, config=settings.config, waivers=(), rules=RULES)
    told = [(finding.rule, finding.verdict.message) for finding in (*report.findings, *report.undecided)]
    assert len({rule for rule, _ in told}) > 20, "nearly every rule is broken by such values"
    assert not [one for one in told if SECRET in one[1] or str(NUMBER) in one[1]]
