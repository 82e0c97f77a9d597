"""What AWS charges for the network, the way in, buckets, keys, logs and alarms."""

from __future__ import annotations

from collections.abc import Iterator

from operations.review.charges.charge import (
    DAYS,
    HOURS,
    Charge,
    Charges,
    Site,
    by_use,
    count,
    flat,
    number,
    text,
    times,
    together,
    used,
)
from policies.resource import Resource
from policies.values import UNKNOWN

STORED_SHARE = 0.15
"""CloudWatch charges the storage of logs by their compressed size (Amazon CloudWatch pricing, example 7)."""
STANDARD = "standard"


def _endpoint(endpoint: Resource, site: Site) -> Iterator[Charge]:
    """Gateway endpoints cost nothing; interface endpoints by zone."""
    if text(endpoint, "vpcEndpointType", "Gateway") == "Gateway":
        return
    yield Charge("endpoint", "endpoint/hour", times(count(endpoint, "subnetIds"), HOURS))
    yield by_use(site, "data", "endpoint/gib", "endpoint_gib")


def _balancer(balancer: Resource, site: Site) -> Iterator[Charge]:
    yield Charge("load balancer", "alb/hour", HOURS)
    units, sentence = site.use("balancer_units")
    yield Charge("traffic", "alb/lcu-hour", units * HOURS, assumption=sentence)
    if balancer.fact("internal") is not True:
        yield Charge("public addresses, one for each zone", "ipv4/hour", times(count(balancer, "subnets"), HOURS))


def _firewall(firewall: Resource, site: Site) -> Iterator[Charge]:
    yield Charge("web ACL", "waf/acl-month", 1.0)
    yield Charge("its rules", "waf/rule-month", count(firewall, "rules"))
    yield by_use(site, "requests", "waf/million-requests", "requests_millions")


def _alarm(alarm: Resource, site: Site) -> Iterator[Charge]:
    """By the metrics that it looks at; three for one with a band; those that look more often than each minute cost more."""
    queries = alarm.fact("metricQueries[*].metric")
    metrics = sum(1.0 for metric in queries if metric) if isinstance(queries, tuple) and queries else 1.0
    if text(alarm, "comparisonOperator", "") in BANDS:
        metrics = 3.0
    quick = (number(alarm, "period", 60.0) or 60.0) < 60
    yield Charge("alarm", "cloudwatch/quick-alarm-metric-month" if quick else "cloudwatch/alarm-metric-month", metrics)


BANDS = ("LessThanLowerOrGreaterThanUpperThreshold", "LessThanLowerThreshold", "GreaterThanUpperThreshold")


def _log(log: Resource, site: Site) -> Iterator[Charge]:
    """The first month's storage is small; what stays longer is counted by how long it stays."""
    amount, sentence = site.use("log_gib")
    yield Charge("log lines taken in", "logs/ingest-gib", amount, assumption=sentence)
    days = number(log, "retentionInDays")
    stored = times(amount, None if days is None else days / DAYS, STORED_SHARE)
    yield Charge("log lines kept", "logs/storage-gib-month", stored, assumption=sentence)


def _bucket(bucket: Resource, site: Site) -> Iterator[Charge]:
    """Standard storage, or the class into which a lifecycle rule of the bucket moves objects on their first day."""
    kind = STANDARD
    for rules in site.users(bucket, "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"):
        moves = rules.fact("rules[*].transitions[0]")
        for move in moves if isinstance(moves, tuple) else ():
            if isinstance(move, dict) and move.get("days") == 0 and move.get("storageClass") is not UNKNOWN:
                kind = str(move.get("storageClass")).lower().replace("_", "-")
    yield by_use(site, f"objects, {kind}", f"s3/{kind}-gib-month", "bucket_gib")


CHARGES: dict[str, Charges] = {
    "aws:cloudfront/distribution:Distribution": used("delivered", "cloudfront/gib", "cdn_gib"),
    "aws:cloudwatch/dashboard:Dashboard": flat("dashboard", "cloudwatch/dashboard-month"),
    "aws:cloudwatch/logGroup:LogGroup": _log,
    "aws:cloudwatch/logMetricFilter:LogMetricFilter": flat("metric from a log", "cloudwatch/metric-month"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": _alarm,
    "aws:ec2/eip:Eip": flat("public address", "ipv4/hour", HOURS),
    "aws:ec2/natGateway:NatGateway": together(
        flat("NAT gateway", "nat/hour", HOURS), used("data through it", "nat/gib", "nat_gib")
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": _endpoint,
    "aws:kms/key:Key": flat("key", "kms/key-month"),
    "aws:lb/loadBalancer:LoadBalancer": _balancer,
    "aws:route53/zone:Zone": flat("hosted zone", "route53/zone-month"),
    "aws:s3/bucket:Bucket": _bucket,
    "aws:secretsmanager/secret:Secret": flat("secret", "secrets/secret-month"),
    "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": flat("its hosted zone", "route53/zone-month"),
    "aws:wafv2/webAcl:WebAcl": _firewall,
}
