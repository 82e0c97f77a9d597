"""Any valid stack file gives a graph that is private, encrypted, protected, watched and backed up; any other one sentence."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from components.config import SettingsError, parse
from tests.components.gcp.invariants import broken
from tests.components.gcp.stack import EVERYTHING
from tests.components.gcp.strategies import stack_files
from tests.recorder import main, record

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(
    max_examples=15, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=SLOW_IS_FINE
)
@given(stack_files())
def test_every_valid_stack_holds_the_invariants(stack_file: dict[str, Any]) -> None:
    checked = parse(stack_file, file="Pulumi.test.yaml")
    recording = record(main, stack_file)
    assert recording.duplicates == []
    assert broken(recording, checked) == []


PROD: dict[str, Any] = {**EVERYTHING, "tier": "prod"}

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "no such tier": ({"tier": "production"}, "tier"),
    "no such backend": ({"database": {"backend": "aurora"}}, "database.backend"),
    "no such key": ({"database": {"reader": 1}}, "database.reader"),
    "region of another cloud": ({"region": "ap-northeast-1"}, "region"),
    "version": ({"database": {"version": "13"}}, "database.version"),
    "a minor": ({"database": {"version": "17.5", "auto_minor_upgrade": False}}, "database.version"),
    "no such machine": ({"database": {"instance_class": "db.r6g.large"}}, "database.instance_class"),
    "machine of the other edition": ({"database": {"instance_class": "db-perf-optimized-N-2"}}, "database.edition"),
    "edition without its machine": (
        {"database": {"edition": "enterprise-plus", "instance_class": "db-custom-2-8192"}}, "database.edition",
    ),
    "pooling on enterprise": ({"database": {"pooling": {}}}, "database.pooling"),
    "data cache on enterprise": ({"database": {"data_cache": True}}, "database.data_cache"),
    "port": ({"database": {"port": 6432}}, "database.port"),
    "readers": ({"database": {"readers": 16}}, "database.readers"),
    "serverless": ({"database": {"serverless": {}}}, "database.serverless"),
    "a parameter of rds": ({"database": {"parameters": {"rds.force_ssl": "1"}}}, "database.parameters"),
    "a snapshot without its instance": ({"database": {"restore": {"snapshot": "s-1"}}}, "database.restore.snapshot"),
    "two sources": ({"database": {"restore": {"snapshot": "i/1", "source": "x"}}}, "database.restore"),
    "a clone in a network of ours": (
        {"database": {"restore": {"source": "x", "time": "2026-01-15T10:30:00Z"}}}, "database.restore.source",
    ),
    "half a source": ({"database": {"restore": {"source": "x"}}}, "database.restore"),
    "a day that no year has": (
        {"database": {"maintenance": {"deny_period": {"start": "02-30", "end": "03-10"}}}},
        "database.maintenance.deny_period.start",
    ),
    "a denial too long": (
        {"database": {"maintenance": {"deny_period": {"start": "01-01", "end": "06-01"}}}}, "database.maintenance.deny_period",
    ),
    "windows overlap": ({"database": {"maintenance": {"window": "17:30-18:30"}}}, "database.maintenance.window"),
    "no such track": ({"database": {"maintenance": {"track": "week9"}}}, "database.maintenance.track"),
    "people without a login": (
        {"database": {"iam_login": False, "iam_users": ["user:ann@example.com"]}}, "database.iam_users",
    ),
    "no person": ({"database": {"iam_users": ["ann"]}}, "database.iam_users"),
    "disk upside down": ({"database": {"storage": {"size_gib": 200, "max_size_gib": 100}}}, "database.storage.max_size_gib"),
    "too much disk for a shared core": (
        {"database": {"size": "small", "storage": {"size_gib": 20, "max_size_gib": 5000}}}, "database.storage.max_size_gib",
    ),
    "logs for longer than ten years": ({"database": {"log_retention_days": 3651}}, "database.log_retention_days"),
    "public range": ({"network": {"cidr": "8.8.0.0/16"}}, "network.cidr"),
    "docker's range": ({"network": {"cidr": "172.17.0.0/16"}}, "network.cidr"),
    "no self link": (
        {"network": {"existing": {"id": "vpc-1", "application_subnets": ["s"]}}}, "network.existing.id",
    ),
    "a subnet elsewhere": (
        {"network": {"existing": {
            "id": "projects/p/global/networks/n", "application_subnets": ["projects/p/regions/us-east1/subnetworks/s"],
        }}},
        "network.existing.application_subnets",
    ),
    "cpu": ({"services": {"api": {"cpu": 0.5}}}, "services.api.cpu"),
    "memory": ({"services": {"api": {"cpu": 1, "memory_mib": 8192}}}, "services.api.memory_mib"),
    "processor": ({"jobs": {"load": {"architecture": "arm64"}}}, "jobs.load.architecture"),
    "cloud run's own variable": ({"services": {"api": {"environment": {"PORT": "80"}}}}, "services.api.environment"),
    "a key of a secret": ({"services": {"api": {"secrets": {"KEY": "stripe#key"}}}}, "services.api.secrets.KEY"),
    "a secret without a version": ({"services": {"api": {"secrets": {"KEY": "stripe"}}}}, "services.api.secrets.KEY"),
    "too many requests": (
        {"services": {"api": {"scaling": {"requests_per_container": 1001}}}}, "services.api.scaling.requests_per_container",
    ),
    "a start too long": (
        {"services": {"api": {"health_check": {"start_period_seconds": 300}}}}, "services.api.health_check.start_period_seconds",
    ),
    "scaling upside down": ({"services": {"api": {"scaling": {"min": 9, "max": 3}}}}, "services.api.scaling.min"),
    "canary of nothing": ({"services": {"api": {"traffic": {"mode": "canary"}}}}, "services.api.traffic.stable_revision"),
    "no host name in prod": ({"services": {"api": {"domain": None}}}, "services.api.domain"),
    "the same route": ({"services": {"web": {"domain": "api.example.com"}}}, "services.web.paths"),
    "a path that no load balancer takes": ({"services": {"api": {"paths": ["/a*"]}}}, "services.api.paths"),
    "no such bucket": ({"services": {"api": {"buckets": ["nowhere"]}}}, "services.api.buckets"),
    "cdn without a load balancer": (
        {"services": {"api": {"public": False}, "web": {"public": False}}, "buckets": {"media": {"cdn": True}}},
        "buckets.media.cdn",
    ),
    "a zone of route 53": ({"ingress": {"dns_zone": "Z0123456789EXAMPLE00"}}, "ingress.dns_zone"),
    "no such cache": ({"cache": {"engine": "redis", "version": "8"}}, "cache.version"),
    "no schedule": ({"jobs": {"load": {"when": "schedule"}}}, "jobs.load.schedule"),
    "not cron": ({"backups": {"schedule": "daily"}}, "backups.schedule"),
    "nobody is told": ({"alarms": {"emails": []}}, "alarms.emails"),
    "nobody gives the rights": ({"jobs": {"migrate": {"database_role": "application"}}}, "jobs"),
    "name": ({"app": "Shop"}, "app"),
}  # fmt: skip
"""What is wrong with a stack file that is fine otherwise, and the key that the sentence must begin with."""


def changed(below: Any, change: dict[str, Any]) -> dict[str, Any]:
    found = copy.deepcopy(below)
    for key, value in change.items():
        found[key] = (
            changed(found.get(key, {}), value) if isinstance(value, dict) and isinstance(found.get(key, {}), dict) else value
        )
    return found


def sentences(stack_file: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as error:
        parse(stack_file, file="Pulumi.test.yaml")
    return [line.removeprefix("Pulumi.test.yaml: ").strip(" -*") for line in str(error.value).splitlines()]


@pytest.mark.parametrize("case", WRONG)
def test_an_invalid_setting_gives_one_clear_sentence(case: str) -> None:
    change, key = WRONG[case]
    said = sentences(changed(PROD, change))
    named = [line for line in said if line.startswith(f"{key} ") or line.startswith((f"{key}.", f"{key}["))]
    assert named, said
    assert len(named[0]) < 300


@settings(max_examples=60, deadline=None, database=None, derandomize=True)
@given(st.lists(st.sampled_from(sorted(WRONG)), min_size=2, max_size=4, unique=True))
def test_all_that_is_wrong_is_said_at_once(cases: list[str]) -> None:
    """Several mistakes in different blocks: each is named in the same run."""
    keys = {WRONG[case][1] for case in cases}
    roots = [key.split(".")[0] for key in keys]
    if len(set(roots)) < len(cases) or "tier" in roots:  # one may hide the other
        return
    broken_file = PROD
    for case in cases:
        broken_file = changed(broken_file, WRONG[case][0])
    said = "\n".join(sentences(broken_file))
    assert not [key for key in keys if key not in said], said
