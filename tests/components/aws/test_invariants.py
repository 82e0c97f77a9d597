"""Any valid stack file gives a graph that is private, encrypted, protected, watched and backed up; any other one sentence."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from components.config import SettingsError, parse
from tests.components.aws.invariants import broken
from tests.components.aws.stack import EVERYTHING
from tests.components.aws.strategies import stack_files
from tests.recorder import main, record

SLOW_IS_FINE = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(
    max_examples=20, deadline=None, database=None, derandomize=True, phases=[Phase.generate], suppress_health_check=SLOW_IS_FINE
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
    "no such backend": ({"database": {"backend": "cloudsql"}}, "database.backend"),
    "no such key": ({"database": {"reader": 1}}, "database.reader"),
    "version": ({"database": {"version": "12"}}, "database.version"),
    "minor with automatic upgrades": ({"database": {"version": "17.5"}}, "database.auto_minor_upgrade"),
    "upgrade to a bare major": ({"database": {"allow_major_upgrade": True}}, "database.version"),
    "readers": ({"database": {"readers": 16}}, "database.readers"),
    "too few autoscaled readers": (
        {"database": {"readers": 3, "reader_autoscaling": {"max_readers": 2}}}, "database.reader_autoscaling.max_readers",
    ),
    "serverless on rds": ({"database": {"backend": "rds", "serverless": {}}}, "database.serverless"),
    "serverless and a class": (
        {"database": {"serverless": {}, "instance_class": "db.r6g.large"}}, "database.instance_class",
    ),
    "capacities upside down": ({"database": {"serverless": {"min_acu": 8, "max_acu": 4}}}, "database.serverless.min_acu"),
    "pause above zero": (
        {"database": {"serverless": {"min_acu": 1, "auto_pause_seconds": 300}}}, "database.serverless.auto_pause_seconds",
    ),
    "pause with a pooler": (
        {"database": {"pooling": {}, "serverless": {"min_acu": 0, "auto_pause_seconds": 300}}},
        "database.serverless.auto_pause_seconds",
    ),
    "pause with logical replication": (
        {"database": {"parameters": {"rds.logical_replication": "1"}, "serverless": {"min_acu": 0, "auto_pause_seconds": 300}}},
        "database.serverless.auto_pause_seconds",
    ),
    "iops below the step": (
        {"database": {"backend": "rds", "storage": {"size_gib": 100, "iops": 12000}}}, "database.storage.iops",
    ),
    "too few iops": (
        {"database": {"backend": "rds", "storage": {"size_gib": 400, "iops": 3000}}}, "database.storage.iops",
    ),
    "iops on aurora": ({"database": {"storage": {"iops": 12000}}}, "database.storage.iops"),
    "disk upside down": (
        {"database": {"backend": "rds", "storage": {"size_gib": 200, "max_size_gib": 100}}}, "database.storage.max_size_gib",
    ),
    "disk too small": (
        {"database": {"backend": "rds", "storage": {"size_gib": 10, "max_size_gib": 10}}}, "database.storage.size_gib",
    ),
    "io_optimized on rds": (
        {"database": {"backend": "rds", "storage": {"io_optimized": True}}}, "database.storage.io_optimized",
    ),
    "blue/green on aurora": ({"database": {"blue_green": True}}, "database.blue_green"),
    "blue/green with readers": ({"database": {"backend": "rds", "readers": 1, "blue_green": True}}, "database.blue_green"),
    "windows overlap": ({"database": {"maintenance": {"window": "17:30-18:30"}}}, "database.maintenance.window"),
    "two sources": ({"database": {"restore": {"snapshot": "s", "source": "x"}}}, "database.restore"),
    "half a source": ({"database": {"restore": {"source": "x"}}}, "database.restore"),
    "retention of database logs": ({"database": {"log_retention_days": 8}}, "database.log_retention_days"),
    "retention of service logs": ({"services": {"api": {"log_retention_days": 31}}}, "services.api.log_retention_days"),
    "retention of flow logs": ({"network": {"flow_log_retention_days": 2}}, "network.flow_log_retention_days"),
    "public range": ({"network": {"cidr": "8.8.0.0/16"}}, "network.cidr"),
    "range too small": ({"network": {"cidr": "10.0.0.0/24"}}, "network.cidr"),
    "no way out": ({"network": {"nat": "none"}}, "network.interface_endpoints"),
    "too few zones": ({"network": {"zones": ["ap-northeast-1a"]}}, "network.zones"),
    "too few subnets": (
        {"network": {"existing": {"id": "vpc-1", "application_subnets": ["s"], "database_subnets": ["s"]}}},
        "network.existing.database_subnets",
    ),
    "cpu": ({"services": {"api": {"cpu": 0.75}}}, "services.api.cpu"),
    "memory": ({"services": {"api": {"cpu": 1, "memory_mib": 512}}}, "services.api.memory_mib"),
    "root": ({"jobs": {"load": {"user": "0:0"}}}, "jobs.load.user"),
    "user by name": ({"services": {"api": {"user": "app"}}}, "services.api.user"),
    "check slower than its interval": (
        {"services": {"api": {"health_check": {"interval_seconds": 10, "timeout_seconds": 10}}}},
        "services.api.health_check.timeout_seconds",
    ),
    "no container": ({"services": {"api": {"scaling": {"min": 0}}}}, "services.api.scaling.min"),
    "scaling upside down": ({"services": {"api": {"scaling": {"min": 9, "max": 3}}}}, "services.api.scaling.min"),
    "canary": ({"services": {"api": {"traffic": {"mode": "canary", "stable_revision": "r"}}}}, "services.api.traffic.mode"),
    "no host name in prod": ({"services": {"api": {"domain": None}}}, "services.api.domain"),
    "the same route": ({"services": {"web": {"domain": "api.example.com"}}}, "services.web.paths"),
    "no such bucket": ({"services": {"api": {"buckets": ["nowhere"]}}}, "services.api.buckets"),
    "no schedule": ({"jobs": {"load": {"when": "schedule"}}}, "jobs.load.schedule"),
    "two kinds of day": ({"jobs": {"report": {"schedule": "0 1 1 * 1"}}}, "jobs.report.schedule"),
    "not cron": ({"backups": {"schedule": "daily"}}, "backups.schedule"),
    "nobody is told": ({"alarms": {"emails": []}}, "alarms.emails"),
    "not an address": ({"alarms": {"emails": ["ops"]}}, "alarms.emails"),
    "nobody makes the user": ({"jobs": {"migrate": {"database_role": "application"}}}, "jobs"),
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


@pytest.mark.parametrize("case", WRONG)
def test_an_invalid_setting_gives_one_clear_sentence(case: str) -> None:
    change, key = WRONG[case]
    with pytest.raises(SettingsError) as error:
        parse(changed(PROD, change), file="Pulumi.test.yaml")
    lines = [line.removeprefix("Pulumi.test.yaml: ").strip(" -*") for line in str(error.value).splitlines()]
    named = [line for line in lines if line.startswith(key)]
    assert named, str(error.value)
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
    with pytest.raises(SettingsError) as error:
        parse(broken_file, file="Pulumi.test.yaml")
    assert not [key for key in keys if key not in str(error.value)], str(error.value)
