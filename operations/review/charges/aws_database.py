"""What AWS charges for databases, their proxy and the cache."""

from __future__ import annotations

from collections.abc import Iterator

from operations.review.charges.charge import HOURS, Charge, Charges, Site, by_use, number, text, times
from policies.resource import Resource

CLUSTER = "aws:rds/cluster:Cluster"
MEMBER = "aws:rds/clusterInstance:ClusterInstance"
INSTANCE = "aws:rds/instance:Instance"
SERVERLESS = "db.serverless"
LEAST_PROXY_VCPU, LEAST_PROXY_ACU = 2.0, 8.0
"""RDS Proxy is charged for at least so much of each database instance (Amazon RDS Proxy pricing)."""
FREE_INSIGHTS = ("", "standard")


def vcpus(instance_class: str) -> float | None:
    """Virtual CPUs of a class such as ``db.r6g.large``: two up to ``large``, four for ``xlarge``, eight for ``2xlarge``
    (RDS user guide, hardware of classes; the families t4g, m and r from the fifth generation on)."""
    size = instance_class.rpartition(".")[2]
    if size in ("micro", "small", "medium", "large"):
        return 2.0
    multiple = size.removesuffix("xlarge")
    return 4.0 * float(multiple or 1) if size.endswith("xlarge") and (multiple or "1").isdigit() else None


def _member(member: Resource, site: Site) -> Iterator[Charge]:
    cluster = next(iter(site.linked(member, CLUSTER)), None)
    book = "-io-optimized" if cluster and text(cluster, "storageType") == "aurora-iopt1" else ""
    kind = text(member, "instanceClass")
    if kind == SERVERLESS:
        least, most = _capacity(cluster)
        yield Charge(
            "serverless, at its least capacity", f"aurora-serverless{book}/acu-hour", times(least, HOURS), times(most, HOURS)
        )
    else:
        yield Charge(f"{kind or 'instance'}", f"aurora{book}/{kind}", HOURS if kind else None)
    if cluster and text(cluster, "databaseInsightsMode") not in FREE_INSIGHTS:
        yield _insights(kind, *_capacity(cluster))


def _capacity(cluster: Resource | None) -> tuple[float | None, float | None]:
    """Least and most capacity units of a serverless instance."""
    if cluster is None:
        return None, None
    scaling = "serverlessv2ScalingConfiguration"
    return number(cluster, f"{scaling}.minCapacity"), number(cluster, f"{scaling}.maxCapacity")


def _insights(kind: str | None, least: float | None, most: float | None) -> Charge:
    if kind == SERVERLESS:
        return Charge("Database Insights, advanced", "insights/acu-hour", times(least, HOURS), times(most, HOURS))
    return Charge("Database Insights, advanced", "insights/vcpu-hour", times(vcpus(kind or ""), HOURS))


def _cluster(cluster: Resource, site: Site) -> Iterator[Charge]:
    book = "-io-optimized" if text(cluster, "storageType") == "aurora-iopt1" else ""
    yield by_use(site, "storage", f"aurora{book}/storage-gib-month", "database_gib")
    if not book:
        yield by_use(site, "reads and writes of the storage", "aurora/io-million", "database_io_millions")
    yield from _backups(cluster, site, "aurora/backup-gib-month")
    yield from _login(cluster)


def _backups(database: Resource, site: Site, sku: str) -> Iterator[Charge]:
    """The first day's worth is free, so a retention of one day costs nothing."""
    if (number(database, "backupRetentionPeriod", 1.0) or 2.0) > 1.0:
        yield by_use(site, "backups beyond the free part", sku, "backup_gib")


def _login(database: Resource) -> Iterator[Charge]:
    if database.fact("manageMasterUserPassword") is True:
        yield Charge("admin's secret, kept by RDS", "secrets/secret-month", 1.0)


def _instance(instance: Resource, site: Site) -> Iterator[Charge]:
    book = "rds-multi-az" if instance.fact("multiAz") is True else "rds"
    kind = text(instance, "instanceClass")
    yield Charge(f"{kind or 'instance'}", f"{book}-postgres/{kind}", HOURS if kind else None)
    size = number(instance, "allocatedStorage")
    if size is None and text(instance, "replicateSourceDb"):  # a replica takes its source's size
        source = site.linked(instance, INSTANCE)
        size = number(source[0], "allocatedStorage") if source else None
    disk = text(instance, "storageType", "gp2")
    yield Charge(f"{disk} storage", f"{book}/{disk}-gib-month", size, number(instance, "maxAllocatedStorage", size))
    if (number(instance, "iops", 0.0) or 0.0) > 12000:
        yield Charge("more input and output than comes with the disk", f"{book}/{disk}-iops-month", None)
    if text(instance, "databaseInsightsMode") not in FREE_INSIGHTS:
        yield _insights(kind, None, None)
    if not text(instance, "replicateSourceDb"):
        yield from _backups(instance, site, "rds/backup-gib-month")
    yield from _login(instance)


def _proxy(proxy: Resource, site: Site) -> Iterator[Charge]:
    """By the virtual CPUs of every instance behind it."""
    databases = site.beside(proxy, MEMBER, INSTANCE)
    for database in databases:
        kind = text(database, "instanceClass")
        if kind == SERVERLESS:
            least, most = _capacity(next(iter(site.linked(database, CLUSTER)), None))
            hours = [None if each is None else max(each, LEAST_PROXY_ACU) * HOURS for each in (least, most)]
            yield Charge(f"proxy for {database.name}", "rds-proxy/acu-hour", hours[0], hours[1])
        else:
            cpus = vcpus(kind or "")
            yield Charge(
                f"proxy for {database.name}", "rds-proxy/vcpu-hour", None if cpus is None else max(cpus, LEAST_PROXY_VCPU) * HOURS
            )
    if not databases:
        yield Charge("proxy for a database elsewhere", "rds-proxy/vcpu-hour", None)


def _cache(cache: Resource, site: Site) -> Iterator[Charge]:
    engine, kind = text(cache, "engine", "redis"), text(cache, "nodeType")
    groups = number(cache, "numNodeGroups", 1.0)
    replicas = number(cache, "replicasPerNodeGroup", 0.0)
    nodes = number(cache, "numCacheClusters", times(groups, None if replicas is None else replicas + 1))
    yield Charge(f"{nodes:g} of {kind}" if nodes else f"{kind}", f"{engine}/{kind}", times(nodes, HOURS) if kind else None)


CHARGES: dict[str, Charges] = {
    CLUSTER: _cluster,
    MEMBER: _member,
    INSTANCE: _instance,
    "aws:rds/proxy:Proxy": _proxy,
    "aws:elasticache/replicationGroup:ReplicationGroup": _cache,
}
