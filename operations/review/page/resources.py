"""What the stack is made of, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.model import Change, Kind, PropertyChange, Review
from operations.review.page.markup import Content, h
from policies.resource import Resource

LIMIT = 500
"""Rows of one list. A page of more is slow and nobody reads them."""

CLASSES = {Kind.ADDED: "added", Kind.REMOVED: "removed", Kind.REPLACED: "replaced", Kind.CHANGED: "changed"}


def changes(review: Review) -> Iterator[Content]:
    """Every change, by component, property by property; what replaces a resource is open from the start."""
    if not review.changes:
        yield h("p", {"class": "soft"}, f"Nothing changes against {review.against}.")
    ordered = sorted(review.changes, key=lambda one: (one.resource.component, one.resource.type, one.resource.name))
    for component, found in groupby(ordered, key=lambda one: one.resource.component):
        rows = list(found)
        yield h("h4", None, component or "(no component)", " ", h("span", {"class": "soft"}, str(len(rows))))
        yield h("div", {"class": "list"}, (_change(change) for change in rows[:LIMIT]), _more(rows))


def _change(change: Change) -> Element:
    resource = change.resource
    kind = CLASSES[change.kind]
    head: list[Content] = [
        h("span", {"class": f"sign {kind}", "aria-hidden": "true"}, words.SIGNS[change.kind]),
        h("span", {"class": "hidden"}, f"{change.kind}: "),
        h("code", None, resource.name),
        " ",
        h("span", {"class": "soft"}, words.short(resource.type)),
        h("span", {"class": "chip danger"}, "replaced") if change.kind is Kind.REPLACED else None,
    ]
    if not change.properties and not change.reason:
        return h("p", {"class": "row item"}, head)
    return h(
        "details",
        {"class": "row item", "open": change.kind is Kind.REPLACED},
        h("summary", None, head, h("span", {"class": "soft"}, f" {_properties(len(change.properties))}")),
        h("p", {"class": "remedy"}, change.reason) if change.reason else None,
        h("ul", {"class": "plain diff"}, (_property(item) for item in change.properties[:LIMIT]), _more(change.properties, "li")),
    )


def _properties(number: int) -> str:
    return f"{number} {'property' if number == 1 else 'properties'}"


def _property(item: PropertyChange) -> Element:
    return h(
        "li",
        None,
        h("code", None, item.path),
        h("span", {"class": "chip danger"}, "replaces it") if item.create_only else None,
        h(
            "span",
            {"class": "values"},
            h("del", None, words.value(item.before)),
            " \u2192 ",
            h("ins", None, words.value(item.after)),
        ),
    )


def resources(review: Review) -> Iterator[Content]:
    """Every resource by component, folded."""
    for name, found in review.components.items():
        rows = words.real(found)
        if rows:
            head = h("summary", None, h("strong", None, name or "(no component)"), h("span", {"class": "soft"}, f" {len(rows)}"))
            yield h(
                "details",
                None,
                head,
                h("ul", {"class": "plain list"}, (_resource(one) for one in rows[:LIMIT]), _more(rows, "li")),
            )


def _resource(one: Resource) -> Element:
    protected = h("span", {"class": "chip"}, "protected") if one.protect else None
    return h("li", {"class": "item"}, h("code", None, one.name), " ", h("span", {"class": "soft"}, one.type), protected)


def _more(rows: Sequence[object], tag: str = "p") -> Element | None:
    left = len(rows) - LIMIT
    return h(tag, {"class": "soft"}, f"and {left:,} more, which `--format json` lists") if left > 0 else None
