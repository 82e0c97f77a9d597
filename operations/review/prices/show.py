"""A price table as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from operations.review.prices.table import load


def lines(provider: str, region: str = "", book: str = "") -> Iterator[str]:
    """A line per price and one per source, sorted. Raises Refused for a broken table."""
    table = load(provider, region, book=book)
    yield f"{table.provider}, {table.region}: {len(table.rows)} prices in US dollars ({table.name})"
    for sku, price in sorted(table.rows.items()):
        known = "" if price.sure else f", {price.source.basis}"
        yield f"{sku:<45} {price.amount:>12.7g} per {price.unit:<17} {price.source.date}{known}"
    for source in sorted({price.source for price in table.rows.values()}, key=lambda source: (source.date, source.text)):
        yield f"{source.date} {source.basis}: {source.text}"
