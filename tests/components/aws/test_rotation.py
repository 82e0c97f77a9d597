"""The function that changes the database's passwords: what it is told, what it may do, whom it reaches, who calls it."""

from __future__ import annotations

import json
from typing import Any

from components.aws.rotation import HANDLER
from operations.rotation.aws import handler
from tests.components.aws.database import BOTH, DatabaseMade, aurora, statements
from tests.components.made import changed


def variables(made: DatabaseMade) -> dict[str, str]:
    return dict(made.inputs("database-rotation")["environment"]["variables"])


@BOTH
def test_complaint_15_the_function_knows_whose_services_to_start_anew(make: Any) -> None:
    made = make()
    assert variables(made)["ECS_CLUSTER"] == "shop-dev"
    update = [item for item in statements(made, "database-rotation-role-policy") if "ecs:UpdateService" in item["Action"]]
    assert [item["Resource"] for item in update] == [["arn:aws:ecs:ap-northeast-1:123456789012:network-cluster/*"]], (
        "services of this cluster and no other (the stand-in ARN has no /cluster/)"
    )


@BOTH
def test_a_change_of_address_calls_the_function(make: Any) -> None:
    """The secret is written once, so its url would go on naming the old port or a proxy that is gone."""
    before, after = make(), make(port=5433)
    assert changed(before, after)["database-rotation-address"] == {"input"}
    assert json.loads(after.inputs("database-rotation-address")["input"])["Step"] == "address"
    assert "database-rotation-address" not in changed(before, make(password_rotation_days=7))


@BOTH
def test_the_function_has_what_its_handler_reads(make: Any) -> None:
    made = make()
    given = variables(made)
    assert given["DB_SECRET_ID"] == made.variables("owner")["DB_SECRET_ID"]
    for name in ("DB_HOST", "DB_PORT", "DB_NAME", "DB_SSL_MODE", "DB_SSL_ROOT_CERT"):
        assert given[name] == made.variables("owner")[name], name
    assert given["APPLICATION_HOST"] == made.variables("application")["DB_HOST"]
    assert given["APPLICATION_PORT"] == made.variables("application")["DB_PORT"]
    ours = [f"arn:aws:secretsmanager:ap-northeast-1:123456789012:{name}" for name in made.of_type("secret:Secret")]
    assert sorted(given["SECRET_IDS"].split(",")) == sorted(ours)


@BOTH
def test_the_function_runs_the_operations_image_inside_the_network(make: Any) -> None:
    inputs = make().inputs("database-rotation")
    assert (inputs["name"], inputs["packageType"], inputs["architectures"]) == ("shop-dev-database-rotation", "Image", ["x86_64"])
    assert inputs["imageUri"] == "network-repository-operations.repository_url:0.1.0"
    command = {"entryPoints": ["python", "-m", "awslambdaric"], "commands": ["operations.rotation.aws.handler"]}
    assert inputs["imageConfig"] == command
    assert inputs["vpcConfig"]["subnetIds"] == ["subnet-a1", "subnet-a2", "subnet-a3"]
    assert inputs["kmsKeyArn"].endswith("database-key")
    assert inputs["tracingConfig"] == {"mode": "Active"}
    assert inputs["loggingConfig"]["logGroup"] == "/aws/lambda/shop-dev-database-rotation"


def test_the_handler_is_there() -> None:
    assert f"{handler.__module__}.{handler.__name__}" == HANDLER


@BOTH
def test_the_function_may_do_no_more_than_it_must(make: Any) -> None:
    made = make()
    ours = {f"arn:aws:secretsmanager:ap-northeast-1:123456789012:{name}" for name in made.of_type("secret:Secret")}
    for item in statements(made, "database-rotation-role-policy"):
        assert not [action for action in item["Action"] if "*" in action]
        if "secretsmanager:PutSecretValue" in item["Action"]:
            assert set(item["Resource"]) == ours
        if item["Resource"] == ["*"]:
            assert {action.split(":")[0] for action in item["Action"]} <= {"ec2", "ecs", "xray"}
            assert "ecs:UpdateService" not in item["Action"]


@BOTH
def test_only_secrets_manager_calls_the_function_and_only_for_these_secrets(make: Any) -> None:
    made = make()
    permissions = made.of_type("Permission").values()
    assert len(permissions) == len(made.of_type("SecretRotation")) - (
        "database-admin-secret" not in made.of_type("secret:Secret")
    )
    for permission in permissions:
        assert permission.inputs["principal"] == "secretsmanager.amazonaws.com"
        assert permission.inputs["sourceArn"].startswith("arn:aws:secretsmanager:")
        assert permission.inputs["sourceAccount"] == "123456789012"


@BOTH
def test_the_function_reaches_the_database_and_https_only(make: Any) -> None:
    made = make()
    group = "database-rotation-security-group-id"
    out = {
        (rule.inputs.get("referencedSecurityGroupId"), rule.inputs.get("cidrIpv4"), rule.inputs["fromPort"])
        for rule in made.of_type("SecurityGroupEgressRule").values()
        if rule.inputs["securityGroupId"] == group
    }
    assert out == {("database-server-security-group-id", None, 5432), (None, "0.0.0.0/0", 443)}
    assert not [rule for rule in made.of_type("SecurityGroupIngressRule").values() if rule.inputs["securityGroupId"] == group]


def test_lambda_may_fetch_the_image_of_the_stacks_own_repository() -> None:
    [policy] = [json.loads(item.inputs["policy"]) for item in aurora().of_type("RepositoryPolicy").values()]
    [item] = policy["Statement"]
    assert item["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert item["Action"] == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    pattern = "arn:aws:lambda:ap-northeast-1:123456789012:function:shop-dev-database-rotation*"
    assert item["Condition"] == {"StringLike": {"aws:SourceArn": pattern}}
