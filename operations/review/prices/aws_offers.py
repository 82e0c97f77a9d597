"""The AWS price list: offer files in CSV, one a service and region, some of them hundreds of megabytes; read row by row."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import IO

from operations.errors import Refused
from operations.review.prices.answers import AGAIN, answer
from operations.review.prices.found import Found
from operations.review.prices.table import Price, Source

URL = "https://pricing.us-east-1.amazonaws.com"
"""Public, without an account (AWS Price List user guide, bulk API)."""

DIMENSIONS = {
    "hour": ("hrs", "hours", "hour", "lcu-hrs", "vcpu-hours", "vcpu-hour", "acu-hr", "gb-hours", "gb-hour"),
    "GiB-month": ("gb-mo", "gb-month", "gb-months"),
    "GiB": ("gb", "gigabytes"),
    "month": (
        "keys",
        "key",
        "secrets",
        "secret",
        "alarms",
        "metrics",
        "month",
        "months",
        "rules",
        "rule",
        "web acls",
        "acls",
        "web acl",
    ),
    "use": ("requests", "request", "ios", "lambda-gb-second", "second", "seconds", "gb-seconds"),
}
"""Spellings of AWS's units by what they measure: a price in another unit is another price."""


@dataclass(frozen=True)
class Offer:
    """Which rows of an offer file are the price of a row of our table."""

    service: str
    sku: str
    """Our row; ``{}`` stands for the instance type, and then the rule gives a row for each."""
    usage: str
    """AWS's usage type without the region's prefix; with ``{}`` in the sku what it begins with."""
    dimension: str
    unit: str = ""
    """Our unit, where it is not the dimension's name."""
    times: float = 1.0
    """How many of AWS's units our unit is."""
    where: Mapping[str, str] = field(default_factory=dict)
    """What other columns must say, by their name in small letters without spaces."""


def _database(engine: str, deployment: str = "Single-AZ") -> dict[str, str]:
    return {"databaseengine": engine, "deploymentoption": deployment}


AURORA = {"databaseengine": "Aurora PostgreSQL"}
ALB = {"operation": "LoadBalancing:Application"}

OFFERS = (
    Offer("AmazonRDS", "aurora/{}", "InstanceUsage:", "hour", where=AURORA),
    Offer("AmazonRDS", "aurora-io-optimized/{}", "InstanceUsageIOOptimized:", "hour", where=AURORA),
    Offer("AmazonRDS", "aurora-serverless/acu-hour", "Aurora:ServerlessV2Usage", "hour", where=AURORA),
    Offer("AmazonRDS", "aurora-serverless-io-optimized/acu-hour", "Aurora:ServerlessV2IOOptimizedUsage", "hour", where=AURORA),
    Offer("AmazonRDS", "aurora/storage-gib-month", "Aurora:StorageUsage", "GiB-month"),
    Offer("AmazonRDS", "aurora-io-optimized/storage-gib-month", "Aurora:IO-OptimizedStorageUsage", "GiB-month"),
    Offer("AmazonRDS", "aurora/io-million", "Aurora:StorageIOUsage", "use", "million requests", 1e6),
    Offer("AmazonRDS", "aurora/backup-gib-month", "Aurora:BackupUsage", "GiB-month"),
    Offer("AmazonRDS", "rds-postgres/{}", "InstanceUsage:", "hour", where=_database("PostgreSQL")),
    Offer("AmazonRDS", "rds-multi-az-postgres/{}", "Multi-AZUsage:", "hour", where=_database("PostgreSQL", "Multi-AZ")),
    Offer("AmazonRDS", "rds/gp3-gib-month", "RDS:GP3-Storage", "GiB-month", where=_database("PostgreSQL")),
    Offer(
        "AmazonRDS",
        "rds-multi-az/gp3-gib-month",
        "RDS:Multi-AZ-GP3-Storage",
        "GiB-month",
        where=_database("PostgreSQL", "Multi-AZ"),
    ),
    Offer("AmazonRDS", "rds/backup-gib-month", "RDS:ChargedBackupUsage", "GiB-month"),
    Offer("AmazonRDS", "rds-proxy/vcpu-hour", "RDS:ProxyUsage", "hour", "vCPU-hour", where=AURORA),
    Offer("AmazonRDS", "rds-proxy/acu-hour", "RDS:Proxy-ASv2-Usage", "hour", "ACU-hour", where=AURORA),
    Offer("AmazonElastiCache", "valkey/{}", "NodeUsage:", "hour", where={"cacheengine": "Valkey"}),
    Offer("AmazonElastiCache", "redis/{}", "NodeUsage:", "hour", where={"cacheengine": "Redis"}),
    Offer("AmazonECS", "fargate/vcpu-hour", "Fargate-vCPU-Hours:perCPU", "hour", "vCPU-hour"),
    Offer("AmazonECS", "fargate/gib-hour", "Fargate-GB-Hours", "hour", "GiB-hour"),
    Offer("AmazonECS", "fargate-arm/vcpu-hour", "Fargate-ARM-vCPU-Hours:perCPU", "hour", "vCPU-hour"),
    Offer("AmazonECS", "fargate-arm/gib-hour", "Fargate-ARM-GB-Hours", "hour", "GiB-hour"),
    Offer("AmazonECS", "fargate/disk-gib-hour", "Fargate-EphemeralStorage-GB-Hours", "hour", "GiB-hour"),
    Offer("AWSLambda", "lambda/1000-gib-seconds", "Lambda-GB-Second", "use", "1000 GiB-seconds", 1e3),
    Offer("AmazonEC2", "nat/hour", "NatGateway-Hours", "hour"),
    Offer("AmazonEC2", "nat/gib", "NatGateway-Bytes", "GiB"),
    Offer("AmazonVPC", "ipv4/hour", "PublicIPv4:InUseAddress", "hour"),
    Offer("AmazonVPC", "endpoint/hour", "VpcEndpoint-Hours", "hour"),
    Offer("AmazonVPC", "endpoint/gib", "VpcEndpoint-Bytes", "GiB"),
    Offer("AWSELB", "alb/hour", "LoadBalancerUsage", "hour", where=ALB),
    Offer("AWSELB", "alb/lcu-hour", "LCUUsage", "hour", "LCU-hour", where=ALB),
    Offer("awswaf", "waf/acl-month", "WebACL", "month"),
    Offer("awswaf", "waf/rule-month", "Rule", "month"),
    Offer("awswaf", "waf/million-requests", "Request", "use", "million requests", 1e6),
    Offer("awskms", "kms/key-month", "KMS-Keys", "month"),
    Offer("AWSSecretsManager", "secrets/secret-month", "AWSSecretsManager-Secrets", "month"),
    Offer("AmazonCloudWatch", "cloudwatch/alarm-metric-month", "CW:AlarmMonitorUsage", "month"),
    Offer("AmazonCloudWatch", "cloudwatch/metric-month", "CW:MetricMonitorUsage", "month"),
    Offer("AmazonCloudWatch", "logs/ingest-gib", "DataProcessing-Bytes", "GiB"),
    Offer("AmazonCloudWatch", "logs/storage-gib-month", "TimedStorage-ByteHrs", "GiB-month"),
    Offer("AmazonS3", "s3/standard-gib-month", "TimedStorage-ByteHrs", "GiB-month"),
    Offer("AmazonS3", "s3/standard-ia-gib-month", "TimedStorage-SIA-ByteHrs", "GiB-month"),
    Offer("AmazonECR", "ecr/gib-month", "TimedStorage-ByteHrs", "GiB-month"),
)

NEEDED = ("sku", "termtype", "startingrange", "unit", "priceperunit", "currency", "usagetype", "operation")


def find(region: str, url: str = "", tell: Callable[[str], None] = lambda sentence: None) -> Found:
    """Every price of :data:`OFFERS` in *region*; *tell* gets a sentence for each file that is begun.

    Raises:
        Refused: a file that cannot be had, was cut, or is none of AWS's.
    """
    found = Found()
    for service in sorted({offer.service for offer in OFFERS}):
        address = f"{url or URL}/offers/v1.0/aws/{service}/current/{region}/index.csv"
        tell(f"Reading {address}")
        with answer(address) as body:
            _read(address, body, [offer for offer in OFFERS if offer.service == service], region, found)
    return found


def wanted() -> Iterator[str]:
    """Rows that every region is expected to have; instance types differ from region to region."""
    return (offer.sku for offer in OFFERS if "{}" not in offer.sku)


def _read(address: str, body: IO[bytes], offers: list[Offer], region: str, found: Found) -> None:
    rows = csv.reader(io.TextIOWrapper(body, encoding="utf-8", errors="replace", newline=""))
    source, names = _head(address, rows)
    prefix = re.compile(rf"^(?:[A-Z]{{2,4}}\d?|{re.escape(region)})-")
    by_usage = {offer.usage: [other for other in offers if other.usage == offer.usage] for offer in offers}
    columns = [names[name] for name in ("termtype", "usagetype", "currency")]
    for values in rows:
        if len(values) != len(names):
            raise Refused(f"The answer of {address} was cut in row {rows.line_num}. {AGAIN}")
        term, usage, currency = (values[column] for column in columns)
        if term != "OnDemand" or currency != "USD":
            continue
        for name in (usage, prefix.sub("", usage)):
            key = f"{name.partition(':')[0]}:" if f"{name.partition(':')[0]}:" in by_usage else name
            if key in by_usage:
                _note({name: values[column] for name, column in names.items()}, by_usage[key], source, address, found)
                break


def _head(address: str, rows: Iterator[list[str]]) -> tuple[Source, dict[str, int]]:
    """The source that the lines before the table name, and the columns of the table by name."""
    facts: dict[str, str] = {}
    for _, row in zip(range(10), rows, strict=False):
        names = {re.sub(r"\W", "", name).lower(): column for column, name in enumerate(row)}
        if set(NEEDED) <= set(names):
            published = facts.get("Publication Date", "")[:10]
            try:
                return Source(f"AWS price list, {address}", date.fromisoformat(published), "list"), names
            except ValueError:
                raise Refused(f"{address} does not say when it was published ('{published}'). {AGAIN}") from None
        if len(row) == 2:
            facts[row[0]] = row[1]
    raise Refused(f"{address} is no offer file of the AWS price list. {AGAIN}")


def _note(row: Mapping[str, str], offers: list[Offer], source: Source, address: str, found: Found) -> None:
    for offer in offers:
        if any(row.get(column) != value for column, value in offer.where.items()):
            continue
        sku = offer.sku.replace("{}", row.get("instancetype", ""))
        if row["unit"].lower() not in DIMENSIONS[offer.dimension]:
            found.unclear[sku] = f"counted in '{row['unit']}', not by {offer.dimension}"
            continue
        try:
            amount, tier = float(row["priceperunit"]) * offer.times, float(row["startingrange"] or 0)
        except ValueError:
            raise Refused(f"{address} has '{row['priceperunit']}' for the price of {row['usagetype']}. {AGAIN}") from None
        found.add(sku, Price(float(f"{amount:.9g}"), offer.unit or offer.dimension, source), tier)
