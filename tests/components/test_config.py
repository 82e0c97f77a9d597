"""Bad stack files: every problem in one sentence, all of them at once, before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.config import SettingsError, _configured, parse
from components.settings.stack import Settings
from components.tiers import TIERS
from tests.components.stack_files import CLOUD, GOOD, OWNER, SERVICE, problems


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
