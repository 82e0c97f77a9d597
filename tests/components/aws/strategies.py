"""Stack files for AWS, drawn over the whole settings space; every one is valid by construction."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from components.settings.aws_rules import FARGATE_MEMORY_MIB, LOG_DAYS
from components.tiers import TIERS

Settings = dict[str, Any]

NAMES = st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True)
SOME_NAMES = st.sampled_from(["a", "api", "web-1", "reports", "z" * 30, "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o"])
LOG_RETENTION = st.sampled_from(LOG_DAYS)
CRON = st.sampled_from(["0 3 * * *", "*/15 * * * *", "0 5 1 * *", "30 4 * * 1-5", "0 0 * 1,7 *"])

OWNER_JOB = {"image": "operations:1", "when": "deploy", "database_role": "owner", "watch": ["migrations"]}
"""What makes the application's user; without it no workload may use the database."""


def optional(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Settings]:
    """A block with any of *values*, each there or not."""
    return st.fixed_dictionaries({}, optional=values)


def tier_value(tier: str, key: str) -> Any:
    """The default of *tier* for *key*."""
    return next(getattr(row, tier) for row in TIERS if row.key == key)


@st.composite
def databases(draw: st.DrawFn, tier: str) -> Settings:
    """Aurora, Serverless v2 or RDS, with everything that goes together."""
    rds = draw(st.booleans())
    found: Settings = draw(
        optional(
            size=st.sampled_from(["small", "medium", "large", "xlarge"]),
            ha=st.booleans(),
            readers=st.integers(0, 3),
            port=st.sampled_from([5432, 6432, 1024, 65535]),
            insights=st.sampled_from(["off", "standard", "advanced"]),
            iam_login=st.booleans(),
            deletion_protection=st.booleans(),
            final_backup=st.booleans(),
            apply_immediately=st.booleans(),
            log_retention_days=LOG_RETENTION,
            monitoring_interval_seconds=st.sampled_from([0, 1, 60]),
            password_rotation_days=st.integers(1, 365),
            backup=optional(retention_days=st.integers(1, 35), window=st.just("15:00-16:00")),
            parameters=st.sampled_from(
                [{}, {"log_min_duration_statement": "500", "shared_buffers": "65536", "work_mem": "8192"}]
            ),
            pooling=optional(iam_login=st.booleans(), max_connections_percent=st.integers(1, 100)),
            restore=st.sampled_from([{"snapshot": "s-1"}, {"source": "shop-old", "time": "2026-01-15T10:30:00Z"}]),
        )
    )
    version = draw(st.sampled_from(["14", "15", "16", "17", "18", "17.5"]))
    found |= {"backend": "rds" if rds else "aurora", "version": version, "auto_minor_upgrade": "." not in version}
    if "." in version:
        found["allow_major_upgrade"] = draw(st.booleans())
    readers = found.get("readers", tier_value(tier, "database.readers"))
    if rds:
        _rds(draw, found, readers)
    else:
        _aurora(draw, found, readers)
    return found


def _rds(draw: st.DrawFn, found: Settings, readers: int) -> None:
    found["storage"] = draw(
        st.sampled_from(
            [
                {"size_gib": 20, "max_size_gib": 20},
                {"size_gib": 100, "max_size_gib": 1000},
                {"size_gib": 400, "max_size_gib": 800, "iops": 12000, "throughput_mibps": 500},
            ]
        )
    )
    if readers == 0:
        found["blue_green"] = draw(st.booleans())


def _aurora(draw: st.DrawFn, found: Settings, readers: int) -> None:
    if draw(st.booleans()):
        found["storage"] = {"io_optimized": True}
    if draw(st.booleans()):
        found["reader_autoscaling"] = {"max_readers": max(readers, 1) + draw(st.integers(0, 3))}
    choices: list[Settings] = [{"min_acu": 0.5, "max_acu": 16}, {"min_acu": 2, "max_acu": 2}, {"min_acu": 0, "max_acu": 4}]
    if not found.get("pooling") and "pooling" not in found:
        choices.append({"min_acu": 0, "max_acu": 8, "auto_pause_seconds": 600})
    if draw(st.booleans()):
        found["serverless"] = draw(st.sampled_from(choices))


@st.composite
def sizes(draw: st.DrawFn) -> Settings:
    """A pair of CPU and memory that Fargate has."""
    cpu = draw(st.sampled_from(sorted(FARGATE_MEMORY_MIB)))
    return {"cpu": cpu, "memory_mib": draw(st.sampled_from(FARGATE_MEMORY_MIB[cpu]))}


@st.composite
def services(draw: st.DrawFn, tier: str, buckets: list[str]) -> dict[str, Settings]:
    found: dict[str, Settings] = {}
    for number, name in enumerate(draw(st.lists(SOME_NAMES, max_size=3, unique=True))):
        service = draw(
            optional(
                kind=st.sampled_from(["backend", "frontend"]),
                public=st.booleans(),
                database=st.booleans(),
                cache=st.booleans(),
                spot=st.booleans(),
                exec_access=st.booleans(),
                architecture=st.sampled_from(["x86_64", "arm64"]),
                port=st.sampled_from([80, 3000, 8080]),
                environment=st.just({"LOG_LEVEL": "info"}),
                secrets=st.sampled_from([{"API_KEY": "shop/keys#stripe"}, {"TOKEN": "shop/token"}]),
                scaling=st.sampled_from([{"min": 1, "max": 1}, {"min": 2, "max": 10}]),
                health_check=optional(in_container=st.booleans(), path=st.just("/health")),
                log_retention_days=LOG_RETENTION,
                egress_ports=st.sampled_from([[443], [443, 587], []]),
            )
        )
        service |= {"image": draw(st.sampled_from(["api:1", "registry.example.com/team/api@sha256:" + "0" * 64]))}
        if tier != "dev" or draw(st.booleans()):
            service["domain"] = f"s{number}.example.com"
            service["paths"] = draw(st.sampled_from([["/*"], ["/api/*", "/v1/*", "/v2/*", "/v3/*", "/v4/*", "/v5/*", "/v6"]]))
        else:
            service["paths"] = [f"/s{number}/*"]
        if buckets:
            service["buckets"] = draw(st.lists(st.sampled_from(buckets), unique=True))
        found[name] = {**service, **(draw(sizes()) if draw(st.booleans()) else {})}
    return found


@st.composite
def stack_files(draw: st.DrawFn) -> Settings:
    """A whole stack file."""
    tier = draw(st.sampled_from(["dev", "staging", "prod"]))
    found: Settings = draw(
        optional(
            environment=NAMES,
            cache=optional(
                port=st.sampled_from([6379, 7000]),
                ha=st.booleans(),
                size=st.sampled_from(["small", "xlarge"]),
                snapshot_retention_days=st.sampled_from([0, 35]),
            ),
            ingress=optional(waf=st.booleans(), dns_zone=st.just("Z0123456789EXAMPLE00")),
            backups=st.one_of(
                st.none(), optional(vault=st.booleans(), deletion_protection=st.booleans(), schedule=CRON, drill_schedule=CRON)
            ),
            tags=st.sampled_from([{}, {"team": "platform", "cost-center": "1234"}]),
        )
    )
    found |= {"app": draw(NAMES), "provider": "aws", "tier": tier, "database": draw(databases(tier))}
    if tier == "prod" or draw(st.booleans()):
        found["alarms"] = {"emails": ["ops@example.com"]}
    found["buckets"] = draw(
        st.dictionaries(
            SOME_NAMES,
            optional(
                versioned=st.booleans(), deletion_protection=st.booleans(), cdn=st.booleans(), archive_after_days=st.just(60),
                delete_after_days=st.just(400),
            ),
            max_size=2,
        )
    )  # fmt: skip
    found["network"] = draw(
        st.sampled_from(
            [
                {},
                {"availability_zones": 3, "nat": "per-zone", "cidr": "10.8.0.0/20"},
                {"availability_zones": 2, "nat": "none", "interface_endpoints": ["ecr", "logs", "secretsmanager"]},
                {"zones": ["ap-northeast-1a", "ap-northeast-1c", "ap-northeast-1d"], "flow_logs": False},
                {"existing": {
                    "id": "vpc-0a", "public_subnets": ["subnet-1", "subnet-2"], "application_subnets": ["subnet-3", "subnet-4"],
                    "database_subnets": ["subnet-5", "subnet-6"],
                }},
            ]
        )
    )  # fmt: skip
    found["services"] = draw(services(tier, list(found["buckets"])))
    found["jobs"] = {"migrate": OWNER_JOB}
    if draw(st.booleans()):
        job = {"image": "api:1", "when": "schedule", "schedule": draw(CRON), "database": draw(st.booleans())}
        found["jobs"]["nightly-report-of-everything-xy"[:30]] = job
    if draw(st.booleans()):
        found["jobs"]["load"] = {"image": "api:1", "timeout_seconds": 60, "log_retention_days": draw(LOG_RETENTION)}
    return found
