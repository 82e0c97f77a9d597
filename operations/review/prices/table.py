"""A price table: a file of this folder, read once, checked, and written whole or not at all."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Any

from operations.errors import Refused

FOLDER = Path(__file__).parent
DEFAULT_REGIONS = {"aws": "ap-northeast-1", "gcp": "asia-northeast1"}
"""The regions of `aws.json` and `gcp.json`. Other regions lie beside them, as `aws.us-east-1.json`."""
BASES = ("list", "derived", "unchecked", "guide")
"""How a price is known, best first: from the region's price list; from another published price by a rule that the source states;
from memory of a price page, not looked up; from one of the guides."""


@dataclass(frozen=True)
class Source:
    """Where prices come from, and as of when."""

    text: str
    date: date
    basis: str


@dataclass(frozen=True)
class Price:
    """US dollars for one *unit*, without tax, discounts and free tiers."""

    amount: float
    unit: str
    source: Source

    @property
    def sure(self) -> bool:
        """It stands in the region's own price list."""
        return self.source.basis == "list"


@dataclass(frozen=True)
class Prices:
    """All prices of one cloud in one region. A price that is not there is unknown, never 0."""

    provider: str
    region: str
    rows: Mapping[str, Price] = field(default_factory=dict)
    name: str = ""
    """How messages call it: its file, or what was done to it."""

    def get(self, sku: str) -> Price | None:
        return self.rows.get(sku)

    def over(self, others: Prices) -> Prices:
        """These prices, and where they have none those of *others*."""
        return replace(others, rows={**others.rows, **self.rows}, name=f"{self.name} over {others.name}")

    @property
    def dates(self) -> tuple[date, date] | None:
        """The oldest and the newest source; None for an empty table."""
        days = sorted(price.source.date for price in self.rows.values())
        return (days[0], days[-1]) if days else None


@cache
def load(provider: str, region: str = "", *, book: str = "") -> Prices:
    """The table of *provider* for *region* (default: that of :data:`DEFAULT_REGIONS`), empty where there is none.

    *book* names a file of prices that win over it, such as ``guides``. Raises Refused for a broken file.
    """
    region = region or DEFAULT_REGIONS[provider]
    file = path_of(provider, region)
    table = read(file) if file.exists() else Prices(provider, region, name=f"no table ({file.name} is not there)")
    if not book:
        return table
    above = read(FOLDER / f"{book}.json")
    return above.over(table) if (above.provider, above.region) == (provider, region) else table


def path_of(provider: str, region: str) -> Path:
    """The file of that table, existing or not."""
    return FOLDER / (f"{provider}.json" if region == DEFAULT_REGIONS[provider] else f"{provider}.{region}.json")


def read(file: Path) -> Prices:
    """The table in *file*. Raises Refused, in one sentence, when it is not there or cannot be understood."""
    try:
        content = json.loads(file.read_text())
        sources = {name: _source(item) for name, item in content["sources"].items()}
        rows = dict(_rows(content["prices"], sources))
        return Prices(content["provider"], content["region"], rows, file.name)
    except OSError as error:
        raise Refused(f"The price table {file.name} cannot be read: {error.strerror}.") from None
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise Refused(
            f"The price table {file.name} is broken: {what}. Take it from git again, or run "
            "`python -m operations prices refresh`."
        ) from None


def write(file: Path, table: Prices) -> None:
    """Put *table* into *file*: sorted, a row per line, complete or not at all."""
    sources: dict[Source, str] = {}
    for price in sorted(table.rows.values(), key=lambda price: (price.source.date, price.source.text)):
        sources.setdefault(price.source, f"s{len(sources) + 1}")
    described = {
        name: {"text": source.text, "date": source.date.isoformat(), "basis": source.basis} for source, name in sources.items()
    }
    rows = {
        sku: {
            "usd": int(price.amount) if price.amount.is_integer() else price.amount,
            "unit": price.unit,
            "source": sources[price.source],
        }
        for sku, price in sorted(table.rows.items())
    }
    head = {"provider": table.provider, "region": table.region, "currency": "USD"}
    parts = [f'"{key}": {json.dumps(value)}' for key, value in head.items()]
    parts += [f'"{key}": {_lines(value)}' for key, value in (("sources", described), ("prices", rows))]
    text = "{\n  " + ",\n  ".join(parts) + "\n}\n"
    with NamedTemporaryFile("w", dir=file.parent, prefix=f".{file.name}.", delete=False) as draft:
        try:
            draft.write(text)
            draft.flush()
            os.fsync(draft.fileno())
            Path(draft.name).chmod(0o644)
            Path(draft.name).replace(file)
        except BaseException:
            Path(draft.name).unlink(missing_ok=True)
            raise


def _lines(items: Mapping[str, Any]) -> str:
    return "{\n    " + ",\n    ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in items.items()) + "\n  }"


def _source(item: Mapping[str, Any]) -> Source:
    if item["basis"] not in BASES:
        raise ValueError(f"basis is '{item['basis']}', not one of {', '.join(BASES)}")
    return Source(str(item["text"]), date.fromisoformat(item["date"]), item["basis"])


def _rows(items: Mapping[str, Any], sources: Mapping[str, Source]) -> Iterator[tuple[str, Price]]:
    for sku, item in items.items():
        amount = item["usd"]
        if isinstance(amount, bool) or not isinstance(amount, int | float) or not 0 < amount < 1e6:
            raise ValueError(f"{sku} costs '{amount}'; an unknown price is left out, and a free thing has no row")
        if item["source"] not in sources:
            raise ValueError(f"{sku} names the source '{item['source']}', which is not among the sources")
        yield sku, Price(float(amount), str(item["unit"]), sources[item["source"]])
