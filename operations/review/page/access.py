"""Who reaches what, who may read which secret: the drawing and the tables."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from operations.review.access.way import INTERNET, Way
from operations.review.diagram import draw
from operations.review.model import Review
from operations.review.page.markup import Content, h
from operations.review.page.money import table
from operations.review.page.rows import rows
from operations.review.posture import Posture, listed


def drawing(review: Review) -> Iterator[Content]:
    """The diagram, in a frame that scrolls."""
    title = f"Diagram of stack {review.name}: who connects to whom"
    frame = h("div", {"class": "scroll", "tabindex": "0", "role": "region", "aria-label": title}, draw(review.posture, title))
    legend = "Arrows are connections with their ports, dotted ones rights to files. Blue boxes keep data."
    yield h("figure", None, frame, h("figcaption", {"class": "soft"}, legend))


def access(review: Review) -> Iterator[Content]:
    """What is open to the internet, all ways, all rights on secrets."""
    posture = review.posture
    if posture.entrances:
        yield h("p", None, h("strong", None, "Open to the internet: "), _entrances(posture))
    else:
        yield h("p", None, "Nothing here can be reached from the internet.")
    inside = [way for way in posture.ways if way.source != INTERNET]
    if inside:
        head = h("summary", None, f"{len(inside)} other ways")
        yield h("details", None, head, table("Ways", ("From", "To", "Port", "How"), list(rows(inside, _way, "tr"))))
    if posture.readers:
        yield table(
            "Who may read which secret",
            ("Secret", "Readers"),
            list(rows(list(posture.readers), lambda what: _secret(posture, what), "tr")),
        )
    yield from rows(posture.unclear, lambda sentence: h("p", {"class": "card warn item"}, sentence), "p")


def _entrances(posture: Posture) -> str:
    return listed([f"{way.target} on {way.ports}{f' ({way.via})' if way.via else ''}" for way in posture.entrances]) + "."


def _way(way: Way) -> Element:
    return h("tr", {"class": "item"}, (h("td", None, text) for text in (way.source, way.target, way.ports, way.via)))


def _secret(posture: Posture, what: str) -> Element:
    names = listed(dict.fromkeys(grant.identity for grant in posture.readers[what]))
    return h("tr", {"class": "item"}, h("th", {"scope": "row"}, h("code", None, what)), h("td", None, names))
