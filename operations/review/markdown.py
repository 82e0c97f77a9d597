"""Reviews as one comment on a pull request: short above, everything else folded; never longer than GitHub takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from operations.review import words
from operations.review.cost import changes as cost_changes
from operations.review.diagram import mermaid
from operations.review.model import Change, Kind, Review, Unreviewed
from operations.review.text import REMEDIES

LIMIT = 60_000
"""Characters; GitHub takes 65,536 in a comment."""
PROPERTIES = 20
"""Properties of one change that are shown."""


def document(outcomes: Sequence[Review | Unreviewed]) -> str:
    """The whole comment. Where it grows too long, diagrams go first, then properties; risks and violations always stay."""
    for diagrams, details in ((True, True), (False, True), (False, False)):
        text = "\n".join(_lines(outcomes, diagrams=diagrams, details=details)).rstrip() + "\n"
        if len(text) <= LIMIT:
            return text
    end = "\n\nCut here: too long for a comment. `python -m operations review --format html --output review.html` has it all.\n"
    return text[: LIMIT - len(end)].rpartition("\n")[0] + end


def _lines(outcomes: Sequence[Review | Unreviewed], *, diagrams: bool, details: bool) -> Iterator[str]:
    yield "## Review"
    yield ""
    yield from _table(("Stack", "Verdict", "Changes", "Cost a month"), (_row(outcome) for outcome in outcomes))
    for outcome in outcomes:
        if isinstance(outcome, Unreviewed):
            yield from ("", f"### {outcome.name} could not be reviewed", "", *(f"- {escape(said)}" for said in outcome.sentences))
        else:
            yield from _review(outcome, diagrams=diagrams, details=details)


def _row(outcome: Review | Unreviewed) -> tuple[str, ...]:
    if isinstance(outcome, Unreviewed):
        return outcome.name, "**could not be reviewed**", "", ""
    verdict = words.verdict(outcome)
    changes = words.counts(outcome) if outcome.before else f"{len(words.real(outcome.stack.resources))} resources"
    return outcome.name, verdict if verdict == "fine" else f"**{verdict}**", changes, words.cost(outcome)


def _review(review: Review, *, diagrams: bool, details: bool) -> Iterator[str]:
    yield from ("", f"### {escape(words.headline(review))}", "")
    for risk in review.risks:
        yield "> [!CAUTION]"
        yield f"> **{words.LOUD[risk.operation]}: `{risk.resource.name}`** (`{risk.resource.type}`) holds {escape(risk.holds)}."
        yield f"> {escape(risk.reason)} {escape(risk.way_out)}"
        yield ""
    report = review.report
    for finding in report.violations:
        where, remedy = words.name_in(review.stack, finding.urn), REMEDIES.get(finding.rule, "")
        yield f"- **{finding.rule}**: `{where}`: {escape(words.sentence(finding.verdict.message))} {escape(remedy)}".rstrip()
    yield from (f"- **expired waiver** of {one.policy} for `{one.urn}` ({escape(one.owner)})" for one in report.expired_waivers)
    yield from (f"- **unused waiver** of {one.policy} for `{one.urn}`: remove it" for one in report.unused_waivers)
    yield ""
    rest = [one for one in words.findings(review) if not words.blocks(one)]
    said = (f"- {one.level} {one.rule}: `{words.name_in(review.stack, one.urn)}`: {escape(one.verdict.message)}" for one in rest)
    yield from _folded(f"{len(rest)} advisory or undecided", said if rest else ())
    yield from _folded(f"Changes: {words.counts(review)}", _changes(review, details=details) if review.changes else ())
    yield from _folded(f"Cost: {words.cost(review)}", _costs(review) if review.estimate.lines else ())
    yield from _folded("Who reaches what, who reads which secret", (f"- {escape(line)}" for line in review.posture.sentences()))
    if diagrams:
        yield from _folded("Diagram", ("```mermaid", mermaid(review.stack).strip(), "```"))
    yield from (f"{escape(note)}  " for note in review.notes)


def _changes(review: Review, *, details: bool) -> Iterator[str]:
    yield "```diff"
    for change in review.changes:
        component = change.resource.component or "(no component)"
        yield f"{_sign(change)} {component}: {words.short(change.resource.type)} {change.resource.name}"
        if change.reason:
            yield f"!     replaced: {change.reason}"
        for item in change.properties[: PROPERTIES if details else 0]:
            yield f"      {item.path}: {words.value(item.before)} -> {words.value(item.after)}".replace("```", "'''")
        left = len(change.properties) - PROPERTIES
        if left > 0 and details:
            yield f"      and {left} more"
    yield "```"


def _sign(change: Change) -> str:
    """What GitHub colours a line of a diff by."""
    return {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.REPLACED: "!", Kind.CHANGED: "#"}[change.kind]


def _costs(review: Review) -> Iterator[str]:
    if review.estimate_before:
        rows = cost_changes(review.estimate_before, review.estimate)
        changed = [(row.component, words.dollars(row.before), words.dollars(row.after)) for row in rows]
        yield from _table(("Component", f"USD, {review.against}", "USD"), changed) if changed else ()
    else:
        parts = review.estimate.components().items()
        yield from _table(("Component", "USD"), ((name, words.dollars(part.monthly)) for name, part in parts))
    yield ""
    yield from (f"- unknown price: `{words.name_in(review.stack, line.urn)}`: {line.what}" for line in review.estimate.unknown)
    yield from (f"- assumed: {escape(said)}" for said in review.estimate.assumptions)
    yield f"- prices: {escape(review.estimate.table)}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'---|' * len(head)}"
    yield from (f"| {' | '.join(escape(cell) for cell in row)} |" for row in rows)


def _folded(title: str, body: Iterable[str]) -> Iterator[str]:
    """*body* behind its title; nothing where it is empty."""
    found = list(body)
    if found:
        yield from (f"<details><summary>{escape(title)}</summary>", "", *found, "", "</details>", "")


def escape(text: str) -> str:
    """*text* so that it is not taken for HTML or for a cell of a table."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|").replace("\n", " ")
