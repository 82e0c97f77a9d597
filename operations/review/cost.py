"""What a stack costs a month at list prices: a line per thing that is charged, and what could not be priced."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from itertools import groupby
from pathlib import Path

from operations.review.charges.charge import Charge, Charges, Site
from operations.review.prices.table import DEFAULT_REGIONS, Price, Prices, load
from policies.resource import Resource, Stack

TABLES = {"aws": ("aws_database", "aws_containers", "aws_platform"), "gcp": ("gcp_services", "gcp_platform")}
OURS = ("pulumi:", "pulumi-python:", "managed-postgres:", "random:")
"""Types that no cloud charges: components, dynamic resources, made-up names."""
NOT_TOLD = "nobody has said what this type costs (operations/review/charges)"


@dataclass(frozen=True)
class Line:
    """One thing that one resource is charged for."""

    urn: str
    type: str
    component: str
    """The component that it belongs to: ``database``, ``service-api``."""
    what: str
    """What is charged, readable: ``2 tasks, CPU 1``."""
    sku: str
    """Its row of the price table; empty where nobody has told what the type costs."""
    quantity: float | None
    """How much of it a month, in the price's unit; None where the preview cannot know it."""
    most: float | None
    """The same where everything that scales has scaled to its limit; equal to *quantity* where nothing scales."""
    price: Price | None
    """None: the table has no such row."""
    assumption: str = ""
    """Not empty for what is charged by use: the use that was assumed."""

    @property
    def monthly(self) -> float | None:
        """US dollars a month; None where it is not known. Never 0 for something unknown."""
        return None if self.quantity is None or self.price is None else self.quantity * self.price.amount

    @property
    def at_most(self) -> float | None:
        """US dollars a month where everything that scales has scaled to its limit; None where it is not known."""
        return None if self.most is None or self.price is None else self.most * self.price.amount

    @property
    def why_unknown(self) -> str:
        """What keeps it from being priced, for a reader; empty where it is priced."""
        if not self.sku:
            return NOT_TOLD
        if self.quantity is None:
            return "its quantity is known only after the deployment"
        return "" if self.price else f"the price table has no row '{self.sku}'; run `python -m operations prices refresh`"


@dataclass(frozen=True)
class Estimate:
    """What a stack costs a month, in US dollars without tax, discounts and free tiers."""

    lines: tuple[Line, ...]
    region: str
    table: str = ""
    """The price table that was used, for a reader."""

    @cached_property
    def monthly(self) -> float:
        """The sum of the lines that are known. Look at *unknown* before it is trusted."""
        return sum(line.monthly or 0.0 for line in self.lines)

    @cached_property
    def most(self) -> float:
        """The sum where everything that scales has scaled to its limit."""
        return sum((line.monthly if line.at_most is None else line.at_most) or 0.0 for line in self.lines)

    @property
    def fixed(self) -> float:
        """The part that the settings decide."""
        return sum(line.monthly or 0.0 for line in self.lines if not line.assumption)

    @property
    def usage(self) -> float:
        """The part that rests on stated assumptions of use."""
        return self.monthly - self.fixed

    @cached_property
    def unknown(self) -> tuple[Line, ...]:
        """What has no price, no quantity, or a type that nobody told us about."""
        return tuple(line for line in self.lines if line.monthly is None)

    @property
    def unsure(self) -> tuple[Line, ...]:
        """Lines whose price is not from the region's own price list."""
        return tuple(line for line in self.lines if line.price and not line.price.sure)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Every use that was assumed, sorted."""
        return tuple(sorted({line.assumption for line in self.lines} - {""}))

    def components(self) -> Mapping[str, Estimate]:
        """The estimate of each component, by name."""
        by_name = sorted(self.lines, key=lambda line: line.component)  # stable: a component's lines stay in order
        return {name: Estimate(tuple(of), self.region, self.table) for name, of in groupby(by_name, lambda line: line.component)}


def estimate(stack: Stack, table: Prices | None = None, *, usage: Mapping[str, float] | None = None) -> Estimate:
    """What *stack* costs a month by *table*; without one by the versioned table of the stack's provider and region.

    *usage*: use that is known better than assumed, by the keys of :data:`operations.review.charges.usage.USES`. No resource makes
    it raise: what cannot be priced is a line in ``unknown``. The local provider costs nothing.

    Raises:
        Refused: the price table is broken.
    """
    if stack.provider not in TABLES:
        return Estimate((), "")
    region = region_of(stack)
    prices = table if table is not None else load(stack.provider, region)
    site = Site(stack, usage or {})
    lines = tuple(line for resource in stack.resources for line in _lines(resource, site, prices))
    return Estimate(lines, region, prices.name)


def region_of(stack: Stack) -> str:
    """The region that the stack's resources name; the default one where none does."""
    for resource in stack.resources:
        for path in ("region", "availabilityZone", "location"):
            place = resource.fact(path)
            if isinstance(place, str) and place.count("-") >= (2 if stack.provider == "aws" else 1):
                return place.rstrip("abcdef") if path == "availabilityZone" else place.lower()
    return DEFAULT_REGIONS.get(stack.provider, "")


@cache
def charges_of(provider: str) -> tuple[Mapping[str, Charges], Mapping[str, str]]:
    """What each type of a cloud is charged for; and the types that cost nothing, with the reason."""
    modules = [import_module(f"operations.review.charges.{name}") for name in TABLES[provider]]
    charged = {token: charges for module in modules for token, charges in module.CHARGES.items()}
    return charged, json.loads((Path(__file__).parent / "charges" / "free.json").read_text())


def _lines(resource: Resource, site: Site, prices: Prices) -> Iterator[Line]:
    charged, free = charges_of(site.stack.provider)
    if resource.type in free or resource.type.startswith(OURS):
        return
    found = charged[resource.type](resource, site) if resource.type in charged else (Charge("", "", None),)
    for charge in found:
        if charge.quantity == 0 and not charge.most:
            continue
        most = charge.quantity if charge.most is None else charge.most
        price = prices.get(charge.sku)
        yield Line(
            resource.urn,
            resource.type,
            resource.component,
            charge.what or resource.type,
            charge.sku,
            charge.quantity,
            most,
            price,
            charge.assumption,
        )


@dataclass(frozen=True)
class Change:
    """What a component costs before and after; None: it is not there, or nothing of it is known."""

    component: str
    before: float | None
    after: float | None
    unknown: int
    """Lines after the change whose price is not known."""


def changes(before: Estimate, after: Estimate) -> tuple[Change, ...]:
    """The difference between two estimates: a row per component that comes, goes, differs by a cent, or has other unknowns."""
    old, new = before.components(), after.components()
    rows = (
        (old.get(name), new.get(name), Change(name, _known(old.get(name)), _known(new.get(name)), _unknowns(new.get(name))))
        for name in sorted({*old, *new})
    )
    return tuple(
        row
        for was, becomes, row in rows
        if (was is None) != (becomes is None)
        or _unknowns(was) != row.unknown
        or abs((row.after or 0.0) - (row.before or 0.0)) >= 0.01
    )


def _known(of: Estimate | None) -> float | None:
    return of.monthly if of and any(line.monthly is not None for line in of.lines) else None


def _unknowns(of: Estimate | None) -> int:
    return len(of.unknown) if of else 0
