"""Stack files for Google Cloud, drawn over the whole settings space; every one is valid by construction."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

Settings = dict[str, Any]

NAMES = st.from_regex(r"[a-z](-?[a-z0-9]){0,29}", fullmatch=True)
SOME_NAMES = st.sampled_from(["a", "api", "web-1", "reports", "z" * 30, "a-b-c-d-e-f-g-h-i-j-k-l-m-n-o"])
LOG_RETENTION = st.sampled_from([1, 7, 31, 365, 3650])
CRON = st.sampled_from(["0 3 * * *", "*/15 * * * *", "0 5 1 * *", "30 4 * * 1-5", "0 0 * 1,7 *"])

OWNER_JOB = {"image": "operations:1", "when": "deploy", "database_role": "owner", "watch": ["migrations"]}
"""What gives the application's user its rights; without it no workload may use the database."""
EXISTING = {
    "id": "projects/host/global/networks/shared",
    "application_subnets": ["projects/host/regions/asia-northeast1/subnetworks/run"],
}


def optional(**values: st.SearchStrategy[Any]) -> st.SearchStrategy[Settings]:
    """A block with any of *values*, each there or not."""
    return st.fixed_dictionaries({}, optional=values)


@st.composite
def databases(draw: st.DrawFn) -> Settings:
    """Both editions, with everything that goes together."""
    found: Settings = draw(
        optional(
            name=st.sampled_from(["app", "orders_2"]),
            version=st.sampled_from(["14", "15", "16", "17", "18"]),
            size=st.sampled_from(["small", "medium", "large", "xlarge"]),
            ha=st.booleans(),
            readers=st.integers(0, 3),
            insights=st.sampled_from(["off", "standard", "advanced"]),
            deletion_protection=st.booleans(),
            final_backup=st.booleans(),
            log_retention_days=LOG_RETENTION,
            customer_managed_key=st.booleans(),
            password_version=st.integers(1, 4),
            storage=st.sampled_from([{"size_gib": 20, "max_size_gib": 20}, {"size_gib": 100, "max_size_gib": 1000}]),
            backup=optional(retention_days=st.integers(1, 35), window=st.just("15:00-16:00")),
            maintenance=optional(
                day=st.sampled_from(["mon", "sat"]),
                track=st.sampled_from(["canary", "stable", "week5"]),
                deny_period=st.sampled_from([{"start": "12-20", "end": "01-10"}, {"start": "03-01", "end": "05-15"}]),
            ),
            parameters=st.sampled_from([{}, {"work_mem": "8192", "log_min_duration_statement": "500", "max_connections": "300"}]),
            restore=st.sampled_from([{"snapshot": "shop-old/12345"}, {"source": "shop-old", "time": "2026-01-15T10:30:00Z"}]),
        )
    )
    found["iam_login"] = draw(st.booleans())
    if found["iam_login"]:
        found["iam_users"] = draw(st.sampled_from([[], ["user:ann@example.com", "group:dba@example.com"]]))
    if draw(st.booleans()):
        found["edition"] = "enterprise-plus"
        found |= draw(optional(data_cache=st.booleans(), pooling=optional(max_connections_percent=st.integers(1, 100))))
    elif draw(st.booleans()):
        found["instance_class"] = draw(st.sampled_from(["db-g1-small", "db-custom-2-7680", "db-custom-8-30720"]))
    return found


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
                port=st.sampled_from([80, 3000, 8080]),
                environment=st.just({"LOG_LEVEL": "info"}),
                secrets=st.sampled_from([{"API_KEY": "stripe:3"}, {"TOKEN": "projects/other/secrets/token:1"}]),
                scaling=st.sampled_from([{"min": 0, "max": 1}, {"min": 2, "max": 10, "requests_per_container": 1000}]),
                health_check=optional(path=st.just("/health"), start_period_seconds=st.sampled_from([0, 60, 240])),
                log_retention_days=LOG_RETENTION,
                binary_authorization=st.booleans(),
                traffic=st.sampled_from(
                    [{"mode": "canary", "stable_revision": "api-00007-abc", "percent": 25},
                     {"mode": "pinned", "stable_revision": "api-00007-abc"}]
                ),
                egress_ports=st.sampled_from([[443], [443, 587], []]),
            )
        )  # fmt: skip
        service |= draw(st.sampled_from([{}, {"cpu": 2, "memory_mib": 4096}, {"cpu": 8, "memory_mib": 32768}]))
        service["image"] = draw(st.sampled_from(["api:1", "registry.example.com/team/api@sha256:" + "0" * 64]))
        if tier != "dev" or draw(st.booleans()):
            service["domain"] = f"s{number}.example.com"
            service["paths"] = draw(st.sampled_from([["/*"], ["/rest/*", "/v1/*", "/v1/old", "/v2/*", "/v6"]]))
        else:
            service["paths"] = [f"/s{number}/*"]
        if buckets:
            service["buckets"] = draw(st.lists(st.sampled_from(buckets), unique=True))
        found[name] = service
    return found


@st.composite
def stack_files(draw: st.DrawFn) -> Settings:
    """A whole stack file."""
    tier = draw(st.sampled_from(["dev", "staging", "prod"]))
    cache = optional(
        ha=st.booleans(), size=st.sampled_from(["small", "xlarge"]), snapshot_retention_days=st.sampled_from([0, 35])
    )
    engines = st.sampled_from([{}, {"engine": "redis", "version": "7.0"}, {"engine": "valkey", "version": "8.0"}])
    found: Settings = draw(
        optional(
            environment=NAMES,
            cache=st.builds(lambda block, engine: {**block, **engine}, cache, engines),
            ingress=optional(waf=st.booleans(), dns_zone=st.just("example-com"), log_retention_days=LOG_RETENTION),
            backups=st.one_of(st.none(), optional(deletion_protection=st.booleans(), schedule=CRON, drill_schedule=CRON)),
            tags=st.sampled_from([{}, {"team": "platform", "cost-center": "1234"}]),
        )
    )
    found |= {"app": draw(NAMES), "provider": "gcp", "tier": tier, "database": draw(databases())}
    if tier == "prod" or draw(st.booleans()):
        found["alarms"] = {"emails": ["ops@example.com", "dba@example.com"]}
    found["buckets"] = draw(
        st.dictionaries(
            SOME_NAMES,
            optional(
                versioned=st.booleans(), deletion_protection=st.booleans(), archive_after_days=st.just(60),
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
                {"nat": "none", "flow_logs": False},
                {"private_access": "psc"},
                {"cidr": "192.168.0.0/16", "flow_log_retention_days": 3650},
                {"existing": EXISTING},
            ]
        )
    )
    if "source" in found["database"].get("restore", {}):  # a clone lies in its source's network
        found["network"] = {"existing": EXISTING}
    found["services"] = draw(services(tier, list(found["buckets"])))
    if any(service.get("domain") and service.get("public", True) for service in found["services"].values()):
        for bucket in found["buckets"].values():
            bucket["cdn"] = draw(st.booleans())
    found["jobs"] = {"migrate": OWNER_JOB}
    if draw(st.booleans()):
        job = {"image": "api:1", "when": "schedule", "schedule": draw(CRON), "database": draw(st.booleans())}
        found["jobs"]["nightly-report-of-everything-xy"[:30]] = job
    if draw(st.booleans()):
        found["jobs"]["load"] = {"image": "api:1", "timeout_seconds": 60, "log_retention_days": draw(LOG_RETENTION)}
    return found
