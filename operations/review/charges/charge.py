"""One thing that a resource is charged for, and the small functions of which the tables of this folder are made."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from operations.review.charges.usage import assumed
from policies.resource import Resource, Stack, edges
from policies.values import ABSENT, UNKNOWN

HOURS = 730.0
"""Hours of a month, as both clouds' calculators count."""
DAYS = 30.4
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


@dataclass(frozen=True)
class Charge:
    """*quantity* of what *sku* names, a month. None: the preview cannot know it."""

    what: str
    sku: str
    quantity: float | None
    most: float | None = None
    """Where something scales: the quantity at its limit. Otherwise None, which stands for *quantity*."""
    assumption: str = ""
    """The use that was assumed, for what is charged by use."""


@dataclass(frozen=True)
class Site:
    """What a charge may depend on beside its resource."""

    stack: Stack
    usage: Mapping[str, float] = field(default_factory=dict)
    """Use that the caller knows better than :mod:`operations.review.charges.usage`."""

    def use(self, key: str) -> tuple[float, str]:
        """How much of *key* is used a month, and the sentence that says so."""
        return assumed(key, self.stack.tier, self.usage)

    def linked(self, resource: Resource, *tokens: str) -> tuple[Resource, ...]:
        """Resources of these types that *resource* refers to; where nothing is known of that, those of its component."""
        named = [self.stack.get(urn) for urn in dict.fromkeys(edges(resource))]
        found = tuple(other for other in named if other is not None and other.type in tokens)
        return found or self.beside(resource, *tokens)

    def users(self, resource: Resource, token: str) -> tuple[Resource, ...]:
        """Resources of this type that refer to *resource*; where nothing is known of that, those of its component."""
        found = tuple(other for other in self.stack.referrers(resource.urn) if other.type == token)
        return found or self.beside(resource, token)

    def beside(self, resource: Resource, *tokens: str) -> tuple[Resource, ...]:
        """The other resources of these types in its component."""
        return tuple(
            other for token in tokens for other in self._places.get((resource.component, token), ()) if other.urn != resource.urn
        )

    @cached_property
    def _places(self) -> Mapping[tuple[str, str], list[Resource]]:
        """A thousand databases are looked at once, not a thousand times."""
        places: dict[tuple[str, str], list[Resource]] = {}
        for resource in self.stack.resources:
            places.setdefault((resource.component, resource.type), []).append(resource)
        return places


Charges = Callable[[Resource, Site], Iterable[Charge]]


def flat(what: str, sku: str, quantity: float = 1.0) -> Charges:
    """So much of it for each resource, whatever its settings."""
    return lambda resource, site: (Charge(what, sku, quantity),)


def used(what: str, sku: str, key: str) -> Charges:
    """As much of it as is assumed to be used."""
    return lambda resource, site: (by_use(site, what, sku, key),)


def by_use(site: Site, what: str, sku: str, key: str, times: float = 1.0) -> Charge:
    """A charge for what is used of *key*."""
    quantity, sentence = site.use(key)
    return Charge(what, sku, quantity * times, assumption=sentence)


def together(*parts: Charges) -> Charges:
    """All of them."""

    def charges(resource: Resource, site: Site) -> Iterator[Charge]:
        for part in parts:
            yield from part(resource, site)

    return charges


def number(resource: Resource, path: str, default: float | None = None) -> float | None:
    """The number at *path*, also one in a text; *default* where there is none, None where it is not known yet."""
    value = resource.fact(path)
    if value is ABSENT:
        return default
    if value is UNKNOWN or isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def text(resource: Resource, path: str, default: str = "") -> str | None:
    """The text at *path*; *default* where there is none, None where it is not known yet."""
    value = resource.fact(path)
    return default if value is ABSENT else None if value is UNKNOWN else str(value)


def count(resource: Resource, path: str) -> float | None:
    """How many elements the list at *path* has; None where it is not known yet."""
    value = resource.fact(path)
    return 0.0 if value is ABSENT else float(len(value)) if isinstance(value, list | tuple) else None


def times(*factors: float | None) -> float | None:
    """The product; not known as soon as one factor is not known."""
    product = 1.0
    for factor in factors:
        if factor is None:
            return None
        product *= factor
    return product


def runs_of_cron(expression: str) -> float | None:
    """How often a month a cron expression of five fields, or of AWS's six, comes up; None where it cannot be told."""
    fields = expression.removeprefix("cron(").removesuffix(")").split()
    if len(fields) not in (5, 6):
        return None
    minute, hour, day, month, weekday = fields[:5]
    if month not in ("*", "?"):
        return None
    per_day = _of_range(minute, 60) * _of_range(hour, 24)
    if weekday not in ("*", "?"):
        for number_of_day, name in enumerate(WEEKDAYS):
            weekday = weekday.upper().replace(name, str(number_of_day))
        return per_day * _of_range(weekday, 7) * DAYS / 7
    return per_day * (_of_range(day, DAYS) if day not in ("*", "?") else DAYS)


def _of_range(entry: str, size: float) -> float:
    """How many values of *size* possible ones an entry such as ``*``, ``*/15``, ``1-5`` or ``0,30`` stands for."""
    if entry in ("*", "?"):
        return size
    if "/" in entry:
        return max(1.0, size // float(entry.partition("/")[2]))
    first, dash, last = entry.partition("-")
    if dash and first.isdigit() and last.isdigit():
        return float(last) - float(first) + 1
    return float(entry.count(",") + 1)
