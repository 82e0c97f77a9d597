"""Services: rolled out safely, scaled by choice, found by name."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.aws.stack import aws_stack
from tests.recorder import Registered

SCALED = {"services": {"api": {"scaling": {"min": 2, "max": 6}}}}
FIXED = {"services": {"api": {"scaling": {"min": 2, "max": 2}}}}


def service(name: str = "api", tier: str = "dev", **change: Any) -> Registered:
    return aws_stack(tier, **change).of_type("ecs/service:Service")[f"service-{name}-ecs"]


def needs(resource: Registered) -> set[str]:
    """Names of what *resource* explicitly waits for."""
    found = resource.options.depends_on or []
    return {item._name for item in (found if isinstance(found, list) else [found])}  # type: ignore[union-attr]


def test_complaint_24_a_bad_version_is_rolled_back_and_then_looked_at() -> None:
    assert service().inputs["deploymentCircuitBreaker"] == {"enable": True, "rollback": True}
    assert service().inputs["waitForSteadyState"] is True
    assert service().options.custom_timeouts.create == "20m"  # type: ignore[union-attr]
    for tier in ("dev", "prod"):
        checks = aws_stack(tier).of_type("aws:DeploymentCheck")
        assert set(checks) == {f"service-{name}-deployment" for name in ("api", "web", "worker")}
        looked = checks["service-api-deployment"].inputs
        assert looked["task_definition"] == service(tier=tier).inputs["taskDefinition"]
        assert looked["service"] == "api"


@pytest.mark.parametrize(("tier", "least"), [("dev", 50), ("staging", 50), ("prod", 100)])
def test_a_roll_out_keeps_enough_containers(tier: str, least: int) -> None:
    found = service(tier=tier).inputs
    assert (found["deploymentMinimumHealthyPercent"], found["deploymentMaximumPercent"]) == (least, 200)
    assert found["availabilityZoneRebalancing"] == "ENABLED"


def test_complaint_23_the_count_is_ignored_only_with_autoscaling() -> None:
    assert service(**SCALED).options.ignore_changes == ["desired_count"]
    assert service(**SCALED).inputs["desiredCount"] == 2
    assert not service(**FIXED).options.ignore_changes
    assert service(**FIXED).inputs["desiredCount"] == 2


def test_autoscaling_by_cpu_memory_and_requests() -> None:
    stack = aws_stack(**SCALED)
    target = stack.of_type(":Target")["service-api-scaling"].inputs
    assert (target["minCapacity"], target["maxCapacity"]) == (2, 6)
    assert target["resourceId"] == "service/shop-dev/api"
    policies = {name: found.inputs for name, found in stack.of_type("appautoscaling/policy:Policy").items()}
    held = {
        name.removeprefix("service-api-scaling-"): policy["targetTrackingScalingPolicyConfiguration"]
        for name, policy in policies.items()
        if name.startswith("service-api-")
    }
    assert {role: policy["targetValue"] for role, policy in held.items()} == {"cpu": 70, "memory": 75, "requests": 8000}
    assert all((policy["scaleOutCooldown"], policy["scaleInCooldown"]) == (60, 300) for policy in held.values())
    label = held["requests"]["predefinedMetricSpecification"]["resourceLabel"]
    assert label == "ingress-load-balancer.arn_suffix/service-api-target-group.arn_suffix"


def test_an_internal_service_scales_without_requests() -> None:
    stack = aws_stack(services={"worker": {"scaling": {"min": 1, "max": 3}}})
    policies = {name for name in stack.of_type("appautoscaling/policy:Policy") if name.startswith("service-worker-")}
    assert policies == {"service-worker-scaling-cpu", "service-worker-scaling-memory"}


def test_without_autoscaling_there_is_none() -> None:
    assert not [name for name in aws_stack(**FIXED).of_type(":Target") if name.startswith("service-api-")]


def test_spot_is_a_change_in_place() -> None:
    """Without force_new_deployment and a trigger another strategy replaces the service."""
    dev, prod = service().inputs, service(tier="prod").inputs
    assert dev["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE_SPOT", "weight": 1, "base": 0}]
    assert prod["capacityProviderStrategies"] == [{"capacityProvider": "FARGATE", "weight": 1, "base": 0}]
    assert "launchType" not in dev
    assert dev["forceNewDeployment"] is True
    assert dev["triggers"] == {"capacity_provider": "FARGATE_SPOT"}


def test_containers_are_private() -> None:
    network = service().inputs["networkConfiguration"]
    assert network["assignPublicIp"] is False
    assert network["securityGroups"] == ["service-api-security-group-id", "network-members-security-group-id"]
    assert all(subnet.startswith("network-application-") for subnet in network["subnets"])


def test_a_public_service_waits_for_its_route_and_has_a_grace_period() -> None:
    found = service()
    (target,) = found.inputs["loadBalancers"]
    assert (target["containerName"], target["containerPort"]) == ("service-api", 8000)
    assert found.inputs["healthCheckGracePeriodSeconds"] == 120
    assert any(name.startswith("service-api-route-") for name in needs(found)), "ECS refuses a target group without a listener"


def test_an_internal_service_has_no_load_balancer() -> None:
    found = service("worker").inputs
    assert "loadBalancers" not in found
    assert "healthCheckGracePeriodSeconds" not in found, "AWS refuses it without a load balancer"


def test_services_wait_for_the_jobs_of_a_deployment() -> None:
    assert {"job-migrate"} <= needs(service())
    assert not {"job-report", "job-load"} & needs(service())


def test_a_task_waits_for_its_rights_and_for_capacity() -> None:
    task = aws_stack().of_type(":TaskDefinition")["service-api-task"]
    assert {
        "network-cluster-capacity",
        "service-api-execution-role-policy",
        "service-api-task-role-policy",
        "service-api-egress-443",
    } <= needs(task)


def test_every_service_has_a_name_inside_the_network() -> None:
    stack = aws_stack()
    assert stack.outputs["services"]["worker"] == "http://worker.shop-dev.internal:8000"
    found = stack.of_type("servicediscovery/service:Service")["service-worker-discovery"].inputs
    assert found["name"] == "worker"
    assert found["dnsConfig"]["dnsRecords"] == [{"type": "A", "ttl": 10}]
    assert found["forceDestroy"] is True, "destroy is not stopped by addresses that are left"
    assert service("worker").inputs["serviceRegistries"]["registryArn"]


def test_members_reach_a_service_on_its_port_only() -> None:
    rule = aws_stack().of_type(":SecurityGroupIngressRule")["service-worker-from-members"].inputs
    assert (rule["fromPort"], rule["toPort"], rule["ipProtocol"]) == (8000, 8000, "tcp")
    assert rule["referencedSecurityGroupId"] == "network-members-security-group-id"
    assert rule["securityGroupId"] == "service-worker-security-group-id"


def test_costs_are_told_apart_and_shells_are_off() -> None:
    found = service().inputs
    assert (found["enableEcsManagedTags"], found["propagateTags"]) == (True, "SERVICE")
    assert found["enableExecuteCommand"] is False
    assert service(services={"api": {"exec_access": True}}).inputs["enableExecuteCommand"] is True


def test_the_program_is_told_where_to_listen() -> None:
    (container,) = json.loads(aws_stack().of_type(":TaskDefinition")["service-api-task"].inputs["containerDefinitions"])
    variables = {item["name"]: item["value"] for item in container["environment"]}
    assert (variables["HOST"], variables["PORT"]) == ("0.0.0.0", "8000")
