"""Cloud Run services: who reaches them, when they are ready, how many there are, what they wait for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.gcp.probes import liveness_probe, startup_probe
from components.settings.workload import HealthCheck, ServiceSettings
from tests.components.gcp.containers import container_of, containers, needs, service
from tests.recorder import Registered, member_of


def services(tier: str) -> list[Registered]:
    found = list(containers(tier).of_type("cloudrunv2/service:Service").values())
    assert len(found) == 3
    return found


@pytest.mark.parametrize(
    ("name", "ingress", "open_to_all", "uri_off"),
    [
        ("api", "INGRESS_TRAFFIC_INTERNAL_LOAD_BALANCER", True, True),
        ("web", "INGRESS_TRAFFIC_ALL", True, False),
        ("worker", "INGRESS_TRAFFIC_INTERNAL_ONLY", False, False),
    ],
)
def test_who_reaches_a_service(name: str, ingress: str, open_to_all: bool, uri_off: bool) -> None:
    found = service(name).inputs
    assert (found["ingress"], found["invokerIamDisabled"], found["defaultUriDisabled"]) == (ingress, open_to_all, uri_off)


def test_addresses() -> None:
    stack = containers()
    assert stack.outputs["services"] == {
        "api": "https://api.example.com",
        "web": "service-web-run.uri",
        "worker": "service-worker-run.uri",
    }
    assert stack.outputs["urls"] == {
        "api": "shop-dev-api https://api.example.com",
        "web": "shop-dev-web service-web-run.uri",
    }, "public ones attach themselves when name and address are known"


def test_gcp_complaint_25_public_without_all_users() -> None:
    """Organisations forbid ``allUsers`` (litellm#37857); nothing needs it."""
    members = [found.inputs for found in containers().resources.values() if found.type.endswith("IamMember")]
    assert members
    assert not [item for item in members if item.get("member") in ("allUsers", "allAuthenticatedUsers")]
    assert service().inputs["invokerIamDisabled"] is True


@pytest.mark.parametrize("tier", ["dev", "staging", "prod"])
def test_gcp_complaint_25_no_launch_stage_and_no_protection_in_the_way(tier: str) -> None:
    for found in services(tier):
        assert "launchStage" not in found.inputs, "BETA never stops differing"
        assert found.inputs["deletionProtection"] is False, "the provider's default is true; a service holds no data"
        assert not found.options.protect


@pytest.mark.parametrize(("tier", "least", "most"), [("dev", 1, 1), ("staging", 1, 2), ("prod", 2, 6)])
def test_gcp_complaint_25_counts_are_the_services(tier: str, least: int, most: int) -> None:
    """A revision's own minimum is kept once more for every tag (terraform-provider-google#19162)."""
    found = service(tier=tier).inputs
    assert found["scaling"] == {"scalingMode": "AUTOMATIC", "minInstanceCount": least, "maxInstanceCount": most}
    assert found["template"]["scaling"] == {"cpuUtilization": 0.7}


def test_gcp_complaint_19_revisions_name_themselves() -> None:
    """A revision name that is given is used again, and refused (terraform-provider-google#14569)."""
    for found in services("prod"):
        assert "revision" not in found.inputs["template"]
        assert found.options.ignore_changes == ["client", "clientVersion"], "gcloud writes itself there"


def test_gcp_complaint_21_everything_comes_before_the_service() -> None:
    """What would make the first revision fail is there before: rights, secrets, database, migration."""
    assert {"service-api-granted", "job-migrate"} <= needs(service())
    assert not {"job-report", "job-load"} & needs(service()), "only jobs of the deployment"


def test_gcp_complaint_21_the_deployment_fails_when_the_new_revision_does() -> None:
    for tier in ("dev", "prod"):
        checks = containers(tier).of_type("gcp:RolloutCheck")
        assert set(checks) == {f"service-{name}-rollout" for name in ("api", "web", "worker")}
        looked = checks["service-api-rollout"].inputs
        assert looked["service"] == "service-api-run-id"
        assert looked["revision"] == "service-api-run.latest_created_revision", "every new one is looked at"


def test_the_database_is_asked_at_start_and_never_after() -> None:
    found = container_of(service())
    start, live = found["startupProbe"], found["livenessProbe"]
    assert start["httpGet"] == {"path": "/readyz", "port": 8000}
    assert start["periodSeconds"] * start["failureThreshold"] == 120, "retries for start_period_seconds"
    assert live == {
        "httpGet": {"path": "/healthz", "port": 8000},
        "initialDelaySeconds": 0,
        "periodSeconds": 60,
        "timeoutSeconds": 30,
        "failureThreshold": 5,
    }
    frontend = container_of(service("web"))
    assert frontend["startupProbe"]["httpGet"] == {"path": "/healthz", "port": 80}
    assert frontend["ports"] == {"containerPort": 80}


@given(
    interval=st.integers(5, 240),
    timeout=st.integers(1, 120),
    start=st.integers(0, 240),
    bad=st.integers(1, 10),
)
def test_checks_are_such_as_cloud_run_takes(interval: int, timeout: int, start: int, bad: int) -> None:
    check = HealthCheck(interval_seconds=interval, timeout_seconds=timeout, start_period_seconds=start, unhealthy_threshold=bad)
    settings = ServiceSettings.model_construct(port=8000, health_check=check)
    first, later = startup_probe(settings), liveness_probe(settings)
    assert max(start, 60) <= first["period_seconds"] * first["failure_threshold"] <= 240
    for probe, longest in ((first, 240), (later, 3600)):
        assert 1 <= probe["timeout_seconds"] < probe["period_seconds"] <= longest
        assert probe["failure_threshold"] >= 1


def test_requests_at_once_and_how_long_one_takes() -> None:
    template = service(services={"api": {"scaling": {"requests_per_container": 200}}}).inputs["template"]
    assert template["maxInstanceRequestConcurrency"] == 200
    assert template["timeout"] == "300s"


@pytest.mark.parametrize(("tier", "only_in_requests"), [("dev", True), ("staging", False), ("prod", False)])
def test_cpu_is_cheap_in_dev_and_always_there_in_prod(tier: str, only_in_requests: bool) -> None:
    resources = container_of(service(tier=tier))["resources"]
    assert resources["cpuIdle"] is only_in_requests
    assert resources["startupCpuBoost"] is True
    assert resources["limits"] == {"cpu": "1", "memory": "1024Mi"}


def test_port_is_left_to_cloud_run() -> None:
    """It sets PORT itself, and refuses a container that brings one."""
    envs = container_of(service())["envs"]
    assert envs["HOST"] == "0.0.0.0"
    assert "PORT" not in envs


def test_images_are_checked_by_choice() -> None:
    assert "binaryAuthorization" not in service().inputs
    found = service(services={"api": {"binary_authorization": True}}).inputs
    assert found["binaryAuthorization"] == {"useDefault": True}


def test_an_internal_service_lets_in_the_stack_and_nobody_else() -> None:
    rights = containers().of_type(":ServiceIamMember")
    assert set(rights) == {
        f"service-worker-called-by.{name}" for name in ("service-api", "service-web", "job-migrate", "job-report", "job-load")
    }
    right = rights["service-worker-called-by.service-api"].inputs
    assert right["role"] == "roles/run.invoker"
    assert right["member"] == member_of("service-api-identity")
    assert right["name"] == "shop-dev-worker"


def test_two_internal_services_call_each_other() -> None:
    rights = set(containers(services={"api": {"public": False, "domain": None}}).of_type(":ServiceIamMember"))
    assert {"service-worker-called-by.service-api", "service-api-called-by.service-worker"} <= rights
    assert "service-api-called-by.service-api" not in rights


def test_logs_are_kept_as_long_as_the_settings_say() -> None:
    bucket = containers().of_type(":ProjectBucketConfig")["service-api-logs"].inputs
    assert bucket["retentionDays"] == 7
    sink = containers().of_type(":ProjectSink")["service-api-logs-sink"].inputs
    assert sink["filter"] == 'resource.type="cloud_run_revision" AND resource.labels.service_name="shop-dev-api"'


def test_a_long_name_stays_below_googles_limit() -> None:
    long = "a" * 30
    found = containers(app=long, environment="b" * 30, services={"c" * 30: {"image": "api:1", "public": False}})
    names = [item.inputs["name"] for item in found.of_type("cloudrunv2/service:Service").values()]
    assert all(len(name) <= 49 for name in names)
    assert len(set(names)) == 4
