"""The container of a task: whole, stable, without secrets and without root."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from components.aws.container import container, health_check
from components.settings.workload import HealthCheck, JobSettings, Scaling, ServiceSettings
from tests.components.aws.stack import aws_stack
from tests.recorder import Registered

CHECK: dict[str, Any] = {"interval_seconds": 60, "timeout_seconds": 30, "start_period_seconds": 120}
SERVICE: dict[str, Any] = {
    "image": "api:1",
    "cpu": 0.5,
    "port": 8000,
    "scaling": Scaling(min=1, max=1),
    "spot": False,
    "log_retention_days": 7,
}


def service(check: dict[str, Any] | None = None, **change: Any) -> ServiceSettings:
    return ServiceSettings(**{**SERVICE, "health_check": HealthCheck(**CHECK, **(check or {})), **change})


def made(settings: ServiceSettings | JobSettings, **change: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "image": "r/api:1",
        "environment": {},
        "secrets": {},
        "log_group": "/shop/api",
        "region": "eu-west-1",
    }
    return container("service-api", settings, **{**given, **change})


def in_stack(name: str, tier: str = "dev", **change: Any) -> dict[str, Any]:
    """The only container of the task *name* of a whole stack."""
    (found,) = json.loads(definition(name, tier, **change).inputs["containerDefinitions"])
    return dict(found)


def definition(name: str, tier: str = "dev", **change: Any) -> Registered:
    return aws_stack(tier, **change).of_type(":TaskDefinition")[name]


def rights(role: str, **change: Any) -> list[dict[str, Any]]:
    policy = aws_stack(**change).of_type(":RolePolicy")[f"{role}-policy"]
    return list(json.loads(policy.inputs["policy"])["Statement"])


def test_complaint_24_the_definition_is_whole_and_sorted() -> None:
    found = in_stack("service-api-task")
    assert (found["cpu"], found["mountPoints"], found["volumesFrom"]) == (0, [], [])
    assert found["essential"] is True
    assert found["portMappings"] == [{"containerPort": 8000, "hostPort": 8000, "protocol": "tcp"}]
    for key in ("environment", "secrets"):
        names = [item["name"] for item in found[key]]
        assert names == sorted(names), key
        assert names, key
    text = definition("service-api-task").inputs["containerDefinitions"]
    assert text == json.dumps(json.loads(text), sort_keys=True)


def test_complaint_24_the_order_in_the_stack_file_changes_nothing() -> None:
    one = made(service(), environment={"A": "1", "B": "2"})
    assert made(service(), environment={"B": "2", "A": "1"}) == one


def test_a_name_is_a_variable_or_a_secret_never_both() -> None:
    own = {"services": {"api": {"environment": {"DB_PASSWORD": "x"}, "secrets": {"DB_HOST": "shop/host"}}}}
    found = in_stack("service-api-task", **own)
    variables, secrets = ({item["name"] for item in found[key]} for key in ("environment", "secrets"))
    assert not variables & secrets
    assert "DB_PASSWORD" in variables
    assert "DB_HOST" in secrets


def test_secrets_are_references_with_json_keys() -> None:
    secrets = {
        "STRIPE": "stripe/live#key",
        "WHOLE": "plain",
        "OTHER": "arn:aws:secretsmanager:ap-northeast-1:210987654321:secret:theirs-AbCdEf#token",
    }
    found = {
        item["name"]: item["valueFrom"]
        for item in in_stack("service-api-task", services={"api": {"secrets": secrets}})["secrets"]
    }
    here = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:"
    assert found["STRIPE"] == f"{here}stripe/live:key::"
    assert found["WHOLE"] == f"{here}plain"
    assert found["OTHER"].endswith(":secret:theirs-AbCdEf:token::")
    assert found["DB_PASSWORD"].endswith(":password::")
    assert all(value.startswith("arn:aws:secretsmanager:") for value in found.values())


def test_complaint_also_the_execution_role_reads_exactly_the_containers_secrets() -> None:
    """terraform-aws-ecs#244: derived from the container, not from a list beside it."""
    change = {"services": {"api": {"secrets": {"STRIPE": "stripe/live#key"}}}}
    used = {re.sub(r":\w+::$", "", item["valueFrom"]) for item in in_stack("service-api-task", **change)["secrets"]}
    statements = {item["Action"][0]: item for item in rights("service-api-execution-role", **change)}
    allowed = statements["secretsmanager:GetSecretValue"]["Resource"]
    assert {arn.removesuffix("-??????") for arn in allowed} == used
    assert any(arn.endswith(":secret:stripe/live-??????") for arn in allowed)
    condition = statements["kms:Decrypt"]["Condition"]
    assert condition["StringEquals"] == {"kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com"}
    assert condition["StringLike"]["kms:EncryptionContext:SecretARN"] == allowed


@pytest.mark.parametrize("role", ["execution-role", "task-role"])
def test_roles_are_for_ecs_tasks_of_this_account(role: str) -> None:
    text = aws_stack().of_type(":Role")[f"service-api-{role}"].inputs["assumeRolePolicy"]
    (trust,) = json.loads(text)["Statement"]
    assert trust["Principal"] == {"Service": "ecs-tasks.amazonaws.com"}
    assert trust["Condition"] == {"StringEquals": {"aws:SourceAccount": "123456789012"}}


def test_the_execution_role_pulls_its_own_image_only() -> None:
    pull = next(item for item in rights("service-api-execution-role") if "ecr:BatchGetImage" in item["Action"])
    assert pull["Resource"] == ["arn:aws:ecr:ap-northeast-1:123456789012:network-repository-api"]


@pytest.mark.parametrize(
    ("image", "resources"),
    [
        ("210987654321.dkr.ecr.eu-west-1.amazonaws.com/team/app:3", ["arn:aws:ecr:eu-west-1:210987654321:repository/team/app"]),
        ("public.ecr.aws/nginx/nginx:1.27", None),
        ("docker.io/library/nginx@sha256:abc", None),
    ],
)
def test_rights_for_other_registries(image: str, resources: list[str] | None) -> None:
    found = rights("service-api-execution-role", services={"api": {"image": image}})
    pull = [item["Resource"] for item in found if "ecr:BatchGetImage" in item["Action"]]
    assert pull == ([resources] if resources else [])


def test_no_role_may_do_everything() -> None:
    for name, policy in aws_stack(services={"api": {"exec_access": True}}).of_type(":RolePolicy").items():
        if not name.startswith(("service-", "job-")):
            continue
        for item in json.loads(policy.inputs["policy"])["Statement"]:
            assert not any(action == "*" or action.endswith(":*") for action in item["Action"]), name
            if "*" in item["Resource"]:
                free = {"ecr:GetAuthorizationToken", "logs:DescribeLogGroups"}
                assert {a for a in item["Action"] if not a.startswith("ssmmessages:")} <= free, name


def test_the_container_is_locked_down() -> None:
    found = in_stack("service-api-task")
    assert found["user"] == "10001:10001"
    assert found["readonlyRootFilesystem"] is True
    assert found["linuxParameters"]["initProcessEnabled"] is True
    (tmp,) = found["linuxParameters"]["tmpfs"]
    assert (tmp["containerPath"], tmp["size"]) == ("/tmp", 256)
    assert found["versionConsistency"] == "enabled"


def test_a_shell_needs_a_root_that_can_be_written() -> None:
    found = in_stack("service-api-task", services={"api": {"exec_access": True}})
    assert found["readonlyRootFilesystem"] is False
    actions = {a for item in rights("service-api-task-role", services={"api": {"exec_access": True}}) for a in item["Action"]}
    assert {"ssmmessages:OpenDataChannel", "logs:PutLogEvents", "kms:Decrypt"} <= actions
    assert not any(a.startswith("ssmmessages") for item in rights("service-api-task-role") for a in item["Action"])


def test_a_low_port_works_without_root() -> None:
    controls = [{"namespace": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]
    assert in_stack("service-web-task")["systemControls"] == controls
    assert in_stack("service-api-task")["systemControls"] == []


def test_the_guides_checks_are_the_defaults() -> None:
    api, web = in_stack("service-api-task")["healthCheck"], in_stack("service-web-task")["healthCheck"]
    assert [api[key] for key in ("interval", "timeout", "retries", "startPeriod")] == [60, 30, 5, 120]
    assert [web[key] for key in ("interval", "timeout", "retries", "startPeriod")] == [30, 10, 5, 60]
    assert api["command"][0] == "CMD-SHELL"
    assert re.search(r"^curl .* http://localhost:8000/healthz \|\| wget .* \|\| exit 1$", api["command"][1])


def test_a_check_stays_within_what_ecs_takes() -> None:
    assert health_check(service({"path": "/a?b=$(id)"}))["command"][1].count("'http://localhost:8000/a?b=$(id)'") == 2
    slow = service()
    slow = slow.model_copy(update={"health_check": slow.health_check.model_copy(update={"timeout_seconds": 100})})
    assert health_check(slow)["timeout"] == 60
    assert "healthCheck" not in made(service({"in_container": False}))


def test_logs_go_to_the_workloads_own_group_and_never_block() -> None:
    options = in_stack("service-api-task")["logConfiguration"]["options"]
    assert options["awslogs-group"] == "/shop-dev/service-api"
    assert options["awslogs-stream-prefix"] == "ecs"
    assert options["mode"] == "non-blocking"
    group = aws_stack().of_type(":LogGroup")["service-api-log-group"].inputs
    assert (group["name"], group["retentionInDays"]) == ("/shop-dev/service-api", 7)
    assert group["kmsKeyId"]


def test_a_job_has_no_port_no_check_and_time_to_finish() -> None:
    found = in_stack("job-migrate-task")
    assert (found["portMappings"], found["stopTimeout"]) == ([], 120)
    assert "healthCheck" not in found
    assert in_stack("service-api-task")["stopTimeout"] == 30


def test_complaint_also_old_revisions_stay_for_a_roll_back() -> None:
    """aws-cdk#24372: an inactive revision cannot be gone back to."""
    for found in aws_stack().of_type(":TaskDefinition").values():
        assert found.inputs["skipDestroy"] is True, found.name


def test_sizes_and_processor() -> None:
    found = definition("service-api-task", services={"api": {"cpu": 0.25, "memory_mib": 512, "architecture": "arm64"}}).inputs
    assert (found["cpu"], found["memory"]) == ("256", "512")
    assert found["runtimePlatform"] == {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
    assert definition("service-web-task").inputs["runtimePlatform"]["cpuArchitecture"] == "X86_64"
    assert definition("service-web-task").inputs["networkMode"] == "awsvpc"


def test_ports_on_the_internet_are_few() -> None:
    change = {"services": {"api": {"egress_ports": [587]}}}
    rules = aws_stack(**change).of_type(":SecurityGroupEgressRule")
    outside = {
        rule.inputs["fromPort"]
        for name, rule in rules.items()
        if name.startswith("service-api-egress-") and "cidrIpv4" in rule.inputs
    }
    assert outside == {443, 587}, "without 443 no task could start"
    assert all(rule.inputs["ipProtocol"] == "tcp" for rule in rules.values())
