"""Reviews as one HTML page: everything in it, nothing loaded, for a browser or a phone, by mouse or by keyboard."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.diagram import STYLE
from operations.review.model import Review, Unreviewed
from operations.review.page import access, findings, money, resources
from operations.review.page.markup import Content, h, html

FOLDER = Path(__file__).parent / "page"
ICON = "data:,"
"""No icon: a browser would ask a server for one."""


def page(outcomes: Sequence[Review | Unreviewed]) -> str:
    """The whole page. Its content security policy lets run only the style and the script that stand in it."""
    style, script = (FOLDER / "page.css").read_text() + STYLE, (FOLDER / "page.js").read_text()
    title = f"Review of {', '.join(outcome.name for outcome in outcomes)}"
    allowed = f"style-src '{_hash(style)}'; script-src '{_hash(script)}'; img-src data:"
    policy = f"default-src 'none'; {allowed}; base-uri 'none'; form-action 'none'"
    head = h(
        "head",
        None,
        h("meta", {"charset": "utf-8"}),
        h("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        h("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        h("meta", {"name": "color-scheme", "content": "light dark"}),
        h("title", None, title),
        h("link", {"rel": "icon", "href": ICON}),
        h("style", None, style),
    )
    body = h(
        "body",
        None,
        h("a", {"class": "skip", "href": "#main"}, "To the reviews"),
        h("header", None, h("h1", None, "Review"), _tools()),
        h("nav", {"aria-label": "Stacks"}, h("ul", None, (_link(outcome) for outcome in outcomes))),
        h("main", {"id": "main", "tabindex": "-1"}, (_stack(outcome, number) for number, outcome in enumerate(outcomes))),
        h("script", None, script),
    )
    return "<!DOCTYPE html>\n" + html(h("html", {"lang": "en"}, head, body)) + "\n"


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _tools() -> Element:
    search = {"id": "filter", "type": "search", "placeholder": "Filter ( / )", "aria-label": "Show only what holds this text"}
    return h(
        "div",
        {"class": "tools", "role": "search"},
        h("input", search),
        h("span", {"id": "found", "class": "soft", "role": "status"}),
        h("button", {"id": "unfold", "type": "button", "aria-pressed": "false"}, "Open all"),
        h("button", {"id": "theme", "type": "button"}, "Theme"),
    )


def _link(outcome: Review | Unreviewed) -> Element:
    label = h("a", {"href": f"#stack-{outcome.name}"}, h("strong", None, outcome.name), " ", _verdict(outcome))
    return h("li", None, label)


def _verdict(outcome: Review | Unreviewed) -> Element:
    said = "could not be reviewed" if isinstance(outcome, Unreviewed) else words.verdict(outcome)
    return h("span", {"class": "chip good" if said == "fine" else "chip danger"}, said)


def _stack(outcome: Review | Unreviewed, number: int) -> Element:
    head = h("h2", {"id": f"stack-{outcome.name}"}, outcome.name, " ", _verdict(outcome))
    inside = _unreviewed(outcome) if isinstance(outcome, Unreviewed) else _review(outcome, f"s{number}")
    return h("section", {"class": "stack", "aria-labelledby": f"stack-{outcome.name}"}, head, inside)


def _unreviewed(outcome: Unreviewed) -> Iterator[Element]:
    yield h("div", {"class": "card danger"}, (h("p", {"class": "item"}, sentence) for sentence in outcome.sentences))


def _review(review: Review, prefix: str) -> Iterator[Content]:
    yield h("dl", {"class": "figures"}, (_figure(*figure) for figure in _figures(review)))
    yield from (h("p", {"class": "note"}, note) for note in review.notes)
    parts: list[tuple[str, Iterator[Content]]] = [
        ("Policies", findings.policies(review)),
        *([("Changes", resources.changes(review))] if review.before else []),
        ("Diagram", access.drawing(review)),
        ("Who reaches what", access.access(review)),
        ("Cost", money.cost(review)),
        ("Resources", resources.resources(review)),
    ]
    if review.risks:
        parts.insert(0, ("Data at risk", iter(findings.risks(review))))
    for number, (title, content) in enumerate(parts):
        name = f"{prefix}-{number}"
        yield h("section", {"aria-labelledby": name}, h("h3", {"id": name}, title), content)


def _figures(review: Review) -> Iterator[tuple[str, str]]:
    estimate = review.estimate
    yield "Cloud", f"{review.stack.provider}, {review.stack.tier}"
    yield "Resources", str(len(words.real(review.stack.resources)))
    if review.before:
        yield f"Against {review.against}", words.counts(review)
    yield "Broken rules", str(len(review.report.violations))
    yield "USD a month", words.dollars(estimate.monthly) if estimate.lines else "nothing"
    if review.estimate_before:
        yield "Change", words.signed(estimate.monthly - review.estimate_before.monthly)


def _figure(name: str, value: str) -> Element:
    return h("div", None, h("dt", None, name), h("dd", None, value))
