"""What the stack costs a month."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.model import Review
from operations.review.page.markup import Content, h


def cost(review: Review) -> Iterator[Content]:
    """A bar per component with its change, then what is unknown and what was assumed."""
    now, before = review.estimate, review.estimate_before
    yield h("p", None, words.cost(review)[0].upper() + words.cost(review)[1:], ".")
    if not now.lines and not (before and before.lines):
        return
    parts, old = now.components(), before.components() if before else {}
    largest = max((part.monthly for part in (*parts.values(), *old.values())), default=0.0) or 1.0
    rows = [
        _row(name, parts[name].monthly if name in parts else None, old[name].monthly if name in old else None, largest, review)
        for name in sorted({*parts, *old}, key=lambda name: (-(parts[name].monthly if name in parts else 0.0), name))
    ]
    head = ("Component", "", "USD a month", *((f"Against {review.against}",) if before else ()))
    yield table("Cost by component", head, rows)
    if now.unknown:
        lines = (
            h("li", {"class": "item"}, h("code", None, words.name_in(review.stack, one.urn)), f": {one.what}")
            for one in now.unknown
        )
        yield h("div", {"class": "card warn"}, h("p", None, "Not known, and not in the sum:"), h("ul", None, lines))
    if now.assumptions:
        assumed = (h("li", None, said) for said in now.assumptions)
        yield h("details", None, h("summary", None, f"{len(now.assumptions)} assumptions of use"), h("ul", None, assumed))
    yield h("p", {"class": "soft"}, f"Prices: {now.table}." if now.table else None)


def table(caption: str, head: tuple[str, ...], rows: list[Element]) -> Element:
    """A table that scrolls by itself where it is wider than the screen; reachable by keyboard then."""
    cells = (h("th", {"scope": "col"}, text) if text else h("td", None) for text in head)
    body = h("table", None, h("thead", None, h("tr", None, cells)), h("tbody", None, rows))
    return h("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption}, body)


def _row(name: str, now: float | None, old: float | None, largest: float, review: Review) -> Element:
    width = 100 * (now or 0.0) / largest
    bar = h(
        "svg",
        {"class": "bar", "width": "100%", "height": "8", "aria-hidden": "true"},
        h("rect", {"width": f"{width:.1f}%", "height": "8", "rx": "4"}),
    )
    change = h("td", {"class": "number"}, words.signed((now or 0.0) - (old or 0.0))) if review.estimate_before else None
    label = h("th", {"scope": "row"}, name or "(no component)")
    return h(
        "tr",
        {"class": "item"},
        label,
        h("td", {"class": "wide"}, bar),
        h("td", {"class": "number"}, words.dollars(now or 0.0)),
        change,
    )
