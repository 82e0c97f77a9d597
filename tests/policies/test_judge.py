"""Judging a whole stack: levels, undecided, waivers, and rules that are broken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from policies.judge import Report, judge, root_of, sentence_of
from policies.resource import UNKNOWN, Resource, Stack
from policies.rule import AnyRule
from policies.verdict import Failed, Undecided
from policies.waivers import Waiver
from tests.policies.rules import BROKEN, ENCRYPTED, RULES, THING, raising, stack_rule
from tests.policies.runtime_args import resource, urn_of

TODAY = date(2026, 11, 21)
CONFIG = {"kept": {"minimum": 7}}


def stack(*resources: Resource) -> Stack:
    return Stack("test", "prod", "aws", resources, today=TODAY)


def judged(given: Stack, rules: Sequence[AnyRule] = RULES, waivers: Sequence[Waiver] = (), **levels: Any) -> Report:
    enforcement = {"encrypted": "mandatory", "kept": "mandatory", "broken": "disabled", "lonely": "advisory", **levels}
    return judge(given, enforcement=enforcement, config=CONFIG, waivers=waivers, rules=rules)


def waiver(policy: str = "encrypted", name: str = "one", **change: Any) -> Waiver:
    return replace(Waiver(policy, urn_of(THING, name), "an old disk", "ada", date(2027, 1, 1)), **change)


GOOD = {"encrypted": True, "word": "known", "days": 7}


def test_what_is_found() -> None:
    report = judged(stack(resource(THING, {**GOOD, "encrypted": False}, "one"), resource(THING, {**GOOD, "days": 1}, "two")))
    told = [(finding.rule, finding.urn, finding.verdict, finding.level) for finding in report.findings]
    assert told == [
        ("encrypted", urn_of(THING, "one"), Failed("encrypted must be true"), "mandatory"),
        ("kept", urn_of(THING, "two"), Failed("days must be at least 7 (minimum)"), "mandatory"),
        ("lonely", "", Failed("the stack has a fault"), "advisory"),
        ("lonely", urn_of(THING, "one"), Failed("nothing depends on it"), "advisory"),
        ("lonely", urn_of(THING, "two"), Failed("nothing depends on it"), "advisory"),
    ]
    assert [finding.rule for finding in report.violations] == ["encrypted", "kept"]
    assert not report.ok
    assert report.coverage == {"encrypted": 2, "kept": 2, "lonely": 1}


def test_advice_alone_is_fine() -> None:
    report = judged(stack(resource(THING, GOOD)))
    assert report.ok
    assert report.findings


def test_an_unknown_does_not_hide_what_is_known() -> None:
    report = judged(stack(resource(THING, {**GOOD, "word": UNKNOWN, "days": 1})))
    assert [finding.verdict.message for finding in report.violations] == ["days must be at least 7 (minimum)"]
    assert [(finding.rule, finding.verdict) for finding in report.undecided] == [
        ("kept", Undecided(("word",))),
        ("lonely", Undecided(("word",), urn_of(THING))),
    ]
    assert "undecided: word not known before the deployment" in {finding.verdict.message for finding in report.undecided}


def test_a_broken_rule_is_a_violation_whatever_its_level_and_tells_no_value() -> None:
    rules = (BROKEN, stack_rule("torn", raising("hunter2")), ENCRYPTED)
    report = judged(stack(resource(THING, {**GOOD, "encrypted": False})), rules, broken="advisory", torn="advisory")
    assert [finding.rule for finding in report.violations] == ["broken", "torn", "encrypted"], "the others are judged still"
    told = [finding.verdict.message for finding in report.violations[:2]]
    begins = [
        message.startswith(f"rule {name} could not run: KeyError") for name, message in zip(["broken", "torn"], told, strict=True)
    ]
    assert begins == [True, True]
    assert "hunter2" not in "".join(told)
    assert not report.ok


def test_a_disabled_rule_does_not_run() -> None:
    assert "broken" not in judged(stack(resource(THING, GOOD))).coverage


def test_a_rule_without_a_level_is_mandatory() -> None:
    report = judge(stack(resource(THING, {})), enforcement={}, config=CONFIG, waivers=(), rules=(ENCRYPTED,))
    assert len(report.violations) == 1


def test_a_waiver_covers_one_rule_of_one_resource_until_its_day() -> None:
    bad = stack(*(resource(THING, {**GOOD, "encrypted": False}, name) for name in ("one", "two")))
    report = judged(bad, waivers=[waiver()])
    assert [finding.urn for finding in report.violations] == [urn_of(THING, "two")]
    assert [item.waiver for item in report.waived] == [waiver()]
    assert judged(bad, waivers=[waiver(expires=TODAY)]).waived, "the day itself counts"
    assert not judged(bad, waivers=[waiver(policy="kept")]).waived


def test_an_expired_waiver_waives_nothing_and_fails() -> None:
    late = waiver(expires=date(2026, 11, 20))
    report = judged(stack(resource(THING, GOOD, "one")), waivers=[late])
    assert report.expired_waivers == (late,)
    assert not report.unused_waivers
    assert not report.ok
    assert judged(stack(resource(THING, {**GOOD, "encrypted": False}, "one")), waivers=[late]).violations


def test_a_waiver_that_covers_nothing_fails() -> None:
    fine = stack(resource(THING, GOOD, "one"))
    report = judged(fine, waivers=[waiver()])
    assert report.unused_waivers == (waiver(),)
    assert not report.ok
    gone = waiver(name="gone")
    assert judged(fine, waivers=[gone]).unused_waivers == (gone,)


def test_a_waiver_for_other_stacks_is_not_unused_here() -> None:
    elsewhere = waiver(urn=waiver().urn.replace(":test::", ":prod::"))
    anywhere = waiver(name="gone", urn=urn_of(THING, "gone").replace(":test::", ":*::"))
    assert judged(stack(resource(THING, GOOD, "one")), waivers=[elsewhere, anywhere]).ok
    here = waiver(urn=waiver().urn.replace(":test::", ":*::"))
    assert judged(stack(resource(THING, GOOD, "one")), waivers=[here]).unused_waivers == (here,)
    assert judged(stack(resource(THING, {**GOOD, "encrypted": False}, "one")), waivers=[here]).ok


def test_the_stack_as_a_whole_is_waived_by_its_own_urn() -> None:
    given = stack(resource(THING, GOOD, "one"))
    assert root_of(given) == "urn:pulumi:test::managed-postgres::pulumi:pulumi:Stack::managed-postgres-test"
    report = judged(given, waivers=[waiver("lonely", urn=root_of(given))])
    assert [item.finding.urn for item in report.waived] == [""]


def test_a_person_reads_how_to_mend_it() -> None:
    told = sentence_of(ENCRYPTED, Failed("encrypted must be true"))
    assert told == "encrypted must be true. Mend encrypted. (policies/README.md#encrypted)"


def test_no_stack_at_all() -> None:
    assert [finding.verdict.message for finding in judged(stack()).findings] == ["the stack has a fault"]
