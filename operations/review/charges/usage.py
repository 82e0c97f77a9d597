"""How much is used of what is charged by use: no program says it, so it is assumed here, and told wherever it counts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Use(NamedTuple):
    """One assumption: so much a month, in each tier."""

    key: str
    sentence: str
    """What a reader is told; ``{}`` is the number."""
    dev: float
    staging: float
    prod: float


USES = (
    #   key                    sentence                                            dev   staging  prod
    Use("database_gib", "{} GiB of data in each database", 10, 20, 100),
    Use("database_io_millions", "{} million reads and writes of a database's storage", 1, 5, 50),
    Use("backup_gib", "{} GiB of database backups beyond the free part", 0, 20, 100),
    Use("nat_gib", "{} GiB through each NAT", 5, 20, 50),
    Use("endpoint_gib", "{} GiB through each endpoint", 1, 5, 20),
    Use("balancer_units", "{} capacity units of the load balancer on average", 0.1, 0.2, 1),
    Use("balancer_gib", "{} GiB through the load balancer", 1, 5, 100),
    Use("requests_millions", "{} million requests", 0.1, 0.5, 10),
    Use("bucket_gib", "{} GiB in each bucket", 1, 5, 50),
    Use("cdn_gib", "{} GiB delivered by the CDN", 1, 10, 100),
    Use("image_gib", "{} GiB of images in each repository", 1, 1, 3),
    Use("log_gib", "{} GiB taken in by each log", 0.1, 0.2, 1),
    Use("job_minutes", "{} minutes for each run of a job", 10, 10, 10),
    Use("job_runs", "{} runs of each job that has no schedule", 20, 20, 20),
    Use("function_seconds", "{} seconds of the function", 60, 60, 60),
    Use("busy_hours", "{} hours in which a service answers requests", 20, 60, 360),
)
"""Small, and said aloud: a team that knows its own use gives it to the estimate."""

_BY_KEY = {use.key: use for use in USES}


def assumed(key: str, tier: str, known: Mapping[str, float]) -> tuple[float, str]:
    """How much of *key* is used in a stack of *tier*, and the sentence for it; what the caller knows wins."""
    use = _BY_KEY[key]
    amount = known.get(key, getattr(use, tier, use.prod))
    return float(amount), use.sentence.format(f"{amount:g}")
