"""Google's billing catalogue: pages of JSON, a service after another, with a key of the Cloud Billing API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import urlencode

from operations.errors import Refused
from operations.review.prices.answers import AGAIN, answer
from operations.review.prices.found import Found
from operations.review.prices.table import Price, Source

URL = "https://cloudbilling.googleapis.com"
PAGE = 5000
"""The most that a page may hold (Cloud Billing API, services.skus.list): a page at a time is in memory."""
MOST_BYTES = 256 * 1024**2


@dataclass(frozen=True)
class Meter:
    """Which of the catalogue's SKUs is the price of a row of our table."""

    service: str
    """Display name of the service."""
    sku: str
    """Our row; ``{}`` take the groups of *description*, in small letters with dashes."""
    description: str
    """A regular expression for the whole description."""
    usage_unit: str
    """Google's unit: ``h``, ``s``, ``mo``, ``count``, ``GiBy``, ``GiBy.h``, ``GiBy.s``, ``GiBy.mo``."""
    unit: str
    """Our unit."""
    times: float = 1.0
    """How many of Google's units our unit is."""


SQL, POSTGRES = "Cloud SQL", "Cloud SQL for PostgreSQL: Zonal - "
RUN, NET = "Cloud Run", "Networking"

METERS = (
    Meter(SQL, "cloudsql-enterprise/vcpu-hour", POSTGRES + r"(?:Enterprise )?vCPU in .+", "h", "vCPU-hour"),
    Meter(SQL, "cloudsql-enterprise/gib-hour", POSTGRES + r"(?:Enterprise )?RAM in .+", "GiBy.h", "GiB-hour"),
    Meter(SQL, "cloudsql-enterprise-plus/vcpu-hour", POSTGRES + r"Enterprise Plus N vCPU in .+", "h", "vCPU-hour"),
    Meter(SQL, "cloudsql-enterprise-plus/gib-hour", POSTGRES + r"Enterprise Plus N RAM in .+", "GiBy.h", "GiB-hour"),
    Meter(SQL, "cloudsql/db-f1-micro-hour", POSTGRES + r"Micro instance in .+", "h", "hour"),
    Meter(SQL, "cloudsql/db-g1-small-hour", POSTGRES + r"Small instance in .+", "h", "hour"),
    Meter(SQL, "cloudsql/pd-ssd-gib-month", POSTGRES + r"Standard storage in .+", "GiBy.mo", "GiB-month"),
    Meter(SQL, "cloudsql/backup-gib-month", r"Cloud SQL: Backups in .+", "GiBy.mo", "GiB-month"),
    Meter(
        "Cloud Memorystore for Redis", "redis-{}/{}-gib-hour", r"Redis Capacity (Basic|Standard) (M\d) .+", "GiBy.h", "GiB-hour"
    ),
    Meter(RUN, "run/vcpu-hour", r"Services CPU \(Instance-based billing\).*", "s", "vCPU-hour", 3600),
    Meter(RUN, "run/gib-hour", r"Services Memory \(Instance-based billing\).*", "GiBy.s", "GiB-hour", 3600),
    Meter(RUN, "run-request/vcpu-hour", r"Services CPU(?: Tier 2)? \(Request-based billing\).*", "s", "vCPU-hour", 3600),
    Meter(RUN, "run-request/gib-hour", r"Services Memory(?: Tier 2)? \(Request-based billing\).*", "GiBy.s", "GiB-hour", 3600),
    Meter(RUN, "run-waiting/vcpu-hour", r"Services Min Instance CPU.*", "s", "vCPU-hour", 3600),
    Meter(RUN, "run-waiting/gib-hour", r"Services Min Instance Memory.*", "GiBy.s", "GiB-hour", 3600),
    Meter(NET, "nat/machine-hour", r"Networking Cloud Nat Gateway Uptime", "h", "hour"),
    Meter(NET, "nat/gib", r"Networking Cloud Nat Data Processing", "GiBy", "GiB"),
    Meter(NET, "ipv4/hour", r"Networking Cloud NAT IP Usage", "h", "hour"),
    Meter(NET, "lb/first-rules-hour", r"Cloud Load Balancer Forwarding Rule Minimum Global", "h", "hour"),
    Meter(NET, "lb/further-rule-hour", r"Cloud Load Balancer Forwarding Rule Additional Global", "h", "hour"),
    Meter(NET, "lb/gib", r"Global External Application Load Balancer Outbound Data Processing for .+", "GiBy", "GiB"),
    Meter(NET, "armor/policy-month", r"Networking Cloud Armor Policy", "mo", "month"),
    Meter(NET, "armor/rule-month", r"Networking Cloud Armor Rule", "mo", "month"),
    Meter(NET, "armor/million-requests", r"Networking Cloud Armor Requests", "count", "million requests", 1e6),
    Meter("Secret Manager", "secrets/version-month", r"Secret version replica storage", "mo", "month"),
    Meter("Cloud Logging", "logs/ingest-gib", r"Log Storage cost", "GiBy", "GiB"),
    Meter("Cloud Logging", "logs/storage-gib-month", r"Log Retention cost", "GiBy.mo", "GiB-month"),
    Meter("Artifact Registry", "artifacts/gib-month", r"Artifact Registry Storage", "GiBy.mo", "GiB-month"),
    Meter("Cloud Storage", "storage/{}-gib-month", r"(Standard|Nearline|Coldline|Archive) Storage \S+", "GiBy.mo", "GiB-month"),
)


def find(region: str, url: str = "", key: str = "", tell: Callable[[str], None] = lambda sentence: None) -> Found:
    """Every price of :data:`METERS` in *region*, by a *key* that goes into a header and never into a message.

    Raises:
        Refused: no key, or an answer that cannot be had, was cut or is none of the catalogue's.
    """
    if not key:
        raise Refused(
            "The billing catalogue asks for a key: make one for the Cloud Billing API, set it as GOOGLE_BILLING_API_KEY."
        )
    base, found = f"{url or URL}/v1", Found()
    names = {item.get("displayName"): item.get("name") for item in _items(f"{base}/services", "services", key)}
    for service in sorted({meter.service for meter in METERS}):
        if not names.get(service):
            tell(f"The catalogue of {base} has no service '{service}'")
            continue
        tell(f"Reading {base}/{names[service]}/skus ({service})")
        meters = [meter for meter in METERS if meter.service == service]
        for item in _items(f"{base}/{names[service]}/skus", "skus", key):
            _note(item, meters, region, f"{base}/{names[service]}/skus", found)
    return found


def wanted() -> Iterator[str]:
    """Rows that every region is expected to have."""
    return (meter.sku for meter in METERS if "{}" not in meter.sku)


def _items(address: str, what: str, key: str) -> Iterator[Any]:
    """All items of a paged list."""
    token, seen = "", set[str]()
    while True:
        page = _page(f"{address}?{urlencode({'pageSize': PAGE, **({'pageToken': token} if token else {})})}", key)
        items = page.get(what, []) if isinstance(page, dict) else None
        if not isinstance(items, list):
            raise Refused(f"{address} has no list of {what}: that is no answer of the billing catalogue. {AGAIN}")
        yield from (item for item in items if isinstance(item, dict))
        token = str(page.get("nextPageToken") or "")
        if not token:
            return
        if token in seen:
            raise Refused(f"{address} gives the same page again and again. {AGAIN}")
        seen.add(token)


def _page(address: str, key: str) -> Any:
    with answer(address, {"X-Goog-Api-Key": key}) as body:
        text = body.read(MOST_BYTES + 1)
    if len(text) > MOST_BYTES:
        raise Refused(f"A page of {address} is larger than {MOST_BYTES // 1024**2} MiB. {AGAIN}")
    try:
        return json.loads(text)
    except ValueError as error:
        raise Refused(f"{address} did not answer in JSON: {error}. {AGAIN}") from None


def _note(item: dict[str, Any], meters: list[Meter], region: str, address: str, found: Found) -> None:
    """Take the prices of one SKU of the catalogue, if it is one of ours, on demand and in the region."""
    description = str(item.get("description", ""))
    for meter in meters:
        match = re.fullmatch(meter.description, description)
        if match is None:
            continue
        try:
            if item["category"]["usageType"] != "OnDemand" or not {region, "global"} & set(item["serviceRegions"]):
                return
            info = item["pricingInfo"][-1]
            expression = info["pricingExpression"]
            day = date.fromisoformat(str(info.get("effectiveTime", ""))[:10])
            rates = [(float(rate.get("startUsageAmount", 0)), _dollars(rate["unitPrice"])) for rate in expression["tieredRates"]]
        except (KeyError, IndexError, TypeError, ValueError) as error:
            raise Refused(f"{address} describes '{description}' without what a price needs ({error!r}). {AGAIN}") from None
        sku = meter.sku.format(*(group.lower().replace(" ", "-") for group in match.groups()))
        if expression.get("usageUnit") != meter.usage_unit:
            found.unclear[sku] = f"counted in '{expression.get('usageUnit')}', not in '{meter.usage_unit}'"
            return
        source = Source(f"Google billing catalogue, {address}: {description}", day, "list")
        for start, dollars in rates:
            found.add(sku, Price(float(f"{dollars * meter.times:.9g}"), meter.unit, source), start)
        return


def _dollars(price: dict[str, Any]) -> float:
    if price.get("currencyCode") != "USD":
        raise ValueError(f"a price in {price.get('currencyCode')}")
    return int(price.get("units") or 0) + int(price.get("nanos") or 0) / 1e9
