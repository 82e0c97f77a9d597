"""What Google charges for the network, the way in, buckets, keys, logs and alerts."""

from __future__ import annotations

from collections.abc import Iterator

from operations.review.charges.charge import DAYS, HOURS, Charge, Charges, Site, by_use, count, flat, number, text, times, used
from operations.review.charges.gcp_services import SCHEDULE, instances_of
from policies.resource import Resource

FORWARDING_RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"
RULES_FOR_ONE_PRICE = 5
"""So many forwarding rules cost what one costs (Cloud Load Balancing pricing)."""
NAT_MOST_MACHINES = 32.0
"""Cloud NAT is charged by machine up to so many (Cloud NAT pricing)."""
FREE_LOG_DAYS = 30.0


def _address(address: Resource, site: Site) -> Iterator[Charge]:
    """An external one in use; inside addresses and those of a forwarding rule cost nothing."""
    if text(address, "addressType", "EXTERNAL") == "EXTERNAL":
        yield Charge("public address", "ipv4/hour", HOURS)


def _nat(nat: Resource, site: Site) -> Iterator[Charge]:
    """By machine behind it: here the instances of Cloud Run that go out by the VPC."""
    counts = [instances_of(service) for service in site.stack.of_type("gcp:cloudrunv2/service:Service")]
    least, most = (sum(each or 0.0 for each in column) for column in zip(*counts, strict=True)) if counts else (1.0, 1.0)
    hours = [min(max(machines, 1.0), NAT_MOST_MACHINES) * HOURS for machines in (least, most)]
    yield Charge("NAT, by instance behind it", "nat/machine-hour", hours[0], hours[1])
    yield by_use(site, "data through it", "nat/gib", "nat_gib")


def _forwarding(rule: Resource, site: Site) -> Iterator[Charge]:
    """The first five share one price; each further one has its own."""
    names = sorted(other.name for other in site.stack.of_type(FORWARDING_RULE))
    place = names.index(rule.name)
    if place < RULES_FOR_ONE_PRICE:
        shared = min(len(names), RULES_FOR_ONE_PRICE)
        yield Charge(f"one of {shared} rules at one price", "lb/first-rules-hour", HOURS / shared)
    else:
        yield Charge("a further rule", "lb/further-rule-hour", HOURS)
    if place == 0:
        yield by_use(site, "data", "lb/gib", "balancer_gib")


def _armor(policy: Resource, site: Site) -> Iterator[Charge]:
    yield Charge("security policy", "armor/policy-month", 1.0)
    yield Charge("its rules", "armor/rule-month", count(policy, "rules"))
    yield by_use(site, "requests", "armor/million-requests", "requests_millions")


def _log(log: Resource, site: Site) -> Iterator[Charge]:
    amount, sentence = site.use("log_gib")
    yield Charge("log lines taken in", "logs/ingest-gib", amount, assumption=sentence)
    days = number(log, "retentionDays", FREE_LOG_DAYS)
    if days is None or days > FREE_LOG_DAYS:
        kept = times(amount, None if days is None else (days - FREE_LOG_DAYS) / DAYS)
        yield Charge("log lines kept longer than 30 days", "logs/storage-gib-month", kept, assumption=sentence)


def _alert(policy: Resource, site: Site) -> Iterator[Charge]:
    yield Charge("conditions of an alert", "monitoring/condition-month", count(policy, "conditions"))


def _bucket(bucket: Resource, site: Site) -> Iterator[Charge]:
    kind = (text(bucket, "storageClass", "STANDARD") or "unknown").lower()
    yield by_use(site, f"objects, {kind}", f"storage/{kind}-gib-month", "bucket_gib")


CHARGES: dict[str, Charges] = {
    FORWARDING_RULE: _forwarding,
    "gcp:artifactregistry/repository:Repository": used("images", "artifacts/gib-month", "image_gib"),
    "gcp:compute/address:Address": _address,
    "gcp:compute/backendBucket:BackendBucket": used("delivered", "cdn/gib", "cdn_gib"),
    "gcp:compute/routerNat:RouterNat": _nat,
    "gcp:compute/securityPolicy:SecurityPolicy": _armor,
    "gcp:dns/managedZone:ManagedZone": flat("zone", "dns/zone-month"),
    "gcp:kms/cryptoKey:CryptoKey": flat("key version", "kms/key-version-month"),
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": _log,
    "gcp:monitoring/alertPolicy:AlertPolicy": _alert,
    "gcp:storage/bucket:Bucket": _bucket,
    SCHEDULE: flat("schedule", "scheduler/job-month"),
}
