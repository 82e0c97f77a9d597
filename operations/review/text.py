"""A review on a terminal: what is dangerous first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from operations.review import words
from operations.review.cost import changes as cost_changes
from operations.review.model import Review, Unreviewed
from policies.catalogue import RULES
from policies.resource import Resource
from policies.verdict import Finding

Line = tuple[str, str]
"""A style (of rich; empty for none) and a text."""

REMEDIES = {rule.id: rule.remediation for rule in RULES}


def lines(outcomes: Sequence[Review | Unreviewed]) -> Iterator[Line]:
    """Every line of the reviews."""
    for outcome in outcomes:
        yield from _unreviewed(outcome) if isinstance(outcome, Unreviewed) else _review(outcome)
        yield "", ""
    if len(outcomes) > 1:
        width = max(len(outcome.name) for outcome in outcomes)
        for outcome in outcomes:
            bad = isinstance(outcome, Unreviewed)
            says = "could not be reviewed" if isinstance(outcome, Unreviewed) else words.verdict(outcome)
            yield ("" if says == "fine" else "bold red" if bad else "red"), f"{outcome.name:<{width}}  {says}"


def _unreviewed(outcome: Unreviewed) -> Iterator[Line]:
    yield "bold red", f"{outcome.name}: could not be reviewed"
    for sentence in outcome.sentences:
        yield "red", f"  {sentence}"


def _review(review: Review) -> Iterator[Line]:
    yield "bold", words.headline(review)
    yield from _risks(review)
    yield from _policies(review)
    yield from _changes(review)
    yield from _cost(review)
    yield from (("", line) for line in ("Security", *(f"  {line}" for line in review.posture.sentences())))
    if not review.before:
        yield "bold", "Resources"
        yield from (("", f"  {name or '(none)'}: {words.census(found)}") for name, found in _grouped(review))
    yield from (("", note) for note in review.notes)


def _grouped(review: Review) -> Iterator[tuple[str, list[Resource]]]:
    for name, found in review.components.items():
        real = words.real(found)
        if real:
            yield name, real


def _risks(review: Review) -> Iterator[Line]:
    for risk in review.risks:
        yield "bold red", f"{words.LOUD[risk.operation]}: {risk.resource.name} ({risk.resource.type}) holds {risk.holds}"
        yield "red", f"  {risk.reason}"
        yield "", f"  {risk.way_out}"


def _policies(review: Review) -> Iterator[Line]:
    report = review.report
    judged = sum(1 for number in report.coverage.values() if number)
    advisory = len(report.findings) - len(report.violations)
    yield (
        "bold",
        f"Policies: {words.verdict(review) if not report.ok else 'fine'} ({judged} rules applied, {advisory} advisory, "
        f"{len(report.undecided)} undecided, {len(report.waived)} waived)",
    )
    for finding in words.findings(review):
        yield from _finding(finding, review)
    for late in report.expired_waivers:
        yield (
            "red",
            f"  expired waiver: {late.policy} for {late.urn} ended on {late.expires} ({late.owner}); mend it or renew it.",
        )
    for unused in report.unused_waivers:
        yield "red", f"  unused waiver: {unused.policy} for {unused.urn} covers nothing; remove it."


def _finding(finding: Finding, review: Review) -> Iterator[Line]:
    style = "red" if words.blocks(finding) else "yellow"
    yield style, f"  {finding.level} {finding.rule}: {words.name_in(review.stack, finding.urn)}: {finding.verdict.message}"
    if style == "red":
        yield "", f"    {REMEDIES.get(finding.rule, '')}".rstrip()


def _changes(review: Review) -> Iterator[Line]:
    if review.before:
        yield "bold", f"Changes: {words.counts(review)}"
    component = None
    for change in sorted(review.changes, key=lambda one: one.resource.component):
        if change.resource.component != component:
            component = change.resource.component
            yield "", f"  {component or '(none)'}"
        reason = f" (replaced: {change.reason})" if change.reason else ""
        style = {"+": "green", "-": "red", "!": "magenta", "~": ""}[words.SIGNS[change.kind]]
        yield style, f"    {words.SIGNS[change.kind]} {words.short(change.resource.type)} {change.resource.name}{reason}"
        for item in change.properties:
            mark = "  <- replaces it" if item.create_only else ""
            yield "", f"        {item.path}: {words.value(item.before)} -> {words.value(item.after)}{mark}"


def _cost(review: Review) -> Iterator[Line]:
    yield "bold", f"Cost: {words.cost(review)}"
    if review.estimate_before:
        for row in cost_changes(review.estimate_before, review.estimate):
            yield "", f"  {row.component}: {words.dollars(row.before)} -> {words.dollars(row.after)}"
    else:
        for name, part in review.estimate.components().items():
            yield "", f"  {name or '(none)'}: {words.dollars(part.monthly)}{', some prices unknown' if part.unknown else ''}"
    for line in review.estimate.unknown:
        yield "yellow", f"  unknown: {words.name_in(review.stack, line.urn)}: {line.what}"
