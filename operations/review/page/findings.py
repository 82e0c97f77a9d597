"""What the policies say, and what data a change would lose: the part of the page that decides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.model import Review, Risk
from operations.review.page.markup import Content, h
from operations.review.page.rows import rows
from policies.catalogue import RULES
from policies.judge import Report, Waived
from policies.resource import Stack
from policies.rule import AnyRule
from policies.verdict import Finding

BY_ID: Mapping[str, AnyRule] = {rule.id: rule for rule in RULES}


def risks(review: Review) -> Iterator[Element]:
    """One loud card per risk."""
    for risk in review.risks:
        yield _risk(risk)


def _risk(risk: Risk) -> Element:
    return h(
        "article",
        {"class": "card danger item"},
        h("h4", None, h("strong", {"class": "loud"}, words.LOUD[risk.operation]), " ", h("code", None, risk.resource.name)),
        h("p", None, "It holds ", h("strong", None, risk.holds), ". ", h("span", {"class": "soft"}, risk.resource.type)),
        h("p", None, risk.reason),
        h("p", {"class": "remedy"}, risk.way_out),
    )


def policies(review: Review) -> Iterator[Content]:
    """Violations as cards; advice, what could not be decided and what is waived folded below."""
    report = review.report
    judged = sum(1 for number in report.coverage.values() if number)
    nothing = "Nothing mandatory is broken." if not report.violations else None
    yield h("p", {"class": "soft"}, f"{judged} of {len(report.coverage)} rules had something to judge. ", nothing)
    yield from (_violation(rule, list(found), review.stack) for rule, found in _by_rule(report.violations))
    yield from _waivers(report)
    advisory = [finding for finding in report.findings if finding.level != "mandatory"]
    yield _folded("advisory", advisory, review.stack)
    yield _folded("undecided before the deployment", report.undecided, review.stack)
    if report.waived:
        reasons = sorted({f"{one.waiver.reason} ({one.waiver.owner}, until {one.waiver.expires})" for one in report.waived})
        head = h("summary", None, f"{len(report.waived)} waived")
        waived = h("ul", None, rows(report.waived, lambda one: _waived(one, review.stack)))
        yield h("details", None, head, waived, (h("p", {"class": "soft"}, reason) for reason in reasons))


def _waived(one: Waived, stack: Stack) -> Element:
    return h(
        "li", {"class": "item"}, h("code", None, one.finding.rule), " ", h("code", None, words.name_in(stack, one.finding.urn))
    )


def _violation(rule_id: str, found: list[Finding], stack: Stack) -> Element:
    rule = BY_ID.get(rule_id)
    same = " \u00b7 ".join(f"{one.framework} {one.version}: {one.id}" for one in rule.frameworks) if rule else ""
    return h(
        "article",
        {"class": "card danger item"},
        h("h4", None, rule.title if rule else rule_id),
        h(
            "p",
            {"class": "soft"},
            h("span", {"class": "chip"}, rule.severity) if rule else None,
            " ",
            h("code", None, rule_id),
            f" \u00b7 {same}" if same else None,
        ),
        h("ul", None, rows(found, lambda finding: _finding(finding, stack))),
        h("p", {"class": "remedy"}, rule.remediation, " ", h("span", {"class": "soft"}, rule.docs)) if rule else None,
    )


def _waivers(report: Report) -> Iterator[Element]:
    said = [
        *(
            f"The waiver of {one.policy} for {one.urn} ended on {one.expires} ({one.owner}); mend it or renew it."
            for one in report.expired_waivers
        ),
        *(f"The waiver of {one.policy} for {one.urn} covers nothing; remove it." for one in report.unused_waivers),
    ]
    yield from (h("p", {"class": "card danger item"}, sentence) for sentence in said)


def _folded(what: str, findings: Iterable[Finding], stack: Stack) -> Element | None:
    found = list(findings)
    if not found:
        return None
    groups = [
        h("li", None, h("strong", None, rule), _hint(rule), h("ul", None, rows(of, lambda finding: _finding(finding, stack))))
        for rule, of in ((rule, list(of)) for rule, of in _by_rule(found))
    ]
    return h("details", None, h("summary", None, f"{len(found)} {what}"), h("ul", {"class": "plain"}, groups))


def _hint(rule_id: str) -> Element | None:
    rule = BY_ID.get(rule_id)
    return h("span", {"class": "soft"}, f" {rule.title}") if rule else None


def _finding(finding: Finding, stack: Stack) -> Element:
    return h("li", {"class": "item"}, h("code", None, words.name_in(stack, finding.urn)), ": ", finding.verdict.message)


def _by_rule(findings: Iterable[Finding]) -> Iterable[tuple[str, Iterator[Finding]]]:
    return groupby(sorted(findings, key=lambda one: (one.rule, one.urn)), key=lambda one: one.rule)
