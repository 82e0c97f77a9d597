"""What Google charges for databases, caches and containers."""

from __future__ import annotations

import re
from collections.abc import Iterator

from operations.review.charges.charge import HOURS, Charge, Charges, Site, by_use, number, runs_of_cron, text, times
from policies.resource import Resource
from policies.values import ABSENT

DATABASE = "gcp:sql/databaseInstance:DatabaseInstance"
SCHEDULE = "gcp:cloudscheduler/job:Job"
REDIS_CAPACITY = ((4, "m1"), (10, "m2"), (35, "m3"), (100, "m4"), (300, "m5"))
"""Largest size in GB of each capacity tier of Memorystore for Redis (Memorystore pricing)."""
UNITS = {"": 1 / 1024**3, "k": 1000 / 1024**3, "m": 1 / 1000, "M": 1e6 / 1024**3, "G": 1e9 / 1024**3, "Ki": 1 / 1024**2} | {
    "Mi": 1 / 1024,
    "Gi": 1.0,
}
"""GiB for one of Kubernetes' units of memory; of CPU only ``m`` is used, a thousandth."""


def _database(database: Resource, site: Site) -> Iterator[Charge]:
    """A standby in another zone doubles everything but the backups."""
    copies = {"REGIONAL": 2.0, "ZONAL": 1.0}.get(text(database, "settings.availabilityType", "ZONAL") or "")
    tier = text(database, "settings.tier")
    yield from _machine(tier, copies)
    disk = (text(database, "settings.diskType", "PD_SSD") or "unknown").lower().replace("_", "-")
    size, limit = _disk_gib(database, site), number(database, "settings.diskAutoresizeLimit", 0.0)
    most = limit if limit and database.fact("settings.diskAutoresize") is not False else size
    yield Charge("storage", f"cloudsql/{disk}-gib-month", times(size, copies), times(most, copies))
    if database.fact("settings.backupConfiguration.enabled") is True:
        yield by_use(site, "backups", "cloudsql/backup-gib-month", "backup_gib")


def _disk_gib(database: Resource, site: Site) -> float | None:
    """A replica that says nothing has the size of its primary; a primary that says nothing has 10 GiB."""
    if database.fact("settings.diskSize") is ABSENT and database.fact("masterInstanceName") is not ABSENT:
        primary = [other for other in site.linked(database, DATABASE) if other.fact("masterInstanceName") is ABSENT]
        return number(primary[0], "settings.diskSize", 10.0) if primary else None
    return number(database, "settings.diskSize", 10.0)


def _machine(tier: str | None, copies: float | None) -> Iterator[Charge]:
    from components.gcp.machine import parse  # pydantic with it: only where there is a Google stack

    machine = parse(tier) if tier else None
    if machine is None:
        yield Charge(tier or "machine", f"cloudsql/{tier}", None)
    elif machine.shared:
        yield Charge(machine.name, f"cloudsql/{machine.name}-hour", times(copies, HOURS))
    else:
        series = "hyperdisk" if machine.disk_type == "HYPERDISK_BALANCED" else ""
        book = "-".join(part for part in ("cloudsql", machine.edition, series) if part)
        yield Charge(f"{machine.name}, CPU", f"{book}/vcpu-hour", times(machine.vcpu, copies, HOURS))
        yield Charge(f"{machine.name}, memory", f"{book}/gib-hour", times(machine.memory_mib / 1024, copies, HOURS))


def _redis(redis: Resource, site: Site) -> Iterator[Charge]:
    size = number(redis, "memorySizeGb")
    tier = "standard" if text(redis, "tier", "BASIC") == "STANDARD_HA" else "basic"
    capacity = next((name for most, name in REDIS_CAPACITY if size is not None and size <= most), "unknown")
    nodes = 1.0
    if text(redis, "readReplicasMode") == "READ_REPLICAS_ENABLED":  # charged by node then, the primary included
        tier, nodes = "replicated", (number(redis, "replicaCount", 2.0) or 2.0) + 1
    yield Charge(f"{size:g} GiB, {tier}" if size else tier, f"redis-{tier}/{capacity}-gib-hour", times(size, nodes, HOURS))


def _valkey(valkey: Resource, site: Site) -> Iterator[Charge]:
    kind = (text(valkey, "nodeType", "HIGHMEM_MEDIUM") or "unknown").lower().replace("_", "-")
    shards, replicas = number(valkey, "shardCount", 1.0), number(valkey, "replicaCount", 0.0)
    nodes = times(shards, None if replicas is None else replicas + 1)
    yield Charge(f"{nodes:g} of {kind}" if nodes else kind, f"valkey/{kind}-hour", times(nodes, HOURS))


def _service(service: Resource, site: Site) -> Iterator[Charge]:
    """Whole instances; or, where CPU is given for requests only, instances that wait and instances that answer."""
    least, most = instances_of(service)
    cpu, memory = _limits(service, "template.containers[0]")
    waits = service.fact("template.containers[0].resources.cpuIdle")
    if waits is False:
        yield from _run(
            "run", f"{least:g} instances" if least else "instances", cpu, memory, times(least, HOURS), times(most, HOURS)
        )
        return
    busy, sentence = site.use("busy_hours")
    yield from _run("run-request", "instances that answer", cpu, memory, busy, None if most is None else most * HOURS, sentence)
    waiting = None if least is None else max(least * HOURS - busy, 0.0)
    if waiting != 0:
        yield from _run("run-waiting", "instances that wait", cpu, memory, waiting, 0.0, sentence)


def instances_of(service: Resource) -> tuple[float | None, float | None]:
    """How many instances a Cloud Run service keeps at least and has at most."""
    least = number(service, "scaling.minInstanceCount", number(service, "template.scaling.minInstanceCount", 0.0))
    most = number(service, "scaling.maxInstanceCount", number(service, "template.scaling.maxInstanceCount", 100.0))
    return least, most


def _run(
    book: str, what: str, cpu: float | None, memory: float | None, hours: float | None, most: float | None, sentence: str = ""
) -> Iterator[Charge]:
    for name, sku, size in (("CPU", "vcpu-hour", cpu), ("memory", "gib-hour", memory)):
        label = f"{what}, {name} {size:g}" if size else f"{what}, {name}"
        yield Charge(label, f"{book}/{sku}", times(size, hours), times(size, most), sentence)


def _limits(workload: Resource, container: str) -> tuple[float | None, float | None]:
    """CPUs and GiB of a container; Cloud Run's defaults where it says nothing."""
    return _quantity(workload, f"{container}.resources.limits.cpu", "1", cpu=True), _quantity(
        workload, f"{container}.resources.limits.memory", "512Mi"
    )


def _quantity(workload: Resource, path: str, default: str, *, cpu: bool = False) -> float | None:
    match = re.fullmatch(r"([\d.]+)([a-zA-Z]*)", text(workload, path, default) or "")
    if match is None or match[2] not in UNITS:
        return None
    return float(match[1]) * (1.0 if cpu and not match[2] else UNITS[match[2]])


def _job(job: Resource, site: Site) -> Iterator[Charge]:
    """For as long as it runs: at the times of its schedule, else now and then."""
    schedules = [other for other in site.users(job, SCHEDULE) if other.name.startswith(f"{job.name}-")]
    minutes, sentence = site.use("job_minutes")
    runs, others = site.use("job_runs")
    if schedules:
        runs, others = sum(runs_of_cron(text(each, "schedule") or "") or 0.0 for each in schedules), ""
    cpu, memory = _limits(job, "template.template.containers[0]")
    hours = runs * minutes / 60
    yield from _run("run", f"{runs:.3g} runs", cpu, memory, hours, hours, "; ".join(part for part in (others, sentence) if part))


def _secret_version(version: Resource, site: Site) -> Iterator[Charge]:
    """By place that keeps it."""
    secret = next(iter(site.linked(version, "gcp:secretmanager/secret:Secret")), None)
    places = secret.fact("replication.userManaged.replicas") if secret else ABSENT
    known = float(len(places)) if isinstance(places, list) else 1.0 if places is ABSENT else None
    yield Charge("secret version", "secrets/version-month", known)


CHARGES: dict[str, Charges] = {
    "gcp:cloudrunv2/job:Job": _job,
    "gcp:cloudrunv2/service:Service": _service,
    "gcp:memorystore/instance:Instance": _valkey,
    "gcp:redis/instance:Instance": _redis,
    "gcp:secretmanager/secretVersion:SecretVersion": _secret_version,
    DATABASE: _database,
}
