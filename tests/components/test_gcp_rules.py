"""What Google Cloud would refuse is one sentence before anything is made."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from components.config import ROOT, SettingsError, parse
from components.settings.stack import Settings
from components.settings.table import rows
from tests.components.stack_files import CLOUD, OWNER, SERVICE, problems

GOOGLE: dict[str, Any] = {**CLOUD, "provider": "gcp"}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            {"region": "ap-northeast-1"},
            "region is 'ap-northeast-1', which is no region of Google Cloud; write for example",
        ),
        (
            {"database": {"version": "17.6", "auto_minor_upgrade": False}},
            "database.version is '17.6'; Cloud SQL takes major versions only, write '17'.",
        ),
        ({"database": {"version": "13"}}, "database.version is '13'; choose a major version from 14 to 18."),
        ({"database": {"instance_class": "db.r6g.large"}}, "is 'db.r6g.large', which is no machine type of Cloud SQL; write for"),
        (
            {"database": {"instance_class": "db-perf-optimized-N-2"}},
            "database.edition is 'enterprise', but db-perf-optimized-N-2 is a machine type of 'enterprise-plus'; change one",
        ),
        (
            {"database": {"edition": "enterprise-plus", "instance_class": "db-custom-2-8192"}},
            "database.edition is 'enterprise-plus', but db-custom-2-8192 is a machine type of 'enterprise'; change one of them.",
        ),
        ({"database": {"pooling": {}}}, "database.pooling needs database.edition 'enterprise-plus', not 'enterprise'; change"),
        ({"database": {"data_cache": True}}, "database.data_cache needs database.edition 'enterprise-plus'"),
        ({"database": {"storage": {"max_size_gib": 4000}}}, "max_size_gib is 4000; db-f1-micro shares a core and takes at most"),
        (
            {"database": {"edition": "enterprise-plus", "instance_class": "db-c4a-highmem-4", "storage": {"size_gib": 10}}},
            "database.storage.size_gib is 10; db-c4a-highmem-4 needs at least 20.",
        ),
        ({"database": {"port": 5433}}, "database.port is 5433; Cloud SQL always listens on 5432, remove it."),
        ({"database": {"parameters": {"rds.force_ssl": "1"}}}, "parameters has rds.force_ssl, which is no flag of Cloud SQL;"),
        (
            {"database": {"maintenance": {"deny_period": {"start": "12-01", "end": "04-01"}}}},
            "deny_period is 122 days long; Cloud SQL takes at most 90, bring start and end nearer together.",
        ),
        (
            {"database": {"maintenance": {"deny_period": {"start": "02-31", "end": "03-10"}}}},
            "deny_period.start is '02-31', a day that no year has; change it.",
        ),
        (
            {"database": {"iam_login": False, "iam_users": ["user:ann@example.com"]}},
            "database.iam_users names people while database.iam_login is false",
        ),
        ({"database": {"iam_users": ["ann@example.com"]}}, "it must be such as 'user:ann@example.com' or 'group:on-call@example"),
        ({"database": {"readers": 11}}, "database.readers is 11; cloudsql can have at most 10."),
        ({"database": {"serverless": {}}}, "database.serverless is for backend aurora, not cloudsql; remove it."),
        ({"services": {"api": {**SERVICE, "cpu": 0.5}}}, "services.api.cpu is 0.5; Cloud Run has 1, 2, 4, 6, 8."),
        (
            {"services": {"api": {**SERVICE, "memory_mib": 8192}}},
            "memory_mib is 8192; with 1 CPU Cloud Run takes 512 to 4096 MiB.",
        ),
        ({"services": {"api": {**SERVICE, "architecture": "arm64"}}}, "architecture is 'arm64'; Cloud Run has x86_64 only."),
        ({"services": {"api": {**SERVICE, "environment": {"PORT": "1"}}}}, "has PORT, which Cloud Run sets itself; remove it."),
        (
            {"services": {"api": {**SERVICE, "secrets": {"KEY": "payments"}}}},
            "secrets.KEY is 'payments'; write its version too, such as 'payments:1', so that a revision never changes by itself.",
        ),
        ({"services": {"api": {**SERVICE, "secrets": {"KEY": "payments#key"}}}}, "Cloud Run passes whole secrets, so make one"),
        (
            {"services": {"api": {**SERVICE, "scaling": {"requests_per_container": 2000}}}},
            "requests_per_container is 2000; Cloud Run takes at most 1000.",
        ),
        (
            {"services": {"api": {**SERVICE, "health_check": {"start_period_seconds": 300}}}},
            "start_period_seconds is 300; Cloud Run takes at most 240.",
        ),
        (
            {"services": {"api": {**SERVICE, "traffic": {"mode": "canary"}}}},
            "services.api.traffic.stable_revision is missing; mode 'canary' needs it.",
        ),
        (
            {"services": {"api": {**SERVICE, "paths": ["/a*"]}}},
            "has '/a*'; a load balancer takes '*' at the end only, after",
        ),
        ({"services": {"api": {**SERVICE, "paths": ["/a?"]}}}, "has '/a?'; a load balancer takes '*' at the end only"),
        ({"services": {"api": SERVICE}}, "jobs has none with when 'deploy' and database_role 'owner', which gives its rights to"),
        ({"buckets": {"media": {"cdn": True}}}, "buckets.media.cdn is true, but there is no public service with a domain"),
        (
            {"ingress": {"dns_zone": "Z0123"}},
            "ingress.dns_zone is 'Z0123'; write the name of a managed zone of Cloud DNS, such as",
        ),
        (
            {"database": {"restore": {"snapshot": "rds:daily"}}},
            "database.restore.snapshot is 'rds:daily'; write '<instance>/<backup id>' as in gcloud sql backups list",
        ),
        (
            {"services": {"api": {**SERVICE, "paths": ["/media/*"]}}, "buckets": {"media": {"cdn": True}}},
            "services.api.paths has '/media', where the bucket of that name is served; rename one of them.",
        ),
        (
            {"services": {f"api{number}": {**SERVICE, "domain": f"api{number}.example.com"} for number in range(16)}},
            "services have 16 domains; one load balancer takes 15 certificates.",
        ),
        (
            {"database": {"restore": {"source": "shop-prod", "time": "2026-01-15T10:30:00Z"}}},
            "database.restore.source makes a copy in the network of its source; name that network under network.existing",
        ),
        (
            {"database": {"parameters": {"cloudsql.iam_authentication": "off"}}},
            "database.parameters has cloudsql.iam_authentication, which database.iam_login sets; remove it.",
        ),
        ({"alarms": {"free_storage_gib": 100}}, "is 100; a disk of 20 GiB grows when 5 are left, so write 5 at most."),
        (
            {"tags": {"1st": "a"}},
            "tags.1st becomes a label of Google Cloud, which begins with a letter and not with 'goog'; rename",
        ),
        ({"network": {"cidr": "172.17.0.0/16"}}, "network.cidr is '172.17.0.0/16'; Cloud SQL keeps 172.17.0.0/16 for itself"),
        ({"cache": {"version": "8"}}, "cache.version is '8'; Memorystore has redis 6, 7.0, 7.2."),
        ({"cache": {"engine": "valkey", "version": "7.0"}}, "cache.version is '7.0'; Memorystore has valkey 7.2, 8.0"),
        (
            {"network": {"existing": {"id": "vpc-1", "application_subnets": ["a"]}}},
            "network.existing.id is 'vpc-1'; write a self link such as 'projects/my-project/global/networks/main'.",
        ),
        (
            {
                "network": {
                    "existing": {
                        "id": "projects/p/global/networks/n",
                        "application_subnets": ["projects/p/regions/us-east1/subnetworks/s"],
                    }
                }
            },
            "begins with 'projects/p/regions/us-east1/subnetworks/s', which is not in asia-northeast1; name one there.",
        ),
        ({"database": {"log_retention_days": 3653}}, "is 3653; Cloud Logging keeps logs for at most 3650 days."),
        ({"backups": {"schedule": "0 3 L * *"}}, "backups.schedule is '0 3 L * *'; Cloud Scheduler knows only digits, names,"),
    ],
)
def test_a_sentence_names_key_value_and_mend(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    assert sentence in problems(tmp_path, GOOGLE, **change)


def test_all_problems_at_once(tmp_path: Path) -> None:
    text = problems(tmp_path, GOOGLE, database={"port": 5433, "pooling": {}}, cache={"version": "8"})
    assert text.count("\n  - ") == 3


def test_what_is_right_passes(tmp_path: Path) -> None:
    services = {"api": {**SERVICE, "secrets": {"KEY": "payments:3"}, "scaling": {"min": 0}, "paths": ["/users/*", "/healthz"]}}
    database = {"edition": "enterprise-plus", "pooling": {}, "data_cache": True, "iam_users": ["group:dba@example.com"]}
    found = parse({**GOOGLE, "services": services, "jobs": OWNER, "database": database}, file="f", root=tmp_path)
    assert found.services["api"].cpu == 1
    assert found.database.maintenance.track == "canary"


def test_services_without_a_domain_have_an_address_each(tmp_path: Path) -> None:
    services = {name: {"image": "example/app:1"} for name in ("api", "web")}
    assert parse({**GOOGLE, "services": services, "jobs": OWNER}, file="f", root=tmp_path)
    assert "has '/*', which services.api takes already" in problems(tmp_path, CLOUD, services=services, jobs=OWNER)


def mentioned(text: str) -> set[str]:
    """Settings that *text* names, by their last word: `a.b`, or `c` after it in the same cell."""
    return {word for name in re.findall(r"`([^`]+)`", text) for word in re.split(r"[.*/ ]+", name) if word}


def test_a_setting_without_effect_is_documented() -> None:
    """What no file of Google's components reads stands in the README's table."""
    folder = ROOT / "components"
    code = "\n".join(path.read_text() for path in (folder / "gcp").rglob("*.py"))
    code += "".join((folder / name).read_text() for name in ("contract.py", "config.py", "component.py", "names.py"))
    table = (folder / "gcp" / "README.md").read_text().partition("## Settings without effect here")[2]
    keys = [key for key, *_ in rows(Settings, "")]
    silent = {key for key in keys if not re.search(rf"\b{key.rpartition('.')[2]}\b", code)}
    of_aurora = {key for key in keys if re.match(r"database\.(serverless|reader_autoscaling|storage\.(iops|through|io_))", key)}
    assert {key for key in silent - of_aurora if key.rpartition(".")[2] not in mentioned(table)} == set()


def test_the_region_is_pulumis_own(tmp_path: Path) -> None:
    assert parse(GOOGLE, file="f", root=tmp_path, sdk_region="asia-northeast2").region == "asia-northeast2"
    with pytest.raises(SettingsError, match=r"works in 'us-east1' \(gcp:region\); remove one"):
        parse({**GOOGLE, "region": "asia-northeast1"}, file="f", root=tmp_path, sdk_region="us-east1")
