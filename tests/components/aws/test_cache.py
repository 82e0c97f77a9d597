"""The cache: encrypted, with a token that only its users can read, versions that do not drift."""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.aws.cache import engine_version, family
from components.settings.platform import CacheSettings
from tests.components.aws.edge import edge
from tests.recorder import Recording

SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:cache-secret"


def group(recording: Recording) -> dict[str, Any]:
    return recording.of_type("ReplicationGroup")["cache-replication-group"].inputs


def opened(value: Any) -> Any:
    """What is inside a Pulumi secret; fails for a plain value."""
    assert isinstance(value, dict), "is not a Pulumi secret"
    assert "4dabf18193072939515e22adb298388d" in value, "is not a Pulumi secret"
    return value["value"]


def test_it_is_encrypted_on_disk_and_on_the_wire() -> None:
    found = group(edge())
    assert found["atRestEncryptionEnabled"]
    assert found["kmsKeyId"].endswith(":cache-key")
    assert found["transitEncryptionEnabled"]
    opened(found["authToken"])


@pytest.mark.parametrize(("tier", "nodes"), [("dev", 1), ("prod", 2)])
def test_prod_survives_the_loss_of_a_zone(tier: str, nodes: int) -> None:
    found = group(edge(tier))
    assert found["numCacheClusters"] == nodes
    assert found["automaticFailoverEnabled"] is found["multiAzEnabled"] is (nodes > 1)


@pytest.mark.parametrize(
    ("engine", "version", "minor", "parameters"),
    [
        ("valkey", "8", "8.2", "valkey8"),
        ("valkey", "7", "7.2", "valkey7"),
        ("redis", "7", "7.1", "redis7"),
        ("redis", "6", "6.2", "redis6.x"),
        ("valkey", "8.0", "8.0", "valkey8"),
        ("valkey", "9", "9.1", "valkey9"),
    ],
)
def test_the_engine_version_is_always_a_full_one(engine: Any, version: str, minor: str, parameters: str) -> None:
    """terraform-provider-aws#41210: Valkey without a version, or with a bare major, is refused."""
    settings = CacheSettings(engine=engine, version=version, ha=False)
    assert (engine_version(settings), family(settings)) == (minor, parameters)


def test_no_minor_upgrade_of_itself_can_look_like_a_downgrade() -> None:
    """The provider recreates a cache whose version is ahead of the program's, and its data is gone."""
    assert group(edge())["autoMinorVersionUpgrade"] is False


def test_its_fixed_name_is_free_before_a_new_one_takes_it() -> None:
    recording = edge()
    assert group(recording)["replicationGroupId"] == "shop-dev-cache"
    assert recording.of_type("ReplicationGroup")["cache-replication-group"].options.delete_before_replace
    assert len(group(edge(app="a" * 30, environment="b" * 30))["replicationGroupId"]) <= 40


def test_at_a_major_upgrade_the_new_parameter_group_stands_beside_the_old_one() -> None:
    names = {
        version: edge(cache={"version": version}).of_type("elasticache/parameterGroup:ParameterGroup")["cache-parameters"]
        for version in ("7", "8")
    }
    assert names["7"].inputs["name"] != names["8"].inputs["name"]
    assert not names["8"].options.delete_before_replace
    redis = edge(cache={"engine": "redis", "version": "6"}).of_type("elasticache/parameterGroup:ParameterGroup")
    assert redis["cache-parameters"].inputs["name"] == "shop-dev-cache-redis6-x", "AWS takes letters, digits and hyphens"


def test_it_is_in_the_database_subnets() -> None:
    subnets = edge().of_type("elasticache/subnetGroup:SubnetGroup")["cache-subnets"].inputs["subnetIds"]
    assert subnets
    assert all(subnet.startswith("network-database-") for subnet in subnets)


@pytest.mark.parametrize(("size", "node"), [("small", "cache.t4g.small"), ("xlarge", "cache.r7g.xlarge")])
def test_sizes(size: str, node: str) -> None:
    assert group(edge(cache={"size": size}))["nodeType"] == node


def test_snapshots_are_kept_as_long_as_asked() -> None:
    found = group(edge(cache={"snapshot_retention_days": 3}))
    assert (found["snapshotRetentionLimit"], found["snapshotWindow"]) == (3, "17:00-18:00")
    assert found["maintenanceWindow"] == "sun:18:30-sun:19:30", "does not overlap"


def test_both_logs_have_a_group_with_an_end() -> None:
    recording = edge()
    logs = {item["logType"]: item for item in group(recording)["logDeliveryConfigurations"]}
    assert set(logs) == {"slow-log", "engine-log"}
    for kind, item in logs.items():
        made = recording.of_type("LogGroup")[f"cache-{kind}"].inputs
        assert item["destination"] == made["name"] == f"/aws/elasticache/shop-dev-cache/{kind}"
        assert made["retentionInDays"] == 30
        assert made["kmsKeyId"].endswith(":network-key")


def test_the_secret_says_all_that_a_client_needs_and_is_no_plain_text() -> None:
    recording = edge("prod")
    secret = recording.of_type("secretsmanager/secret:Secret")["cache-secret"].inputs
    assert secret["name"] == "shop/production/cache"
    assert secret["kmsKeyId"].endswith(":cache-key")
    version = recording.of_type("SecretVersion")["cache-secret-version"].inputs
    value = json.loads(opened(version["secretString"]))
    assert set(value) == {"host", "port", "password", "url"}
    assert value["url"].startswith("rediss://:"), "TLS"
    assert value["url"].endswith(f"@{value['host']}:{value['port']}/0")


def test_the_token_is_one_that_elasticache_accepts() -> None:
    """16 to 128 printable characters, and none that a URL would have to quote."""
    token = edge().of_type("RandomPassword")["cache-token"].inputs
    assert 16 <= token["length"] <= 128
    assert token["special"] is False


def test_a_service_gets_the_contracts_variables() -> None:
    outputs = edge().outputs
    plain, secrets = outputs["api environment"], outputs["api secrets"]
    assert plain["REDIS_HOST"] == "cache-replication-group.primary_endpoint_address"
    assert (plain["REDIS_PORT"], plain["REDIS_TLS"]) == ("6379", "true")
    assert secrets == {"REDIS_PASSWORD": [SECRET, "password"], "REDIS_URL": [SECRET, "url"]}
    assert outputs["cache"] == "cache-replication-group.primary_endpoint_address:6379"


def test_a_new_token_starts_the_containers_anew() -> None:
    """``valueFrom`` is read at the start of a task only; the version in a variable makes a new task definition."""
    assert edge().outputs["api environment"]["REDIS_SECRET_VERSION"] == "cache-secret-version.version_id"
    assert group(edge())["authTokenUpdateStrategy"] == "ROTATE", "until then the old token is good as well"


def test_only_granted_services_reach_it() -> None:
    recording = edge()
    rules = recording.of_type("SecurityGroupIngressRule").values()
    let_in = {rule.inputs["referencedSecurityGroupId"] for rule in rules if rule.inputs["securityGroupId"].startswith("cache-")}
    assert let_in == {"service-api-security-group-id", "service-worker-security-group-id"}, "web has cache: false"
    leaving = recording.of_type("SecurityGroupEgressRule")["service-api-cache-egress"].inputs
    assert leaving["securityGroupId"] == "service-api-security-group-id"
    assert (leaving["fromPort"], leaving["toPort"]) == (6379, 6379)
    assert not [rule for rule in recording.of_type("SecurityGroupEgressRule").values() if rule.name.startswith("cache-")]


def test_another_port_is_the_same_everywhere() -> None:
    recording = edge(cache={"port": 6380})
    assert group(recording)["port"] == 6380
    assert recording.outputs["api environment"]["REDIS_PORT"] == "6380"
    assert recording.of_type("SecurityGroupIngressRule")["service-api-cache-ingress"].inputs["fromPort"] == 6380
