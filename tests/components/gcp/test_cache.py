"""The cache: TLS only, private, with a password or a token; its users and nobody else."""

from __future__ import annotations

from typing import Any

import pytest

from components.gcp import redis, valkey
from components.settings.gcp_edge_rules import CACHE_VERSIONS
from tests.components.gcp.edge import edge
from tests.recorder import Recording, Registered, member_of

CA_FILE = "/etc/managed-postgres/cache-ca/ca.pem"


def instance(recording: Recording, module: str = "redis") -> Registered:
    return recording.of_type(f"gcp:{module}/instance:Instance")["cache-instance"]


def with_valkey(tier: str = "dev", **change: Any) -> Recording:
    return edge(tier, cache={"engine": "valkey", "version": "8.0", **change.pop("cache", {})}, **change)


def written(recording: Recording, role: str) -> str:
    """What the secret of *role* holds; fails for a value that is no Pulumi secret."""
    value = recording.of_type("SecretVersion")[f"cache-secret-cache-{role}-version"].inputs["secretDataWo"]
    assert "4dabf18193072939515e22adb298388d" in value, "is not a Pulumi secret"
    text: str = value["value"]
    return text


def test_redis_takes_neither_plain_connections_nor_strangers() -> None:
    found = instance(edge()).inputs
    assert found["authEnabled"] is True
    assert found["transitEncryptionMode"] == "SERVER_AUTHENTICATION"
    assert found["authorizedNetwork"] == "network-vpc-id"


@pytest.mark.parametrize(("tier", "name"), [("dev", "BASIC"), ("prod", "STANDARD_HA")])
def test_prod_survives_the_loss_of_a_zone(tier: str, name: str) -> None:
    assert instance(edge(tier)).inputs["tier"] == name
    assert instance(with_valkey(tier), "memorystore").inputs["replicaCount"] == (tier == "prod")


def test_redis_is_in_the_range_of_the_private_services() -> None:
    found = instance(edge())
    assert found.inputs["connectMode"] == "PRIVATE_SERVICE_ACCESS"
    assert found.inputs["reservedIpRange"].startswith("shop-dev-services")
    waits: Any = found.options.depends_on
    assert "network-services-connection" in {resource._name for resource in waits}


def test_redis_without_private_services_access_makes_a_peering_of_its_own() -> None:
    found = instance(edge(network={"private_access": "psc"})).inputs
    assert found["connectMode"] == "DIRECT_PEERING"
    assert "reservedIpRange" not in found


@pytest.mark.parametrize(("size", "gib"), [("small", 1), ("xlarge", 26)])
def test_sizes(size: str, gib: int) -> None:
    assert instance(edge(cache={"size": size})).inputs["memorySizeGb"] == gib


def test_every_version_that_the_rules_let_through_is_one_that_google_has() -> None:
    assert set(redis.VERSIONS) == set(CACHE_VERSIONS["redis"])
    assert set(valkey.VERSIONS) == set(CACHE_VERSIONS["valkey"])
    assert instance(edge()).inputs["redisVersion"] == "REDIS_7_2"
    assert instance(with_valkey(), "memorystore").inputs["engineVersion"] == "VALKEY_8_0"


def test_snapshots_are_off_when_asked() -> None:
    assert instance(edge()).inputs["persistenceConfig"]["rdbSnapshotPeriod"] == "TWENTY_FOUR_HOURS"
    off = edge(cache={"snapshot_retention_days": 0})
    assert instance(off).inputs["persistenceConfig"] == {"persistenceMode": "DISABLED"}
    kept = with_valkey(cache={"snapshot_retention_days": 3})
    assert instance(kept, "memorystore").inputs["automatedBackupConfig"]["retention"] == "259200s"
    assert "automatedBackupConfig" not in instance(with_valkey(cache={"snapshot_retention_days": 0}), "memorystore").inputs


@pytest.mark.parametrize(("module", "recording"), [("redis", edge), ("memorystore", with_valkey)])
def test_a_cache_is_never_in_the_way_of_its_replacement(module: str, recording: Any) -> None:
    """Both protections are on by default at Google, its name is fixed, and it holds nothing that is not elsewhere too."""
    found = instance(recording("prod"), module)
    key = "deletionProtection" if module == "redis" else "deletionProtectionEnabled"
    assert found.inputs[key] is False
    assert found.options.delete_before_replace
    assert not found.options.protect


def test_a_full_cache_drops_what_is_not_used() -> None:
    assert instance(edge()).inputs["redisConfigs"] == {"maxmemory-policy": "allkeys-lru"}
    assert instance(with_valkey(), "memorystore").inputs["engineConfigs"] == {"maxmemory-policy": "allkeys-lru"}


def test_a_service_gets_the_contracts_variables() -> None:
    outputs = edge().outputs
    plain = outputs["api environment"]
    assert (plain["REDIS_HOST"], plain["REDIS_PORT"], plain["REDIS_TLS"]) == ("cache-instance.host", "5432", "true")
    assert plain["REDIS_SSL_ROOT_CERT"] == CA_FILE
    assert outputs["api secrets"] == {
        "REDIS_PASSWORD": ["shop-dev-cache-password", "cache-secret-cache-password-version.version"],
        "REDIS_URL": ["shop-dev-cache-url", "cache-secret-cache-url-version.version"],
    }
    assert outputs["api files"] == {CA_FILE: ["shop-dev-cache-ca", "cache-secret-cache-ca-version.version"]}
    assert outputs["cache"] == "cache-instance.host:5432"


def test_the_secrets_hold_what_a_client_needs() -> None:
    recording = edge()
    assert written(recording, "password") == "cache-instance.auth_string"
    assert written(recording, "url") == "rediss://:cache-instance.auth_string@cache-instance.host:5432/0"
    assert written(recording, "ca") == "cache-instance.ca\n"


def test_only_granted_services_reach_it() -> None:
    recording = edge()
    openings = {item.name: item.inputs for item in recording.of_type("Firewall").values() if item.name.endswith("-cache-egress")}
    assert set(openings) == {"service-api-cache-egress", "service-worker-cache-egress"}, "web has cache: false"
    assert openings["service-api-cache-egress"]["destinationRanges"] == ["cache-instance.host/32"]
    assert openings["service-api-cache-egress"]["allows"] == [{"protocol": "tcp", "ports": ["5432"]}]
    readers = {item.inputs["member"] for item in recording.of_type("SecretIamMember").values()}
    assert readers == {member_of("service-api-identity"), member_of("service-worker-identity")}


def test_a_service_waits_for_its_rights() -> None:
    waits = set(edge().outputs["api waits"])
    secrets = {f"service-api-cache-secret-cache-{role}" for role in ("password", "url", "ca")}
    assert waits >= {"service-api-cache-egress", *secrets}
    assert "service-api-cache-login" in with_valkey().outputs["api waits"]


def test_valkey_knows_no_password() -> None:
    recording = with_valkey()
    found = instance(recording, "memorystore").inputs
    assert (found["authorizationMode"], found["transitEncryptionMode"]) == ("IAM_AUTH", "SERVER_AUTHENTICATION")
    assert recording.outputs["api secrets"] == {}
    right = recording.of_type("iAMMember:IAMMember")["service-api-cache-login"].inputs
    assert right["role"] == "roles/memorystore.dbConnectionUser"
    assert right["condition"]["expression"] == "resource.name == 'cache-instance.name'", "this instance and no other"


def test_valkey_is_a_single_shard_that_any_client_can_use() -> None:
    found = instance(with_valkey(), "memorystore").inputs
    assert (found["mode"], found["shardCount"]) == ("CLUSTER_DISABLED", 1)


def test_valkeys_address_is_the_one_that_takes_writes() -> None:
    recording = with_valkey()
    assert recording.outputs["api environment"]["REDIS_HOST"] == "cache-instance.primary"
    assert recording.outputs["cache"] == "cache-instance.primary:6379"
    assert written(recording, "ca") == "cache-instance.ca\ncache-instance.root\n"


def test_valkeys_way_in_is_made_first_and_in_our_network_only() -> None:
    recording = with_valkey()
    policy = recording.of_type("ServiceConnectionPolicy")["cache-connections"].inputs
    assert (policy["serviceClass"], policy["network"]) == ("gcp-memorystore", "network-vpc-id")
    assert policy["pscConfig"]["subnetworks"]
    found = instance(recording, "memorystore")
    waits: Any = found.options.depends_on
    assert "cache-connections" in {resource._name for resource in waits}
    assert found.inputs["desiredAutoCreatedEndpoints"][0]["network"] == "network-vpc-id"
    subnet = "projects/p/regions/asia-northeast1/subnetworks/apps"
    existing = {"id": "projects/p/global/networks/theirs", "application_subnets": [subnet]}
    assert not with_valkey(network={"existing": existing}).of_type("ServiceConnectionPolicy")


def test_what_google_has_not_said_yet_is_no_error() -> None:
    """In a preview, and with a provider that answers late."""
    assert valkey.primary(None) == valkey.chain(None) == ""
    assert valkey.primary([type("Endpoint", (), {"connections": None})()]) == ""
