"""The tables of charges: every type is there once, exists in its SDK, and the small readers read right."""

from __future__ import annotations

import pytest

from operations.review.charges.aws_database import vcpus
from operations.review.charges.charge import runs_of_cron
from operations.review.cost import OURS, charges_of, estimate
from tests.operations.review.price_stacks import real, resource, stack
from tests.sdk import resource_types

CHARGED, FREE = {cloud: charges_of(cloud)[0] for cloud in ("aws", "gcp")}, charges_of("aws")[1]
TOKENS = sorted({*CHARGED["aws"], *CHARGED["gcp"], *FREE})


@pytest.mark.parametrize("token", TOKENS)
def test_a_type_of_the_tables_exists(token: str) -> None:
    """A slip of the pen would make its row dead and the type unknown."""
    assert token in resource_types()


def test_no_type_is_both_charged_and_free() -> None:
    assert not ({*CHARGED["aws"], *CHARGED["gcp"]} & set(FREE))
    assert all(reason for reason in FREE.values())


@pytest.mark.parametrize("name", ["dev", "prod", "gcp-dev", "gcp-prod"])
def test_every_type_of_the_real_stacks_is_told(name: str) -> None:
    of = real(name)
    told = {*CHARGED[of.provider], *FREE}
    assert not {each.type for each in of.resources if not each.type.startswith(OURS)} - told


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("db.t4g.medium", 2),
        ("db.r6g.large", 2),
        ("db.r6g.xlarge", 4),
        ("db.r6g.2xlarge", 8),
        ("db.r6g.16xlarge", 64),
        ("db.serverless", None),
        ("", None),
    ],
)
def test_virtual_cpus_of_a_class(name: str, expected: float | None) -> None:
    assert vcpus(name) == expected


@pytest.mark.parametrize(
    ("expression", "a_month"),
    [
        ("0 3 * * *", 30.4),
        ("cron(0 3 * * ? *)", 30.4),
        ("cron(0 5 1 * ? *)", 1),
        ("*/15 * * * *", 4 * 24 * 30.4),
        ("0 1,13 * * *", 2 * 30.4),
        ("0 9-17 * * *", 9 * 30.4),
        ("0 3 * * 1", 30.4 / 7),
        ("cron(0 3 ? * MON-FRI *)", 5 * 30.4 / 7),
        ("0 3 * * sun,wed", 2 * 30.4 / 7),
        ("0 3 1 1 *", None),
        ("rate(1 day)", None),
        ("", None),
    ],
)
def test_runs_of_a_schedule(expression: str, a_month: float | None) -> None:
    found = runs_of_cron(expression)
    assert found is None if a_month is None else found == pytest.approx(a_month)


@pytest.mark.parametrize(
    ("props", "metrics"),
    [
        ({"metricName": "CPUUtilization"}, 1),
        ({"metricQueries": [{"expression": "a - b"}, {"metric": {"metricName": "a"}}, {"metric": {"metricName": "b"}}]}, 2),
        ({"comparisonOperator": "GreaterThanUpperThreshold", "metricQueries": [{"metric": {"metricName": "a"}}]}, 3),
    ],
)
def test_an_alarm_costs_by_its_metrics(props: dict[str, object], metrics: int) -> None:
    (line,) = estimate(stack(resource("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", **props))).lines
    assert (line.sku, line.quantity) == ("cloudwatch/alarm-metric-month", metrics)


def test_an_alarm_that_looks_each_ten_seconds_has_another_price() -> None:
    (line,) = estimate(stack(resource("aws:cloudwatch/metricAlarm:MetricAlarm", "alarm", period=10.0))).lines
    assert line.sku == "cloudwatch/quick-alarm-metric-month"
    assert line.monthly is None, "a price that nobody looked up"


@pytest.mark.parametrize(("kind", "zones", "hours"), [("Gateway", 2, None), ("Interface", 2, 1460.0), ("Interface", 3, 2190.0)])
def test_endpoints_cost_by_zone_unless_they_are_gateways(kind: str, zones: int, hours: float | None) -> None:
    endpoint = resource("aws:ec2/vpcEndpoint:VpcEndpoint", "ecr", vpcEndpointType=kind, subnetIds=["subnet"] * zones)
    assert [line.quantity for line in estimate(stack(endpoint)).lines if line.sku == "endpoint/hour"] == (
        [hours] if hours else []
    )


@pytest.mark.parametrize(
    ("size", "tier", "sku"),
    [(1, "BASIC", "redis-basic/m1"), (5, "STANDARD_HA", "redis-standard/m2"), (36, "BASIC", "redis-basic/m4")],
)
def test_redis_on_google_costs_by_capacity(size: int, tier: str, sku: str) -> None:
    cache_ = resource("gcp:redis/instance:Instance", "cache", memorySizeGb=float(size), tier=tier)
    (line,) = estimate(stack(cache_, provider="gcp")).lines
    assert (line.sku, line.quantity) == (f"{sku}-gib-hour", size * 730)
