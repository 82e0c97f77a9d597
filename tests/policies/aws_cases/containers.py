"""Cases of policies/rules/containers.py on AWS."""

from __future__ import annotations

from typing import Any

from policies.rules.aws.types import ECS_CLUSTER, ECS_SERVICE, FUNCTION, TASK
from tests.policies.cases import HOLDS, Case, Property, case, prop

D = "containerDefinitions"
SECRET_ARN = "arn:aws:secretsmanager:ap-northeast-1:123456789012:secret:shop/prod/db"
URL = "postgresql://shop:hunter2@db.example.com/shop"


def container(rule: str, good: dict[str, Any], *properties: Property, absent: str = HOLDS) -> Case:
    """Two containers, of which the second is judged too; *absent*: what a task without any says."""
    props = {D: [{"name": "proxy", **good}, {"name": "app", **good}]}
    return case(rule, TASK, props, *properties, prop(D, absent=absent), texts=(D,))


def variable(name: str, value: Any, *properties: Property) -> Case:
    good = {D: [{"name": "app", "environment": [{"name": name, "value": value}]}]}
    return case("container-no-literal-secrets", TASK, good, *properties, texts=(D,))


CASES = [
    case(
        "service-no-public-ip",
        ECS_SERVICE,
        {"networkConfiguration": {"assignPublicIp": False}},
        prop("networkConfiguration.assignPublicIp", True, absent=HOLDS),
        prop("networkConfiguration", absent=HOLDS),
    ),
    case("service-platform-latest", ECS_SERVICE, {"platformVersion": "LATEST"}, prop("platformVersion", "1.4.0", absent=HOLDS)),
    container("container-not-privileged", {"privileged": False}, prop(f"{D}[1].privileged", True, absent=HOLDS)),
    container(
        "container-root-read-only",
        {"readonlyRootFilesystem": True},
        prop(f"{D}[1].readonlyRootFilesystem", False),
        absent="fails",
    ),
    container(
        "container-not-root",
        {"user": "10001:10001"},
        prop(f"{D}[1].user", "0", 0, "root", "0:10001", "root:staff", "", good=("app", "1000", "app:0")),
        absent="fails",
    ),
    container(
        "container-logs",
        {"logConfiguration": {"logDriver": "awslogs"}},
        prop(f"{D}[1].logConfiguration.logDriver", "none", good=("awsfirelens",)),
        prop(f"{D}[1].logConfiguration"),
        absent="fails",
    ),
    variable("DB_HOST", "db.example.com", prop(f"{D}[0].environment[0].value", URL, "AKIAIOSFODNN7EXAMPLE", absent=HOLDS)),
    variable(
        "DB_SECRET_ID",
        SECRET_ARN,
        prop(f"{D}[0].environment[0].value", "-----BEGIN RSA PRIVATE KEY-----", absent=HOLDS, good=("shop/prod/db",)),
    ),
    variable(
        "MODE",
        "production",
        prop(
            f"{D}[0].environment[0].name",
            "DB_PASSWORD",
            "api_key",
            "SECRET_KEY",
            "GITHUB_TOKEN",
            "AWS_ACCESS_KEY_ID",
            "ECS_ENGINE_AUTH_DATA",
            "PASSWORD_2",
            absent=HOLDS,
            good=("TOKEN_TTL", "SECRET_IDS", "PASSWORD_FILE", "MONKEY"),
        ),
        prop(f"{D}[0].environment", good=([],), absent=HOLDS),
        prop(D, absent=HOLDS),
    ),
    variable("DB_PASSWORD", SECRET_ARN, prop(f"{D}[0].environment[0].value", "hunter2", absent=HOLDS, good=("",))),
    case(
        "container-no-literal-secrets",
        FUNCTION,
        {"environment": {"variables": {"DB_HOST": "db.example.com", "DB_PASSWORD": ""}}},
        prop("environment.variables.DB_PASSWORD", "hunter2", absent=HOLDS),
        prop("environment.variables.DB_HOST", URL, absent=HOLDS),
        prop("environment.variables", absent=HOLDS),
        prop("environment", absent=HOLDS),
    ),
    case(
        "task-no-host-access",
        TASK,
        {"networkMode": "awsvpc"},
        prop("networkMode", "host"),
        prop("pidMode", "host", absent=HOLDS, good=("task",)),
        prop("ipcMode", "host", absent=HOLDS, good=("none",)),
    ),
    case(
        "cluster-insights",
        ECS_CLUSTER,
        {"settings": [{"name": "containerInsights", "value": "enabled"}]},
        prop("settings[0].value", "disabled", good=("enhanced",)),
        prop("settings", []),
    ),
    case(
        "cluster-sessions-logged",
        ECS_CLUSTER,
        {
            "configuration": {
                "executeCommandConfiguration": {
                    "kmsKeyId": "key",
                    "logging": "OVERRIDE",
                    "logConfiguration": {"cloudWatchEncryptionEnabled": True},
                }
            }
        },
        prop("configuration.executeCommandConfiguration.logging", "NONE", "DEFAULT"),
        prop("configuration.executeCommandConfiguration.kmsKeyId", "", unknown=HOLDS),
        prop("configuration.executeCommandConfiguration.logConfiguration.cloudWatchEncryptionEnabled", False),
        prop("configuration"),
    ),
    case("service-own-identity", TASK, {"taskRoleArn": "arn"}, prop("taskRoleArn", "", unknown=HOLDS)),
    case("service-minimum-instances", ECS_SERVICE, {"desiredCount": 1}, prop("desiredCount", 0), strict={"instances": 2}),
]
