"""Bad stack files: every problem in one sentence, all of them at once, before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import SettingsError, _configured, parse
from components.settings.stack import Settings
from components.tiers import TIERS, merge

GOOD: dict[str, Any] = {"app": "shop", "provider": "local", "tier": "dev"}
CLOUD: dict[str, Any] = {"app": "shop", "provider": "aws", "tier": "dev"}
SERVICE: dict[str, Any] = {"image": "example/api:1", "domain": "api.example.com"}


def problems(root: Path, base: dict[str, Any] = GOOD, **change: Any) -> str:
    with pytest.raises(SettingsError) as error:
        parse(merge(base, change), file="Pulumi.test.yaml", root=root)
    return str(error.value)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"provider": "azure"}, "provider is 'azure'; it must be one of aws, gcp, local."),
        ({"provider": "lokal"}, "provider is 'lokal'; it must be one of aws, gcp, local; did you mean local?"),
        ({"tier": "production"}, "tier is 'production'; it must be one of dev, staging, prod; did you mean prod?"),
        ({"databse": {}}, "databse is not a setting; did you mean database?"),
        ({"database": {"reders": 1}}, "database.reders is not a setting; did you mean database.readers?"),
        ({"database": {"backup": {"days": 1}}}, "database.backup.days is not a setting; known are retention_days, window."),
        ({"database": {"backend": "oracle"}}, "database.backend is 'oracle', but provider local makes PostgreSQL with local"),
        ({"database": {"backend": "cloudsql"}}, "database.backend is 'cloudsql', but provider local makes PostgreSQL with local"),
        ({"database": {"readers": -1}}, "database.readers is -1; it must be at least 0."),
        ({"database": {"readers": 99}}, "database.readers is 99; it must be at most 15."),
        ({"database": {"readers": 9}}, "database.readers is 9; local can have at most 8."),
        ({"database": {"readers": "one"}}, "database.readers is 'one'; it must be a whole number."),
        ({"database": {"ha": "yes"}}, "database.ha is 'yes'; it must be true or false, without quotes."),
        ({"database": {"version": 17.1}}, "put the version in quotes, for example '17.6'."),
        ({"database": {"version": 12}}, "database.version is '12'; choose a major version from 14 to 18."),
        ({"database": {"version": "17.6"}}, "database.auto_minor_upgrade is true while database.version pins the minor 17.6"),
        ({"database": {"serverless": {}}}, "database.serverless is for backend aurora, not local; remove it."),
        ({"database": {"instance_class": "db.r6g.large"}}, "database.instance_class has no meaning on local; remove it."),
        ({"database": {"storage": {"size_gib": 200}}}, "database.storage.max_size_gib is 100, below size_gib 200; raise it."),
        ({"database": {"backup": {"window": "18:00-19:00"}}}, "which overlaps database.backup.window 18:00-19:00; move one"),
        ({"database": {"backup": {"window": "25:00-26:00"}}}, "must look like '17:00-18:00' (UTC)."),
        ({"database": {"restore": {}}}, "database.restore needs snapshot, or source together with time."),
        ({"database": 5}, "database is 5; it must be a block of keys."),
        ({"services": {"api": {"image": "runtime"}}}, "services.api.command is missing; on local there is no image"),
        ({"services": {"api": {"image": "nowhere"}}}, "services.api.image is 'nowhere'; on local it must be a folder"),
        ({"services": {"Api": {"image": "runtime"}}}, "services.Api is 'Api'; it must be lower-case letters"),
        ({"services": {"api": {"image": "runtime", "environment": {"log-level": "x"}}}}, "must be an environment variable name"),
        (
            {"services": {"api": {"image": "runtime", "buckets": ["x"]}}},
            "services.api.buckets names bucket 'x', which is not under",
        ),
        ({"services": {"api": {"image": "runtime", "port": 5432}}}, "services.api.port is 5432, the same as database.port"),
        (
            {"services": {"api": {"image": "runtime", "health_check": {"timeout_seconds": 60}}}},
            "must be less than interval_seconds",
        ),
        ({"services": {"api": {"image": "runtime", "scaling": {"min": 0}}}}, "scaling.min is 0, which only gcp can do"),
        ({"jobs": {"j": {"image": "runtime", "when": "schedule"}}}, "jobs.j.schedule is missing; when is 'schedule'."),
        ({"jobs": {"j": {"image": "runtime", "schedule": "99 * * * *"}}}, "which is not a cron expression"),
        ({"jobs": {"j": {"image": "runtime", "schedule": "* * *"}}}, "must have the five fields of unix cron"),
        ({"jobs": {"j": {"image": "runtime", "watch": ["runtime"]}}}, "jobs.j.watch has no effect while when is 'manual'"),
        ({"backups": {"timezone": "Tokyo"}}, "backups.timezone is 'Tokyo', which is not a time zone name"),
        ({"network": {"cidr": "10.0.0.0/8"}}, "must be a private range of /16 to /20"),
        ({"alarms": {"emails": ["me"]}}, "alarms.emails.0 is 'me'; it must be an e-mail address."),
    ],
)
def test_local_sentences(checkout: Path, change: dict[str, Any], sentence: str) -> None:
    assert sentence in problems(checkout, **change)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"database": {"serverless": {"min_acu": 2, "max_acu": 1}}}, "database.serverless.min_acu is 2.0, above max_acu 1.0"),
        ({"database": {"serverless": {"min_acu": 0.7}}}, "database.serverless.min_acu is 0.7; it must be a multiple of 0.5."),
        ({"database": {"serverless": {"auto_pause_seconds": 600}}}, "auto_pause_seconds needs min_acu 0, which is 0.5"),
        (
            {"database": {"pooling": {}, "serverless": {"min_acu": 0, "auto_pause_seconds": 600}}},
            "auto_pause_seconds never happens with database.pooling",
        ),
        ({"database": {"serverless": {}, "instance_class": "db.r6g.large"}}, "together with database.serverless; remove one"),
        ({"database": {"readers": 3, "reader_autoscaling": {"max_readers": 2}}}, "is 2, below the 3 declared readers"),
        ({"database": {"storage": {"iops": 3000}}}, "database.storage.iops is for backend rds, not aurora; remove it."),
        ({"database": {"backend": "rds", "storage": {"iops": 3000}}}, "iops cannot be chosen below 400 GiB"),
        (
            {"database": {"backend": "rds", "storage": {"size_gib": 400, "max_size_gib": 800, "iops": 3000}}},
            "iops is 3000; from 400 GiB on it must be at least 12000.",
        ),
        ({"database": {"restore": {"snapshot": "a", "time": "2026-01-01T00:00:00Z"}}}, "has both snapshot and source"),
        ({"services": {"api": SERVICE, "web": SERVICE}}, "services.web.paths has '/*', which services.api takes already"),
        ({"services": {"api": {**SERVICE, "traffic": {"mode": "canary"}}}}, "traffic.stable_revision is missing"),
        ({"tier": "prod", "services": {"api": {"image": "a:1"}}}, "services.api.domain is missing; a public service in prod"),
        ({"tier": "prod"}, "alarms.emails is empty; in prod at least one address must get the alarms."),
    ],
)
def test_cloud_sentences(checkout: Path, change: dict[str, Any], sentence: str) -> None:
    assert sentence in problems(checkout, CLOUD, **change)


SMALL = {"cpu": 1, "memory_mib": 2048}
OWNER = {"migrate": {"image": "operations:1", "when": "deploy", "database_role": "owner"}}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"database": {"allow_major_upgrade": True}},
            "database.version is '17' while allow_major_upgrade is true; name the full minor to land on, such as '17.6'",
        ),
        ({"database": {"blue_green": True}}, "database.blue_green is for backend rds, not aurora; remove it."),
        ({"database": {"backend": "rds", "blue_green": True, "readers": 1}}, "blue_green would orphan the 1 readers; set"),
        ({"database": {"backend": "rds", "storage": {"size_gib": 10}}}, "storage.size_gib is 10; RDS needs at least 20."),
        (
            {"database": {"backend": "rds", "storage": {"size_gib": 100, "max_size_gib": 105}}},
            "max_size_gib is 105; make it at least a tenth more than size_gib 100",
        ),
        (
            {"database": {"backend": "rds", "storage": {"size_gib": 400, "max_size_gib": 400, "throughput_mibps": 4000}}},
            "throughput_mibps is 4000; 12000 IOPS allow at most 3000.",
        ),
        (
            {
                "database": {
                    "serverless": {"min_acu": 0, "auto_pause_seconds": 600},
                    "parameters": {"rds.logical_replication": "1"},
                }
            },
            "auto_pause_seconds never happens with rds.logical_replication",
        ),
        ({"services": {"api": {**SERVICE, "cpu": 0.75}}}, "services.api.cpu is 0.75; Fargate has 0.25, 0.5, 1, 2, 4, 8, 16."),
        ({"services": {"api": {**SERVICE, **SMALL, "memory_mib": 1024}}}, "with 1 CPU Fargate has 2048 to 8192 MiB, the nearest"),
        ({"services": {"api": {**SERVICE, "user": "0:0"}}}, "services.api.user is root; choose another number"),
        ({"services": {"api": {**SERVICE, "user": "app"}}}, "services.api.user is 'app'; write numbers, such as '10001'"),
        (
            {"database": {"log_retention_days": 31}},
            "log_retention_days is 31, which CloudWatch does not offer; the nearest is 30.",
        ),
        ({"network": {"nat": "none"}}, "network.interface_endpoints lacks ecr, logs, secretsmanager; without NAT no container"),
        (
            {"network": {"existing": {"id": "vpc-1", "application_subnets": ["a", "b"]}}},
            "network.existing.database_subnets has 0; AWS asks for at least two",
        ),
        ({"network": {"zones": ["ap-northeast-1a"]}}, "network.zones names 1 zones while availability_zones is 2"),
        ({"services": {"api": SERVICE}}, "jobs has none with when 'deploy' and database_role 'owner', which makes the user that"),
        ({"database": {"reader_autoscaling": {"max_readers": 3}}}, "reader_autoscaling needs a reader whose load it can watch"),
        (
            {"operations_image": "ghcr.io/me/operations:1"},
            "is 'ghcr.io/me/operations:1'; Lambda takes it from ECR in",
        ),
        *(
            ({"database": {"instance_class": name}}, f"instance_class is '{name}', which is no class of RDS; write for example")
            for name in ("r6g.large", "db.r6g.huge", "db.r6g", "db.q9.large", "cache.t4g.small")
        ),
        (
            {"database": {"instance_class": "db.t4g.small"}},
            "is 'db.t4g.small'; the smallest of Aurora PostgreSQL is",
        ),
        ({"cache": {"engine": "redis"}}, "cache.version is '8'; ElastiCache has redis 6, 6.2, 7, 7.0, 7.1."),
        (
            {"buckets": {"media": {"archive_after_days": 90, "delete_after_days": 30}}},
            "buckets.media.delete_after_days is 30, not after archive_after_days 90",
        ),
        (
            {"services": {"api": {**SERVICE, "paths": ["/a%20b"]}}},
            "services.api.paths has '/a%20b'; a load balancer takes",
        ),
        ({"services": {"api": {**SERVICE, "paths": []}}}, "services.api.paths is empty; write '/*' for all paths"),
        (
            {"services": {"api": {**SERVICE, "domain": f"{'a' * 60}.example.com"}}},
            "has 72 characters; a certificate of ACM",
        ),
        ({"app": "sg"}, "app is 'sg'; AWS keeps names that begin with 'sg-' for itself, choose another."),
        ({"ingress": {"log_retention_days": 91}}, "ingress.log_retention_days is 91, which CloudWatch does not offer"),
        (
            {"backups": {"schedule": "0 3 1 * 1"}},
            "backups.schedule is not for AWS: '0 3 1 * 1' has a day of the month and a day",
        ),
    ],
)
def test_aws_sentences(checkout: Path, change: dict[str, Any], sentence: str) -> None:
    assert sentence in problems(checkout, CLOUD, **change)


def test_aws_rules_bind_no_other_cloud(checkout: Path) -> None:
    stack = {**CLOUD, "provider": "gcp", "services": {"api": {**SERVICE, "cpu": 0.75}}}
    assert parse(stack, file="f", root=checkout).services["api"].cpu == 0.75


def test_null_turns_an_optional_block_off_as_the_engine_passes_it() -> None:
    """The engine hands a top-level null of the stack file on as an empty text."""
    stack = {"managed-postgres:app": "shop", "managed-postgres:backups": "", "managed-postgres:cache": '{"ha": true}'}
    assert _configured(stack, "managed-postgres") == {"app": "shop", "backups": None, "cache": {"ha": True}}


def test_the_region_is_that_of_pulumis_own_provider(checkout: Path) -> None:
    assert parse(CLOUD, file="f", root=checkout).region == "ap-northeast-1"
    assert parse(CLOUD, file="f", root=checkout, sdk_region="eu-west-1").region == "eu-west-1"
    with pytest.raises(SettingsError, match=r"region is 'us-east-1', but Pulumi's provider works in 'eu-west-1' \(aws:region\)"):
        parse({**CLOUD, "region": "us-east-1"}, file="f", root=checkout, sdk_region="eu-west-1")


def test_all_problems_come_together(checkout: Path) -> None:
    text = problems(checkout, tier="prd", database={"readers": 99, "backend": "aurora"}, services={"api": {"imag": "x"}})
    assert text.splitlines() == [
        "Pulumi.test.yaml has 5 problems:",
        "  - database.backend is 'aurora', but provider local makes PostgreSQL with local; set it to 'local' or remove it.",
        "  - database.readers is 99; it must be at most 15.",
        "  - services.api.imag is not a setting; did you mean services.api.image?",
        "  - services.api.image is missing; add it.",
        "  - tier is 'prd'; it must be one of dev, staging, prod; did you mean prod?",
    ]


def test_missing_essentials_are_named(checkout: Path) -> None:
    with pytest.raises(SettingsError) as error:
        parse({}, file="Pulumi.test.yaml", root=checkout)
    assert "app is missing" in str(error.value)
    assert "provider is missing; choose one of aws, gcp, local." in str(error.value)
    assert "tier is missing; choose one of dev, staging, prod." in str(error.value)


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
@pytest.mark.parametrize("provider", ["aws", "gcp", "local"])
def test_every_tier_of_every_provider_is_complete(checkout: Path, provider: str, tier: str) -> None:
    change = {"provider": provider, "tier": tier, "alarms": {"emails": ["ops@example.com"]}, "cache": {}}
    settings = parse({**GOOD, **change}, file="f", root=checkout)
    dumped = settings.model_dump()
    for row in TIERS:
        if "*" not in row.key:
            value: Any = dumped
            for part in row.key.split("."):
                value = value[part]
            assert value == getattr(row, tier), row.key


def test_prod_keeps_data(checkout: Path) -> None:
    settings = parse({**GOOD, "tier": "prod"}, file="f", root=checkout)
    assert settings.database.deletion_protection
    assert settings.database.final_backup
    assert settings.database.ha
    assert settings.database.backup.retention_days == 30


def test_the_stack_file_wins_over_the_tier(checkout: Path) -> None:
    settings = parse({**GOOD, "tier": "prod", "database": {"readers": 0, "ha": False}}, file="f", root=checkout)
    assert (settings.database.readers, settings.database.ha, settings.database.size) == (0, False, "large")


def test_frontend_and_backend_have_the_guides_checks(checkout: Path) -> None:
    services = {"web": {**SERVICE, "kind": "frontend", "paths": ["/"]}, "api": {**SERVICE}}
    settings = parse({**CLOUD, "services": services, "jobs": OWNER}, file="f", root=checkout)
    api, web = settings.services["api"], settings.services["web"]
    assert (api.port, api.health_check.interval_seconds, api.health_check.timeout_seconds) == (8000, 60, 30)
    assert (api.health_check.healthy_threshold, api.health_check.unhealthy_threshold) == (2, 5)
    assert (web.port, web.health_check.interval_seconds, web.health_check.timeout_seconds) == (80, 30, 10)
    assert (api.health_check.start_period_seconds, web.health_check.start_period_seconds) == (120, 60)


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(max_size=8), lambda inner: st.lists(inner, max_size=3))
KEYS = st.sampled_from([*Settings.model_fields, "nonsense"])


@given(change=st.dictionaries(KEYS, JSON | st.dictionaries(st.text(max_size=8), JSON, max_size=3), max_size=4))
def test_whatever_a_file_says_the_answer_is_settings_or_sentences(change: dict[str, Any]) -> None:
    try:
        parse({**GOOD, **change}, file="Pulumi.test.yaml")
    except SettingsError as error:
        text = str(error)
        assert text.startswith("Pulumi.test.yaml")
