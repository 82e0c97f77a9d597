"""Rules that only Google Cloud makes at the edge: network, cache, load balancer, logs, schedules. Each yields (key, sentence)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from ipaddress import IPv4Network

from components.names import label
from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]

NETWORK = re.compile(r"(https://www\.googleapis\.com/compute/v1/)?projects/[^/\s]+/global/networks/[^/\s]+")
SUBNETWORK = re.compile(r"(https://www\.googleapis\.com/compute/v1/)?projects/[^/\s]+/regions/[^/\s]+/subnetworks/[^/\s]+")
DOCKER = IPv4Network("172.17.0.0/16")
CACHE_VERSIONS = {"redis": ("6", "7.0", "7.2"), "valkey": ("7.2", "8.0", "9.0")}
"""Versions that Memorystore offers (2026-11)."""
LONGEST_LOGS = 3650
"""Days of a log bucket (Cloud Logging)."""
URL_MAP_PATH = re.compile(r"/[^*?#\s]*\*?")
"""A '*' only as the last character, after a '/' (compute.urlMaps, pathRules)."""
ZONE = re.compile(r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
MOST_CERTIFICATES = 15
"""Of one HTTPS proxy."""
LONGEST_CERTIFICATE_NAME = 63
"""Characters of the name in a managed certificate."""
CRON = re.compile(r"[0-9A-Za-z*,/\- ]+")
"""What Cloud Scheduler reads of cron; CronSim knows 'L' and '#' too."""


def existing_network(settings: Settings) -> Problems:
    """Self links, because a name alone does not say which project."""
    given = settings.network.existing
    if given is None:
        return
    if not NETWORK.fullmatch(given.id):
        yield (
            "network.existing.id",
            f"is '{given.id}'; write a self link such as 'projects/my-project/global/networks/main'",
        )
    subnet = given.application_subnets[0]
    if not SUBNETWORK.fullmatch(subnet):
        yield (
            "network.existing.application_subnets",
            f"begins with '{subnet}'; write a self link such as 'projects/my-project/regions/{settings.region}/subnetworks/apps'",
        )
    elif f"/regions/{settings.region}/" not in subnet:
        yield "network.existing.application_subnets", f"begins with '{subnet}', which is not in {settings.region}; name one there"


def addresses(settings: Settings) -> Problems:
    """Cloud SQL cannot answer the range that it uses inside itself (Cloud SQL, private IP)."""
    if settings.network.existing is None and IPv4Network(settings.network.cidr).overlaps(DOCKER):
        yield "network.cidr", f"is '{settings.network.cidr}'; Cloud SQL keeps {DOCKER} for itself, choose another"


def cache_version(settings: Settings) -> Problems:
    """Memorystore knows certain versions of each engine."""
    cache = settings.cache
    if cache and cache.version not in CACHE_VERSIONS[cache.engine]:
        known = ", ".join(CACHE_VERSIONS[cache.engine])
        yield "cache.version", f"is '{cache.version}'; Memorystore has {cache.engine} {known}"


def cdn(settings: Settings) -> Problems:
    """Cloud CDN is a part of the load balancer, which there is for public services with a domain."""
    served = any(service.public and service.domain for service in settings.services.values())
    for name, bucket in settings.buckets.items():
        if bucket.cdn and not served:
            yield (
                f"buckets.{name}.cdn",
                "is true, but there is no public service with a domain whose load balancer could serve it; add one or remove it",
            )


def routes(settings: Settings) -> Problems:
    """What a URL map takes as a path and a managed certificate as a name."""
    for name, service in settings.services.items():
        if not service.public:
            continue
        for path in service.paths:
            if not URL_MAP_PATH.fullmatch(path) or (path.endswith("*") and not path.endswith("/*")):
                yield f"services.{name}.paths", f"has {path!r}; a load balancer takes '*' at the end only, after a '/'"
        if not service.paths:
            yield f"services.{name}.paths", "is empty; write '/*' for all paths, or set public to false"
        if service.domain and len(service.domain) > LONGEST_CERTIFICATE_NAME:
            yield f"services.{name}.domain", f"has {len(service.domain)} characters; a managed certificate takes at most 63"


def load_balancer(settings: Settings) -> Problems:
    """As many certificates as one proxy takes; no path that a bucket behind Cloud CDN takes first."""
    public = {name: service for name, service in settings.services.items() if service.public and service.domain}
    domains = {service.domain for service in public.values()}
    if len(domains) > MOST_CERTIFICATES:
        yield "services", f"have {len(domains)} domains; one load balancer takes {MOST_CERTIFICATES} certificates"
    for bucket in (name for name, bucket in settings.buckets.items() if bucket.cdn):
        for name, service in public.items():
            if {f"/{bucket}", f"/{bucket}/*"} & set(service.paths):
                yield f"services.{name}.paths", f"has '/{bucket}', where the bucket of that name is served; rename one of them"


def dns_zone(settings: Settings) -> Problems:
    """A name, not Route 53's id."""
    zone = settings.ingress.dns_zone
    if zone and not ZONE.fullmatch(zone):
        yield "ingress.dns_zone", f"is '{zone}'; write the name of a managed zone of Cloud DNS, such as 'example-com'"


def tags(settings: Settings) -> Problems:
    """Tags become labels, whose keys begin with a letter; those of Google itself begin with 'goog'."""
    for key in settings.tags:
        if not label(key)[:1].isalpha() or label(key).startswith("goog"):
            yield f"tags.{key}", "becomes a label of Google Cloud, which begins with a letter and not with 'goog'; rename it"


def log_retention(settings: Settings) -> Problems:
    """Cloud Logging keeps logs for at most ten years."""
    days = {"database.log_retention_days": settings.database.log_retention_days}
    days["network.flow_log_retention_days"] = settings.network.flow_log_retention_days
    for group in ("services", "jobs"):
        days |= {f"{group}.{name}.log_retention_days": item.log_retention_days for name, item in getattr(settings, group).items()}
    for key, value in days.items():
        if value > LONGEST_LOGS:
            yield key, f"is {value}; Cloud Logging keeps logs for at most {LONGEST_LOGS} days"


def schedules(settings: Settings) -> Problems:
    """Cloud Scheduler reads plain unix cron."""
    found = {f"jobs.{name}.schedule": job.schedule for name, job in settings.jobs.items() if job.schedule}
    if settings.backups:
        found |= {"backups.schedule": settings.backups.schedule, "backups.drill_schedule": settings.backups.drill_schedule}
    for key, cron in found.items():
        if not CRON.fullmatch(cron) or re.search(r"\dL|\bLW?\b", cron):
            yield key, f"is '{cron}'; Cloud Scheduler knows only digits, names, '*', ',', '-' and '/'"


GCP_EDGE_RULES: tuple[Callable[[Settings], Problems], ...] = (
    existing_network,
    addresses,
    cache_version,
    cdn,
    routes,
    load_balancer,
    dns_zone,
    tags,
    log_retention,
    schedules,
)
