"""The ECS cluster."""

from __future__ import annotations

from tests.components.aws.network import network_alone

CLUSTER = "network-cluster"


def test_container_insights_write_to_a_log_group_that_ends() -> None:
    """AWS makes the group itself, for ever, when it is not there first."""
    recording = network_alone(tier="prod")
    cluster = recording.of_type("ecs/cluster:Cluster")[CLUSTER]
    assert cluster.inputs["name"] == "shop-production"
    assert cluster.inputs["settings"] == [{"name": "containerInsights", "value": "enabled"}]
    group = recording.of_type("LogGroup")["network-cluster-insights"]
    assert group.inputs["name"] == "/aws/ecs/containerinsights/shop-production/performance"
    assert group.inputs["retentionInDays"] == 7
    assert [after._name for after in cluster.options.depends_on] == ["network-cluster-insights"]


def test_shells_are_recorded_and_encrypted() -> None:
    recording = network_alone()
    execute = recording.of_type("ecs/cluster:Cluster")[CLUSTER].inputs["configuration"]["executeCommandConfiguration"]
    assert execute["logging"] == "OVERRIDE"
    assert execute["kmsKeyId"].endswith("network-key")
    sessions = recording.of_type("LogGroup")["network-cluster-sessions"].inputs
    assert execute["logConfiguration"] == {"cloudWatchEncryptionEnabled": True, "cloudWatchLogGroupName": sessions["name"]}
    assert sessions["kmsKeyId"].endswith("network-key")


def test_fargate_and_spot() -> None:
    (capacity,) = network_alone().of_type("ClusterCapacityProviders").values()
    assert capacity.inputs["clusterName"] == "shop-dev"
    assert capacity.inputs["capacityProviders"] == ["FARGATE", "FARGATE_SPOT"]
    (strategy,) = capacity.inputs["defaultCapacityProviderStrategies"]
    assert strategy["capacityProvider"] == "FARGATE", "spot only where a service asks for it"


def test_every_log_group_ends_and_is_encrypted() -> None:
    groups = network_alone(tier="prod").of_type("LogGroup")
    assert set(groups) == {"network-flows", "network-cluster-insights", "network-cluster-sessions"}
    assert all(group.inputs["retentionInDays"] and group.inputs["kmsKeyId"] for group in groups.values())
