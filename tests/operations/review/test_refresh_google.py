"""Refreshing from Google's billing catalogue: pages of the recorded shape, cut ones, wrong ones; and its key."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from operations.errors import Refused
from operations.review.prices.google_catalogue import METERS
from operations.review.prices.refresh import refresh
from operations.review.prices.table import load, read, write
from tests.operations.review.price_server import Answer, path_of, serving

KEY = "AIza-not-a-real-key"
REGION = "asia-northeast1"
DESCRIPTIONS = {
    "redis-{}/{}-gib-hour": "Redis Capacity Standard M1 Tokyo",
    "storage/{}-gib-month": "Standard Storage Tokyo",
    "run/vcpu-hour": "Services CPU (Instance-based billing) in asia-northeast1",
    "run/gib-hour": "Services Memory (Instance-based billing) in asia-northeast1",
    "run-request/vcpu-hour": "Services CPU (Request-based billing)",
    "run-request/gib-hour": "Services Memory (Request-based billing)",
    "run-waiting/vcpu-hour": "Services Min Instance CPU (Request-based billing)",
    "run-waiting/gib-hour": "Services Min Instance Memory (Request-based billing)",
    "cloudsql-enterprise/vcpu-hour": "Cloud SQL for PostgreSQL: Zonal - vCPU in Japan",
    "cloudsql-enterprise/gib-hour": "Cloud SQL for PostgreSQL: Zonal - RAM in Japan",
}
"""Descriptions as the catalogue has them (recorded for Mumbai, London and Iowa), where the rule is a pattern."""
SERVICES = {name: f"services/{place:04X}-0000-0000" for place, name in enumerate(sorted({meter.service for meter in METERS}))}


def sku(description: str, unit: str, dollars: float, **changes: Any) -> dict[str, Any]:
    """An item of ``services.skus.list`` in the recorded shape."""
    item = {
        "name": "services/6F81-5844-456A/skus/02EE-77CE-ACCD",
        "skuId": "02EE-77CE-ACCD",
        "description": description,
        "category": {"serviceDisplayName": "?", "resourceFamily": "?", "resourceGroup": "?", "usageType": "OnDemand"},
        "serviceRegions": [REGION, "asia-northeast2"],
        "pricingInfo": [
            {
                "summary": "",
                "pricingExpression": {
                    "usageUnit": unit,
                    "displayQuantity": 1,
                    "tieredRates": [{"startUsageAmount": 0, "unitPrice": money(dollars)}],
                },
                "currencyConversionRate": 1,
                "effectiveTime": "2026-10-09T10:50:40.206Z",
            }
        ],
        "serviceProviderName": "Google",
    }
    return {**item, **changes}


def money(dollars: float) -> dict[str, Any]:
    return {"currencyCode": "USD", "units": str(int(dollars)), "nanos": round((dollars - int(dollars)) * 1e9)}


def descriptions(meter_sku: str, pattern: str) -> str:
    return DESCRIPTIONS.get(meter_sku) or pattern.replace(r"(?:Enterprise )?", "").replace(" .+", " Japan")


def catalogue() -> dict[str, list[dict[str, Any]]]:
    """SKUs by service: one for every meter, at 2.5 dollars in our unit, and some that must not be taken."""
    found: dict[str, list[dict[str, Any]]] = {}
    for meter in METERS:
        found.setdefault(meter.service, []).append(
            sku(descriptions(meter.sku, meter.description), meter.usage_unit, 2.5 / meter.times)
        )
    found["Cloud SQL"] += [
        sku("Cloud SQL for PostgreSQL: Zonal - vCPU in Americas", "h", 0.0413, serviceRegions=["us-central1"]),
        sku("Cloud SQL for PostgreSQL: Regional - vCPU in Japan", "h", 0.1074),
        sku("Cloud SQL for PostgreSQL: Zonal - vCPU in Japan", "h", 0.03, category={"usageType": "Commit1Yr"}),
        sku("Cloud SQL for MySQL: Zonal - vCPU in Japan", "h", 0.5),
    ]
    return found


def pages(found: dict[str, list[dict[str, Any]]], size: int = 3) -> Callable[[str], Answer]:
    """The API: services, and SKUs in pages of *size*."""

    def answer(asked: str) -> Answer:
        query = parse_qs(urlsplit(asked).query)
        start = int(query.get("pageToken", ["0"])[0])
        if path_of(asked) == "/v1/services":
            items: list[Any] = [{"name": name, "displayName": service} for service, name in SERVICES.items()]
            what = "services"
        else:
            service = next(service for service, name in SERVICES.items() if path_of(asked) == f"/v1/{name}/skus")
            items, what = found[service], "skus"
        token = str(start + size) if start + size < len(items) else ""
        return Answer(json.dumps({what: items[start : start + size], "nextPageToken": token}))

    return answer


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GOOGLE_BILLING_API_KEY", KEY)
    file = tmp_path / "gcp.json"
    write(file, load("gcp"))
    return file


def test_a_refresh_takes_every_row_and_nothing_else(table: Path) -> None:
    with serving(pages(catalogue())) as server:
        done = refresh("gcp", url=server.url, file=table)
    after = read(table)
    assert (done.missing, done.unclear) == ((), ())
    for meter in METERS:
        name = {"redis-{}/{}-gib-hour": "redis-standard/m1-gib-hour", "storage/{}-gib-month": "storage/standard-gib-month"}.get(
            meter.sku
        )
        price = after.rows[name or meter.sku]
        assert price.amount == pytest.approx(2.5, rel=1e-3), meter.sku
        assert (price.unit, price.source.date.isoformat(), price.sure) == (meter.unit, "2026-10-09", True)
    assert after.rows["dns/zone-month"] == load("gcp").rows["dns/zone-month"]
    assert "dns/zone-month" in done.kept


def test_the_key_goes_into_a_header_and_into_no_address(table: Path) -> None:
    with serving(pages(catalogue())) as server:
        refresh("gcp", url=server.url, file=table)
    assert {headers.get("X-Goog-Api-Key") for headers in server.headers} == {KEY}
    assert not [asked for asked in server.asked if KEY in asked]
    assert KEY not in table.read_text()


def test_without_a_key_nothing_is_asked(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_BILLING_API_KEY")
    with serving(pages(catalogue())) as server, pytest.raises(Refused, match="set it as GOOGLE_BILLING_API_KEY"):
        refresh("gcp", url=server.url, file=table)
    assert server.asked == []


def test_a_free_tier_is_not_the_price(table: Path) -> None:
    found = catalogue()
    rates = [{"startUsageAmount": 0, "unitPrice": money(0)}, {"startUsageAmount": 50, "unitPrice": money(0.5)}]
    rates.append({"startUsageAmount": 5000, "unitPrice": money(0.25)})
    (item,) = [each for each in found["Cloud Logging"] if each["description"] == "Log Storage cost"]
    item["pricingInfo"][0]["pricingExpression"]["tieredRates"] = rates
    with serving(pages(found)) as server:
        refresh("gcp", url=server.url, file=table)
    assert read(table).rows["logs/ingest-gib"].amount == 0.5


def test_a_row_that_the_catalogue_lost_keeps_its_price_and_is_told(table: Path) -> None:
    found = catalogue()
    found["Secret Manager"] = []
    with serving(pages(found)) as server:
        done = refresh("gcp", url=server.url, file=table)
    assert done.missing == ("secrets/version-month",)
    assert read(table).rows["secrets/version-month"] == load("gcp").rows["secrets/version-month"]


def test_a_price_in_another_unit_changes_nothing_and_is_told(table: Path) -> None:
    found = catalogue()
    (item,) = found["Secret Manager"]
    item["pricingInfo"][0]["pricingExpression"]["usageUnit"] = "d"
    with serving(pages(found)) as server:
        done = refresh("gcp", url=server.url, file=table)
    assert done.unclear == (("secrets/version-month", "counted in 'd', not in 'mo'"),)
    assert read(table).rows["secrets/version-month"] == load("gcp").rows["secrets/version-month"]


def with_(change: Callable[[dict[str, Any]], None]) -> Callable[[str], Answer]:
    found = catalogue()
    change(found["Cloud SQL"][0])
    return pages(found)


def drop(key: str) -> Callable[[dict[str, Any]], None]:
    return lambda item: item.pop(key)


def in_yen(item: dict[str, Any]) -> None:
    item["pricingInfo"][0]["pricingExpression"]["tieredRates"][0]["unitPrice"]["currencyCode"] = "JPY"


def always(answer: Answer) -> Callable[[str], Answer]:
    return lambda asked: answer


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (always(Answer('{"services": [', announced=9000)), "was cut after 14 of 9000 bytes"),
        (always(Answer('{"services": [')), "did not answer in JSON"),
        (always(Answer("<html></html>")), "did not answer in JSON"),
        (always(Answer('{"services": {}}')), "has no list of services"),
        (always(Answer("[]")), "has no list of services"),
        (always(Answer("{}")), "nothing of ours for the region 'asia-northeast1'"),
        (always(Answer('{"services": [], "nextPageToken": "again"}')), "gives the same page again and again"),
        (always(Answer('{"error": {"code": 403}}', status=403)), "answered 403 Forbidden. Give a valid key"),
        (always(Answer("busy", status=503)), "answered 503 Service Unavailable"),
        (with_(drop("pricingInfo")), "without what a price needs (KeyError('pricingInfo'))"),
        (with_(drop("category")), "without what a price needs (KeyError('category'))"),
        (with_(in_yen), "a price in JPY"),
    ],
)
def test_a_bad_answer_is_one_sentence_and_the_table_stays(answer: Callable[[str], Answer], said: str, table: Path) -> None:
    before = table.read_bytes()
    with serving(answer) as server, pytest.raises(Refused) as refusal:
        refresh("gcp", url=server.url, file=table)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert KEY not in str(refusal.value)
    assert table.read_bytes() == before
