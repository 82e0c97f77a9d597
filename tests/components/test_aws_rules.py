"""What AWS would refuse is one sentence before anything is made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from components.config import parse
from tests.components.stack_files import CLOUD, OWNER, SERVICE, problems

SMALL = {"cpu": 1, "memory_mib": 2048}


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
        ({"services": {"api": SERVICE}}, "jobs has none with when 'deploy' and database_role 'owner', which gives its rights to"),
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
    stack = {**CLOUD, "provider": "gcp", "services": {"api": {**SERVICE, "cpu": 6, "memory_mib": 4096}}, "jobs": OWNER}
    assert parse(stack, file="f", root=checkout).services["api"].cpu == 6
