"""Builds HTML and SVG from elements, so that nothing of what a stack holds can ever be taken for markup."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from xml.etree.ElementTree import Element, tostring

Content = Element | str | None | Iterable["Content"]
"""What an element may hold: elements and texts, in any nesting; None is nothing."""

_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
"""Characters that neither HTML nor XML may hold."""


def h(tag: str, attributes: dict[str, Any] | None = None, *content: Content) -> Element:
    """An element. An attribute that is None or False is left out, one that is True is empty."""
    made = Element(
        tag, {key: _value(value) for key, value in (attributes or {}).items() if value is not None and value is not False}
    )
    _fill(made, content)
    return made


def html(element: Element) -> str:
    """*element* as HTML; scripts and styles as they are."""
    return tostring(element, encoding="unicode", method="html")


def xml(element: Element) -> str:
    """*element* as XML, as an SVG file needs it."""
    return tostring(element, encoding="unicode")


def _fill(made: Element, content: Iterable[Content]) -> None:
    for item in content:
        if item is None:
            continue
        if isinstance(item, Element):
            made.append(item)
        elif not isinstance(item, str):
            _fill(made, item)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + _clean(item)
        else:
            made.text = (made.text or "") + _clean(item)


def _value(value: Any) -> str:
    if value is True:
        return ""
    return f"{value:g}" if isinstance(value, float) else _clean(str(value))


def _clean(text: str) -> str:
    return _NOT_TEXT.sub("\ufffd", text)
