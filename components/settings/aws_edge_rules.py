"""Rules that only AWS makes at the edge: cache, buckets, load balancer, names. Each yields (key, sentence) for what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from components.settings.stack import Settings

Problems = Iterator[tuple[str, str]]

CACHE_VERSIONS = {"valkey": ("7", "7.2", "8", "8.0", "8.1", "8.2", "9", "9.0", "9.1"), "redis": ("6", "6.2", "7", "7.0", "7.1")}
"""Versions that ElastiCache offers (2026-11). The default, 8, is Valkey's; Redis ends at 7.1."""
ALB_PATH = re.compile(r"/[A-Za-z0-9_\-.$/~\"'@:+&()!,;=*?]{0,127}")
"""What a path pattern of a load balancer may hold (ELB API reference, path-pattern)."""
LONGEST_CERTIFICATE_NAME = 64
"""Characters of the first name of an ACM certificate."""
RESERVED = ("internal", "sg", "sthree", "amzn-s3-demo")
"""AWS keeps names that begin so for itself: load balancers, security groups, buckets."""


def cache_version(settings: Settings) -> Problems:
    """ElastiCache knows certain versions of each engine."""
    cache = settings.cache
    if cache and cache.version not in CACHE_VERSIONS[cache.engine]:
        known = ", ".join(CACHE_VERSIONS[cache.engine])
        yield "cache.version", f"is '{cache.version}'; ElastiCache has {cache.engine} {known}"


def bucket_ages(settings: Settings) -> Problems:
    """S3 refuses to delete before it archives."""
    for name, bucket in settings.buckets.items():
        archive, delete = bucket.archive_after_days, bucket.delete_after_days
        if archive is not None and delete is not None and delete <= archive:
            yield (
                f"buckets.{name}.delete_after_days",
                f"is {delete}, not after archive_after_days {archive}; raise it or remove archive_after_days",
            )


def ingress_routes(settings: Settings) -> Problems:
    """What a load balancer takes as a path and ACM as a name."""
    for name, service in settings.services.items():
        if not service.public:
            continue
        for path in service.paths:
            if not ALB_PATH.fullmatch(path):
                yield (
                    f"services.{name}.paths",
                    f"has {path!r}; a load balancer takes at most 128 plain characters, '*' and '?' as wildcards",
                )
        if not service.paths:
            yield f"services.{name}.paths", "is empty; write '/*' for all paths, or set public to false"
        if service.domain and len(service.domain) > LONGEST_CERTIFICATE_NAME:
            yield f"services.{name}.domain", f"has {len(service.domain)} characters; a certificate of ACM takes at most 64"


def app_name(settings: Settings) -> Problems:
    """Physical names begin with the app's name and a hyphen."""
    for word in RESERVED:
        if f"{settings.app}-".startswith(f"{word}-"):
            yield "app", f"is '{settings.app}'; AWS keeps names that begin with '{word}-' for itself, choose another"


AWS_EDGE_RULES: tuple[Callable[[Settings], Problems], ...] = (cache_version, bucket_ages, ingress_routes, app_name)
