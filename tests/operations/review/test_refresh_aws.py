"""Refreshing from the AWS price list: files of the recorded shape, cut ones, wrong ones, huge ones."""

from __future__ import annotations

import csv
import io
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from operations.errors import Refused
from operations.review.prices.aws_offers import OFFERS, Offer, wanted
from operations.review.prices.refresh import refresh
from operations.review.prices.table import load, read, write
from tests.operations.review.price_server import Answer, Server, path_of, serving

REGION = "ap-northeast-1"
PREAMBLE = (
    '"FormatVersion","v1.0"\n'
    '"Disclaimer","This pricing list is for informational purposes only. All prices are subject to the additional terms ..."\n'
    '"Publication Date","2026-10-07T17:07:46Z"\n"Version","20261007170746"\n"OfferCode","{service}"\n'
)
HEADER = (
    "SKU OfferTermCode RateCode TermType PriceDescription EffectiveDate StartingRange EndingRange Unit PricePerUnit Currency "
    "RelatedTo LeaseContractLength PurchaseOption OfferingClass Product_Family serviceCode Location Location_Type "
    "Instance_Type Current_Generation vCPU Memory Storage Engine_Code Database_Engine Cache_Engine License_Model "
    "Deployment_Option Group usageType operation Region_Code serviceName"
)
"""The columns of AmazonRDS's file as recorded (2026-04-28), and the one that AmazonElastiCache has beside them."""
COLUMNS = [name.replace("_", " ") for name in HEADER.split(" ")]
UNITS = {"hour": "Hrs", "GiB-month": "GB-Mo", "GiB": "GB", "month": "Keys", "use": "Requests"}
SPELLED = {"databaseengine": "Database Engine", "deploymentoption": "Deployment Option", "cacheengine": "Cache Engine"}


def row(usage: str, price: str, **columns: str) -> list[str]:
    """A row as AWS writes it. Keywords name columns with ``_`` for blanks."""
    given = {
        "SKU": "JRTCKXETXF", "TermType": "OnDemand", "StartingRange": "0", "EndingRange": "Inf", "Unit": "Hrs", "Currency": "USD",
        "Location": "Asia Pacific (Tokyo)", "Region Code": REGION, "usageType": usage, "PricePerUnit": price,
        **{name.replace("_", " "): value for name, value in columns.items()},
    }  # fmt: skip
    return [given.get(name, "") for name in COLUMNS]


def of(offer: Offer, price: float, prefix: str = "APN1-") -> list[str]:
    """The row that AWS would have for *offer*, at *price* in our unit."""
    kind = {"InstanceUsage:": "db.r6g.large", "NodeUsage:": "cache.t4g.small"}.get(offer.usage, "db.r6g.large")
    kind = kind if "{}" in offer.sku else ""
    where = {SPELLED.get(column, column): value for column, value in offer.where.items()}
    usage = f"{offer.usage}{kind}" if kind else offer.usage
    return row(f"{prefix}{usage}", f"{price / offer.times:.10f}", Unit=UNITS[offer.dimension], Instance_Type=kind, **where)


def text(service: str, rows: list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([COLUMNS, *rows])
    return PREAMBLE.format(service=service) + out.getvalue()


def service_of(asked: str) -> str:
    return path_of(asked).split("/")[4]


def files(price: Callable[[Offer], float] = lambda offer: 2.5) -> dict[str, list[list[str]]]:
    """A file for each service, with a row for each offer and some that must not be taken."""
    found: dict[str, list[list[str]]] = {}
    for offer in OFFERS:
        found.setdefault(offer.service, []).append(of(offer, price(offer)))
    usage, large = "APN1-InstanceUsage:db.r6g.large", {"Instance_Type": "db.r6g.large"}
    ours = {**large, "Database_Engine": "Aurora PostgreSQL"}
    found["AmazonRDS"] += [
        row(usage, "0.6", **large, Database_Engine="Aurora MySQL"),
        row("APN1-ExtendedSupport-InstanceUsage:db.r6g.large", "9", **ours),
        row(usage, "0.1", TermType="Reserved", **ours),
    ]
    found["AmazonElastiCache"] += [
        row("APN1-SyncDurability-NodeUsage:cache.t4g.small", "0.0379", Instance_Type="cache.t4g.small", Cache_Engine="Valkey"),
    ]
    found["AWSELB"] += [row("APN1-TS-LoadBalancerUsage", "0.006", operation="LoadBalancing:Application")]
    found["AmazonS3"] += [row("APN1-TimedStorage-ByteHrs", "0.023", Unit="GB-Mo", StartingRange="512000")]
    found["AWSLambda"] += [row("APN1-Lambda-GB-Second", "0", Unit="Second", StartingRange="0")]
    return found


@pytest.fixture
def table(tmp_path: Path) -> Path:
    file = tmp_path / "aws.json"
    write(file, load("aws"))
    return file


def answering(services: dict[str, list[list[str]]]) -> Callable[[str], Answer]:
    return lambda asked: Answer(text(service_of(asked), services[service_of(asked)]))


def test_a_refresh_takes_every_row_and_nothing_else(table: Path) -> None:
    with serving(answering(files())) as server:
        done = refresh("aws", url=f"{server.url}/", file=table)
    after = read(table)
    assert (done.missing, done.unclear) == ((), ())
    for offer in OFFERS:
        sku = offer.sku.replace("{}", "cache.t4g.small" if offer.usage == "NodeUsage:" else "db.r6g.large")
        price = after.rows[sku]
        assert price.amount == pytest.approx(2.5, rel=1e-6), sku
        assert price.unit == (offer.unit or offer.dimension)
        assert price.source.date.isoformat() == "2026-10-07"
        assert price.sure
        assert f"/offers/v1.0/aws/{offer.service}/current/{REGION}/index.csv" in price.source.text
    assert after.rows["cloudwatch/dashboard-month"] == load("aws").rows["cloudwatch/dashboard-month"], "in no list: as it was"
    assert "cloudwatch/dashboard-month" in done.kept
    assert "rds-postgres/db.r6g.large" in done.added
    assert len(server.asked) == len({offer.service for offer in OFFERS}), "each file once"


def test_another_region_has_another_prefix_and_another_file(tmp_path: Path) -> None:
    rows = {service: [[cell.replace("APN1-", "") for cell in each] for each in found] for service, found in files().items()}
    file = tmp_path / "aws.us-east-1.json"
    with serving(answering(rows)) as server:
        done = refresh("aws", "us-east-1", server.url, file=file)
    assert read(file).region == "us-east-1"
    assert done.missing == ()
    assert all("/us-east-1/index.csv" in asked for asked in server.asked)


def test_keys_are_named_by_their_region(table: Path) -> None:
    services = files()
    services["awskms"] = [row("ap-northeast-1-KMS-Keys", "1.25", Unit="Keys")]
    with serving(answering(services)) as server:
        refresh("aws", url=server.url, file=table)
    assert read(table).rows["kms/key-month"].amount == 1.25


def test_a_row_that_the_list_lost_keeps_its_price_and_is_told(table: Path) -> None:
    services = files()
    services["AmazonEC2"] = [
        each for each in services["AmazonEC2"] if not any(cell.endswith("NatGateway-Hours") for cell in each)
    ]
    with serving(answering(services)) as server:
        done = refresh("aws", url=server.url, file=table)
    assert done.missing == ("nat/hour",)
    assert read(table).rows["nat/hour"] == load("aws").rows["nat/hour"]
    assert read(table).rows["nat/gib"].amount == pytest.approx(2.5)


def test_two_prices_for_one_row_change_nothing_and_are_told(table: Path) -> None:
    services = files()
    services["AmazonEC2"] += [row("APN1-NatGateway-Hours", "0.07")]
    with serving(answering(services)) as server:
        done = refresh("aws", url=server.url, file=table)
    assert done.unclear == (("nat/hour", "two prices"),)
    assert read(table).rows["nat/hour"] == load("aws").rows["nat/hour"]


def test_a_price_in_another_unit_changes_nothing_and_is_told(table: Path) -> None:
    services = files()
    services["AWSSecretsManager"] = [row("APN1-AWSSecretsManager-Secrets", "0.013", Unit="Days")]
    with serving(answering(services)) as server:
        done = refresh("aws", url=server.url, file=table)
    assert done.unclear == (("secrets/secret-month", "counted in 'Days', not by month"),)
    assert read(table).rows["secrets/secret-month"] == load("aws").rows["secrets/secret-month"]


def in_service(service: str, answer: Answer) -> Callable[[str], Answer]:
    whole = answering(files())
    return lambda asked: answer if service_of(asked) == service else whole(asked)


WHOLE = text("AmazonRDS", files()["AmazonRDS"])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Answer(WHOLE[:3000], announced=len(WHOLE)), "was cut after 3000 of"),
        (Answer(pieces=lambda: iter([WHOLE[:-200].encode()])), "was cut in row"),
        (Answer("<html>Service unavailable</html>"), "is no offer file of the AWS price list"),
        (Answer(""), "is no offer file of the AWS price list"),
        (Answer('{"formatVersion": "v1.0", "products": {}}'), "is no offer file of the AWS price list"),
        (Answer(WHOLE.replace("2026-10-07T17:07:46Z", "soon")), "does not say when it was published ('soon')"),
        (Answer("no", status=403), "answered 403 Forbidden"),
        (Answer("gone", status=404), "answered 404 Not Found"),
        (Answer(WHOLE.replace("2.5000000000", "dear")), "has 'dear' for the price of"),
    ],
)
def test_a_bad_answer_is_one_sentence_and_the_table_stays(answer: Answer, said: str, table: Path) -> None:
    before = table.read_bytes()
    with serving(in_service("AmazonRDS", answer)) as server, pytest.raises(Refused) as refusal:
        refresh("aws", url=server.url, file=table)
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert table.read_bytes() == before
    assert list(table.parent.iterdir()) == [table]


def test_a_list_without_anything_of_ours_is_refused(table: Path) -> None:
    def nothing(asked: str) -> Answer:
        return Answer(text(service_of(asked), [row("APN1-Else", "1")]))

    with serving(nothing) as server, pytest.raises(Refused, match="nothing of ours for the region 'ap-northeast-1'"):
        refresh("aws", url=server.url, file=table)


@pytest.mark.parametrize(("url", "said"), [("file:///etc", "is no address"), ("http://127.0.0.1:9", "cannot be reached")])
def test_no_server(url: str, said: str, table: Path) -> None:
    with pytest.raises(Refused, match=said):
        refresh("aws", url=url, file=table)


def test_a_large_file_is_read_in_constant_memory(table: Path) -> None:
    """AmazonEC2's file has hundreds of megabytes; here 20 are enough to tell a stream from a list."""
    services = files()
    other = ",".join(f'"{cell}"' for cell in row("APN1-BoxUsage:m5.large", "0.124", PriceDescription="x" * 500)) + "\n"
    block, whole = (other * 500).encode(), answering(services)
    blocks = 0

    def pieces() -> Iterator[bytes]:
        yield text("AmazonEC2", services["AmazonEC2"]).encode()
        yield from (block for _ in range(blocks))

    def answer(asked: str) -> Answer:
        return Answer(pieces=pieces) if service_of(asked) == "AmazonEC2" else whole(asked)

    with serving(answer) as server:
        refresh("aws", url=server.url, file=table)  # what it imports and keeps is there now
        blocks = int(20e6 // len(block))
        tracemalloc.start()
        try:
            refresh("aws", url=server.url, file=table)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 4e6, f"{peak / 1e6:.1f} MB for a file of 20 MB"


def test_the_rules_are_told_apart() -> None:
    assert len({offer.sku for offer in OFFERS}) == len(OFFERS)
    assert set(wanted()) <= {offer.sku for offer in OFFERS}


def test_the_server_hears_no_more_than_it_must(table: Path) -> None:
    heard: list[Server] = []
    with serving(answering(files())) as server:
        heard.append(server)
        refresh("aws", url=server.url, file=table)
    assert {header["User-Agent"] for header in heard[0].headers} == {"managed-postgres prices"}
