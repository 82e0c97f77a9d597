"""What the stack costs a month."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.cost import Estimate, Line
from operations.review.model import Review
from operations.review.page.markup import Content, h
from operations.review.page.rows import rows


def cost(review: Review) -> Iterator[Content]:
    """A bar per component with its change, then what is unknown and what was assumed."""
    now, before = review.estimate, review.estimate_before
    yield h("p", None, words.cost(review)[0].upper() + words.cost(review)[1:], ".")
    if not now.lines and not (before and before.lines):
        return
    parts, old = now.components(), before.components() if before else {}
    largest = max((part.monthly for part in (*parts.values(), *old.values())), default=0.0) or 1.0
    names = sorted({*parts, *old}, key=lambda name: (-parts[name].monthly if name in parts else 0.0, name))
    changed = ("Change",) if before else ()
    lines = [_row(name, parts.get(name), old.get(name) if before else None, largest, compared=bool(before)) for name in names]
    yield table("Cost by component", ("Component", "", "USD a month", *changed), lines)
    if now.unknown:
        unknown = rows(now.unknown, lambda line: _unknown(line, review))
        yield h("div", {"class": "card warn"}, h("p", None, "Not known, and not in the sum:"), h("ul", None, unknown))
    if now.assumptions:
        assumed = (h("li", None, said) for said in now.assumptions)
        yield h("details", None, h("summary", None, f"{len(now.assumptions)} assumptions of use"), h("ul", None, assumed))
    yield h("p", {"class": "soft"}, f"Prices: {now.table}." if now.table else None)


def table(caption: str, head: tuple[str, ...], body: list[Element]) -> Element:
    """A table that scrolls by itself where it is wider than the screen; reachable by keyboard then."""
    cells = (h("th", {"scope": "col"}, text) if text else h("td") for text in head)
    whole = h("table", None, h("thead", None, h("tr", None, cells)), h("tbody", None, body))
    return h("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption}, whole)


def _row(name: str, now: Estimate | None, old: Estimate | None, largest: float, *, compared: bool) -> Element:
    width = 100 * _known(now) / largest
    filled = h("rect", {"width": f"{width:.1f}%", "height": "8", "rx": "4"})
    bar = h("svg", {"class": "bar", "width": "100%", "height": "8", "aria-hidden": "true"}, filled)
    change = h("td", {"class": "number"}, words.signed(_known(now) - _known(old))) if compared else None
    label = h("th", {"scope": "row"}, name or "(no component)")
    return h("tr", {"class": "item"}, label, h("td", {"class": "wide"}, bar), h("td", {"class": "number"}, _amount(now)), change)


def _known(part: Estimate | None) -> float:
    return part.monthly if part else 0.0


def _amount(part: Estimate | None) -> str:
    """What is not known is said to be, and never 0."""
    if part is None:
        return "gone"
    if len(part.unknown) == len(part.lines):
        return words.dollars(None)
    return f"{words.dollars(part.monthly)}{' and unknown' if part.unknown else ''}"


def _unknown(line: Line, review: Review) -> Element:
    return h(
        "li", {"class": "item"}, h("code", None, words.name_in(review.stack, line.urn)), f": {line.what} ({line.why_unknown})"
    )
