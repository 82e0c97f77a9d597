"""What the stack is made of, and what becomes of it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from xml.etree.ElementTree import Element

from operations.review import words
from operations.review.model import Change, Kind, PropertyChange, Review
from operations.review.page.markup import Content, h
from operations.review.page.rows import rows
from policies.resource import Resource

CLASSES = {Kind.ADDED: "added", Kind.REMOVED: "removed", Kind.REPLACED: "replaced", Kind.CHANGED: "changed"}


def changes(review: Review) -> Iterator[Content]:
    """Every change, by component, property by property; what replaces a resource is open from the start."""
    if not review.changes:
        yield h("p", {"class": "soft"}, f"Nothing changes against {review.against}.")
    ordered = sorted(review.changes, key=lambda one: (one.resource.component, one.resource.type, one.resource.name))
    for component, found in groupby(ordered, key=lambda one: one.resource.component):
        here = list(found)
        yield h("h4", None, component or "(no component)", " ", h("span", {"class": "soft"}, str(len(here))))
        yield h("div", {"class": "list"}, rows(here, _change, "p"))


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
        h("ul", {"class": "plain diff"}, rows(change.properties, _property)),
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
        here = words.real(found)
        if here:
            head = h("summary", None, h("strong", None, name or "(no component)"), h("span", {"class": "soft"}, f" {len(here)}"))
            yield h("details", None, head, h("ul", {"class": "plain list"}, rows(here, _resource)))


def _resource(one: Resource) -> Element:
    protected = h("span", {"class": "chip"}, "protected") if one.protect else None
    return h("li", {"class": "item"}, h("code", None, one.name), " ", h("span", {"class": "soft"}, one.type), protected)
