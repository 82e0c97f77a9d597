"""Bringing a price table up to date: everything is read and checked before the file is written."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from operations.errors import Refused
from operations.review.prices import aws_offers, google_catalogue
from operations.review.prices.found import Found, Refreshed, apply
from operations.review.prices.table import DEFAULT_REGIONS, Prices, load, path_of, read, write


def refresh(
    provider: str,
    region: str = "",
    url: str = "",
    *,
    tell: Callable[[str], None] = lambda sentence: None,
    file: Path | None = None,
) -> Refreshed:
    """Write the table of *provider* and *region* (default: Tokyo) anew, from the list at *url* (default: the cloud's own).

    *file*: another place for the table. Rows that the list lacks keep their old price.

    Raises:
        Refused: the list cannot be had or read, or has nothing of ours; the file is as it was.
    """
    region = region or DEFAULT_REGIONS[provider]
    file = file or path_of(provider, region)
    table = read(file) if file.exists() else Prices(provider, region, name=file.name)
    found, wanted = _found(provider, region, url.rstrip("/"), tell)
    if not found.prices:
        raise Refused(
            f"The price list has nothing of ours for the region '{region}'; is it written right? {file.name} is as it was."
        )
    done = apply(table, found, wanted)
    write(file, done.table)
    load.cache_clear()
    return replace(done, table=replace(done.table, name=file.name))


def _found(provider: str, region: str, url: str, tell: Callable[[str], None]) -> tuple[Found, Iterator[str]]:
    if provider == "aws":
        return aws_offers.find(region, url, tell), aws_offers.wanted()
    key = os.environ.get("GOOGLE_BILLING_API_KEY", "")
    return google_catalogue.find(region, url, key, tell), google_catalogue.wanted()
