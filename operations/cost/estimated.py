"""The estimate of a stack file, a month at list prices. No cloud account is needed, and nothing need be up."""

from __future__ import annotations

from typing import Any

from operations.engine.checkout import Checkout
from operations.errors import Refused
from operations.review.cost import Estimate, estimate
from operations.review.model import Unreviewed
from operations.review.prices.table import load
from operations.review.words import dollars


def estimate_of(checkout: Checkout, stack: str) -> Estimate:
    """What *stack*'s file makes costs a month. Raises Refused, with the program's sentences, where it makes nothing."""
    from operations.review.worker import graphs

    checkout.require(stack)
    found = graphs(checkout.root, [stack])[stack]
    if isinstance(found, Unreviewed):
        raise Refused(*found.sentences)
    return estimate(found.stack)


def rows(found: Estimate) -> list[tuple[str, ...]]:
    """Dollars a month of each component, the dearest first, then of all: as set, by assumed use, together, at most; its name."""
    parts = sorted(found.components().items(), key=lambda part: (-part[1].monthly, part[0]))
    every = [*((name or "(no component)", part) for name, part in parts), ("all", found)]
    return [(*(_amount(part, value) for value in _values(part)), name) for name, part in every]


def _values(part: Estimate) -> tuple[float, ...]:
    return part.fixed, part.usage, part.monthly, part.most


def _amount(part: Estimate, value: float) -> str:
    """Never 0 for what is not known."""
    if part.lines and len(part.unknown) == len(part.lines):
        return dollars(None)
    return f"{dollars(value)}{' + ?' if part.unknown else ''}"


def notes(found: Estimate) -> list[str]:
    """What the figures rest on, a sentence each."""
    told = [f"No price: {line.component} {line.what}: {line.why_unknown}." for line in found.unknown]
    told += [f"Assumed: {assumption}." for assumption in found.assumptions]
    dates = load(found.table.partition(".")[0], found.region).dates if found.table else None
    when = f" of {dates[0]} to {dates[1]}" if dates else ""
    unsure = f"; {len(found.unsure)} of {len(found.lines)} are not from the region's own list" if found.unsure else ""
    told.append(f"List prices in US dollars{when} for {found.region}, without tax, discounts and free tiers{unsure}.")
    return told


def as_json(found: Estimate) -> dict[str, Any]:
    """US dollars a month; null for what is not known."""
    return {
        "currency": "USD",
        "region": found.region,
        "monthly": round(found.monthly, 2),
        "fixed": round(found.fixed, 2),
        "assumed_use": round(found.usage, 2),
        "at_most": round(found.most, 2),
        "complete": not found.unknown,
        "components": {
            name: {
                "monthly": round(part.monthly, 2),
                "fixed": round(part.fixed, 2),
                "assumed_use": round(part.usage, 2),
                "at_most": round(part.most, 2),
                "complete": not part.unknown,
            }
            for name, part in found.components().items()
        },
        "lines": [
            {
                "component": line.component, "what": line.what, "type": line.type, "sku": line.sku or None,
                "monthly": line.monthly, "assumption": line.assumption or None, "unknown": line.why_unknown or None,
            }
            for line in found.lines
        ],
        "prices": found.table,
    }  # fmt: skip
