"""Rules that span several settings. Each yields (key, sentence) for what is wrong; none stops at the first."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

from components.clouds import CLOUDS
from components.settings.aws_edge_rules import AWS_EDGE_RULES
from components.settings.aws_rules import AWS_RULES
from components.settings.cloud_rules import CLOUD_RULES
from components.settings.gcp_edge_rules import GCP_EDGE_RULES
from components.settings.gcp_rules import GCP_RULES
from components.settings.local_rules import local_workloads
from components.settings.model import minutes_of
from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]

VERSIONS = range(14, 19)
"""Major versions that Aurora, RDS and Cloud SQL all offer (2026-11)."""
MAX_READERS = {"aurora": 15, "rds": 15, "cloudsql": 10, "local": 8}
"""Provider limits; local is bounded by what a laptop bears."""
GP3_STRIPE_GIB = 400
"""RDS gp3 on PostgreSQL: below it IOPS cannot be chosen, from it on 12000 IOPS and 500 MiB/s are the minimum."""


def provider_and_backend(settings: Settings) -> Problems:
    """The backend must be one of the provider's."""
    backends = CLOUDS[settings.provider].backends
    if settings.database.backend not in backends:
        yield (
            "database.backend",
            f"is '{settings.database.backend}', but provider {settings.provider} makes PostgreSQL with "
            f"{' or '.join(backends)}; set it to '{backends[0]}' or remove it",
        )


def version(settings: Settings) -> Problems:
    """Offered versions only; a pinned minor and automatic minor upgrades contradict each other."""
    database = settings.database
    if database.major not in VERSIONS:
        yield "database.version", f"is '{database.version}'; choose a major version from {VERSIONS[0]} to {VERSIONS[-1]}"
    if "." in database.version and database.auto_minor_upgrade:
        yield (
            "database.auto_minor_upgrade",
            f"is true while database.version pins the minor {database.version}; set it to false or write only '{database.major}'",
        )


def readers(settings: Settings) -> Problems:
    """As many readers as the backend can have."""
    database = settings.database
    limit = MAX_READERS.get(database.backend, 15)
    if database.readers > limit:
        yield "database.readers", f"is {database.readers}; {database.backend} can have at most {limit}"
    autoscaling = database.reader_autoscaling
    if autoscaling and autoscaling.max_readers < database.readers:
        yield (
            "database.reader_autoscaling.max_readers",
            f"is {autoscaling.max_readers}, below the {database.readers} declared readers; raise it",
        )


def backend_features(settings: Settings) -> Problems:
    """Settings that only some backends have."""
    database = settings.database
    aurora_only = {"serverless": database.serverless, "reader_autoscaling": database.reader_autoscaling}
    if database.backend != "aurora":
        for key, value in aurora_only.items():
            if value is not None:
                yield f"database.{key}", f"is for backend aurora, not {database.backend}; remove it"
    if settings.provider == "local":
        for key in ("instance_class", "pooling", "restore"):
            if getattr(database, key) is not None:
                yield f"database.{key}", "has no meaning on local; remove it"
    if database.serverless and database.instance_class:
        yield "database.instance_class", "cannot be chosen together with database.serverless; remove one of them"


def serverless(settings: Settings) -> Problems:
    """Capacities in order; pausing only where nothing keeps the database awake."""
    scaling = settings.database.serverless
    if scaling is None:
        return
    if scaling.min_acu > scaling.max_acu:
        yield "database.serverless.min_acu", f"is {scaling.min_acu}, above max_acu {scaling.max_acu}; lower it"
    if scaling.auto_pause_seconds is not None and scaling.min_acu != 0:
        yield (
            "database.serverless.auto_pause_seconds",
            f"needs min_acu 0, which is {scaling.min_acu}; set min_acu to 0 or remove it",
        )
    if scaling.auto_pause_seconds is not None and settings.database.pooling:
        yield (
            "database.serverless.auto_pause_seconds",
            "never happens with database.pooling, which keeps connections open; remove one",
        )


def storage(settings: Settings) -> Problems:
    """Sizes in order; the 400 GiB step of RDS gp3."""
    disk, rds = settings.database.storage, settings.database.backend == "rds"
    if disk.max_size_gib < disk.size_gib:
        yield "database.storage.max_size_gib", f"is {disk.max_size_gib}, below size_gib {disk.size_gib}; raise it"
    for key, value, least in (("iops", disk.iops, 12000), ("throughput_mibps", disk.throughput_mibps, 500)):
        if value is None:
            continue
        if not rds:
            yield f"database.storage.{key}", f"is for backend rds, not {settings.database.backend}; remove it"
        elif disk.size_gib < GP3_STRIPE_GIB:
            yield f"database.storage.{key}", f"cannot be chosen below {GP3_STRIPE_GIB} GiB; remove it or raise size_gib"
        elif value < least:
            yield f"database.storage.{key}", f"is {value}; from {GP3_STRIPE_GIB} GiB on it must be at least {least}"
    if disk.io_optimized and settings.database.backend != "aurora":
        yield "database.storage.io_optimized", f"is for backend aurora, not {settings.database.backend}; remove it"


def windows(settings: Settings) -> Problems:
    """Backup and maintenance must not overlap, or the provider refuses both. The backup runs every day."""
    start, end = minutes_of(settings.database.backup.window)
    other_start, other_end = minutes_of(settings.database.maintenance.window)
    overlap = any(start < other_end + day and other_start + day < end for day in (-1440, 0, 1440))
    if overlap:
        yield (
            "database.maintenance.window",
            f"is {settings.database.maintenance.window}, which overlaps database.backup.window "
            f"{settings.database.backup.window}; move one of them",
        )


def restore(settings: Settings) -> Problems:
    """One source of data, complete."""
    source = settings.database.restore
    if source is None:
        return
    if source.snapshot and (source.source or source.time):
        yield "database.restore", "has both snapshot and source; keep one of them"
    elif not source.snapshot and not (source.source and source.time):
        yield "database.restore", "needs snapshot, or source together with time"


def services(settings: Settings) -> Problems:
    """Each service's own numbers."""
    for name, service in settings.services.items():
        key, check, scaling = f"services.{name}", service.health_check, service.scaling
        if check.timeout_seconds >= check.interval_seconds:
            yield (
                f"{key}.health_check.timeout_seconds",
                f"is {check.timeout_seconds}; it must be less than interval_seconds {check.interval_seconds}",
            )
        if scaling.min > scaling.max:
            yield f"{key}.scaling.min", f"is {scaling.min}, above max {scaling.max}; lower it"
        if scaling.min == 0 and settings.provider != "gcp":
            yield f"{key}.scaling.min", "is 0, which only gcp can do; set it to 1 or more"
        if service.traffic.mode != "latest" and settings.provider != "gcp":
            yield f"{key}.traffic.mode", f"is '{service.traffic.mode}', which only gcp can do; set it to 'latest'"
        if service.traffic.mode != "latest" and not service.traffic.stable_revision:
            yield f"{key}.traffic.stable_revision", f"is missing; mode '{service.traffic.mode}' needs it"
        if service.public and settings.tier != "dev" and settings.provider != "local" and not service.domain:
            yield f"{key}.domain", f"is missing; a public service in {settings.tier} needs a host name for its certificate"


def routes(settings: Settings) -> Problems:
    """On a cloud no two public services may claim the same path of the same host. Locally each has a port of its own."""
    if settings.provider == "local":
        return
    # Cloud Run gives a service without a domain an address of its own
    public = [
        (name, service)
        for name, service in settings.services.items()
        if service.public and (service.domain or settings.provider != "gcp")
    ]
    for (first, one), (second, other) in combinations(public, 2):
        shared = sorted(set(one.paths) & set(other.paths))
        if one.domain == other.domain and shared:
            yield f"services.{second}.paths", f"has {shared[0]!r}, which services.{first} takes already; change one of them"


def jobs(settings: Settings) -> Problems:
    """When and schedule belong together."""
    for name, job in settings.jobs.items():
        if job.when == "schedule" and job.schedule is None:
            yield f"jobs.{name}.schedule", "is missing; when is 'schedule'"
        if job.when != "schedule" and job.schedule is not None:
            yield f"jobs.{name}.schedule", f"has no effect while when is '{job.when}'; set when to 'schedule' or remove it"
        if job.watch and job.when != "deploy":
            yield f"jobs.{name}.watch", f"has no effect while when is '{job.when}'; set when to 'deploy' or remove it"


def references(settings: Settings) -> Problems:
    """Names that point at other settings must exist."""
    for group in ("services", "jobs"):
        for name, workload in getattr(settings, group).items():
            for bucket in workload.buckets:
                if bucket not in settings.buckets:
                    known = ", ".join(sorted(settings.buckets)) or "none is declared"
                    yield f"{group}.{name}.buckets", f"names bucket '{bucket}', which is not under buckets ({known})"


def alarms(settings: Settings) -> Problems:
    """Somebody must hear the alarms of a production database."""
    if settings.tier == "prod" and settings.provider != "local" and not settings.alarms.emails:
        yield "alarms.emails", "is empty; in prod at least one address must get the alarms"


RULES: tuple[Callable[[Settings], Problems], ...] = (
    provider_and_backend,
    version,
    readers,
    backend_features,
    serverless,
    storage,
    windows,
    restore,
    services,
    routes,
    jobs,
    references,
    alarms,
)

OF_PROVIDER = {
    "aws": (*CLOUD_RULES, *AWS_RULES, *AWS_EDGE_RULES),
    "gcp": (*CLOUD_RULES, *GCP_RULES, *GCP_EDGE_RULES),
}


def broken(settings: Settings, root: Path) -> Problems:
    """All broken rules of *settings*; *root* is the checkout, where local images are looked up."""
    for rule in (*RULES, *OF_PROVIDER.get(settings.provider, ())):
        yield from rule(settings)
    if settings.provider == "local":
        yield from local_workloads(settings, root)
