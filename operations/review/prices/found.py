"""What a price list was found to say, and what a table becomes by it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from operations.review.prices.table import Price, Prices


@dataclass
class Found:
    """Prices by the rows of our tables. A row may be seen in tiers: the cheapest use, from the first unit on, counts."""

    prices: dict[str, Price] = field(default_factory=dict)
    unclear: dict[str, str] = field(default_factory=dict)
    """Rows that the list has, but not as our rule for them expects, and what was found."""
    _tiers: dict[str, float] = field(default_factory=dict)

    def add(self, sku: str, price: Price, tier: float = 0.0) -> None:
        """Note *price* of *sku* from *tier* units on. What costs nothing is a free tier and passed over."""
        if price.amount <= 0:
            return
        before = self._tiers.get(sku)
        if before is not None and before < tier:
            return
        if before == tier and self.prices[sku].amount != price.amount:
            self.unclear[sku] = "two prices"
        self._tiers[sku], self.prices[sku] = tier, price


@dataclass(frozen=True)
class Refreshed:
    """A table after a refresh, and what a reader should know of it."""

    table: Prices
    changed: tuple[tuple[str, Price, Price], ...]
    added: tuple[str, ...]
    missing: tuple[str, ...]
    """Rows that the list should have and has not: they keep their old price and date."""
    unclear: tuple[tuple[str, str], ...]
    """Rows that the list has otherwise than expected, and how: they too keep the old price."""
    kept: tuple[str, ...]
    """Rows that no list has, in this program's knowledge."""


def apply(table: Prices, found: Found, wanted: Iterator[str]) -> Refreshed:
    """*table* with what was *found*; *wanted* are the rows that the list is expected to have."""
    clear = {sku: price for sku, price in found.prices.items() if sku not in found.unclear}
    known = set(table.rows)
    expected = set(wanted)
    seen = {*found.prices, *found.unclear}
    return Refreshed(
        table=replace(table, rows={**table.rows, **clear}),
        changed=tuple(
            (sku, table.rows[sku], price)
            for sku, price in sorted(clear.items())
            if sku in known and table.rows[sku].amount != price.amount
        ),
        added=tuple(sorted(set(clear) - known)),
        missing=tuple(sorted(expected - seen)),
        unclear=tuple(sorted(found.unclear.items())),
        kept=tuple(sorted(known - expected - seen)),
    )
