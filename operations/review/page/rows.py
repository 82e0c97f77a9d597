"""Long lists: as many rows as somebody would read, and how many more there are."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar
from xml.etree.ElementTree import Element

from operations.review.page.markup import h

Row = TypeVar("Row")

LIMIT = 500
"""Rows of one list. A page of more is slow and nobody reads them."""


def rows(found: Sequence[Row], render: Callable[[Row], Element], tag: str = "li") -> Iterator[Element]:
    """The first :data:`LIMIT` of *found*, each by *render*; a last row of *tag* counts the others."""
    yield from map(render, found[:LIMIT])
    left = len(found) - LIMIT
    if left > 0:
        text = f"and {left:,} more, which `--format json` lists"
        yield h(tag, {"class": "soft"}, h("td", None, text) if tag == "tr" else text)
