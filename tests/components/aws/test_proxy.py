"""RDS Proxy: what stands between the applications and the database where pooling is set."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.aws.database import DatabaseMade, aurora, rds
from tests.components.made import added, changed

POOLING: dict[str, Any] = {"pooling": {}}
BOTH = pytest.mark.parametrize("make", [aurora, rds], ids=["aurora", "rds"])


def rules(made: DatabaseMade, kind: str) -> set[tuple[str, str, int]]:
    """(group, other group, port) of all rules of *kind* between groups."""
    return {
        (rule.inputs["securityGroupId"], rule.inputs["referencedSecurityGroupId"], rule.inputs["fromPort"])
        for rule in made.of_type(f"SecurityGroup{kind}Rule").values()
        if "referencedSecurityGroupId" in rule.inputs
    }


@BOTH
def test_there_is_none_by_default(make: Any) -> None:
    assert not make().of_type("rds/proxy:Proxy")


@BOTH
def test_tls_is_required_and_certificates_are_checked(make: Any) -> None:
    made = make(**POOLING)
    inputs = made.inputs("database-proxy")
    assert (inputs["name"], inputs["engineFamily"], inputs["requireTls"]) == ("shop-dev-proxy", "POSTGRESQL", True)
    assert inputs["debugLogging"] is False, "it would log statements"
    assert made.variables("application")["DB_SSL_MODE"] == "verify-full"
    assert made.variables("application")["DB_SSL_ROOT_CERT"] == "system", "proxies have Amazon's public CA, not that of RDS"


@BOTH
def test_no_permanent_difference_in_the_logins(make: Any) -> None:
    """AWS fills in what is left out (terraform-provider-aws#20119)."""
    for login in make(**POOLING).inputs("database-proxy")["auths"]:
        assert set(login) == {"authScheme", "clientPasswordAuthType", "iamAuth", "secretArn"}
        assert (login["authScheme"], login["clientPasswordAuthType"]) == ("SECRETS", "POSTGRES_SCRAM_SHA_256")
        assert login["iamAuth"] == "DISABLED"


@BOTH
def test_iam_login_to_the_proxy_by_choice(make: Any) -> None:
    made = make(pooling={"iam_login": True})
    assert {login["iamAuth"] for login in made.inputs("database-proxy")["auths"]} == {"REQUIRED"}


@BOTH
def test_complaint_15_the_proxy_knows_the_user_of_the_turn_before(make: Any) -> None:
    """A proxy reads a secret's current value only; without the second secret a rotation locks running tasks out."""
    made = make(**POOLING)
    secrets = [login["secretArn"].rpartition(":")[2] for login in made.inputs("database-proxy")["auths"]]
    assert secrets == ["database-application-secret", "database-previous-secret"]
    users = {
        json.loads(made.inputs(f"database-{role}-secret-value")["secretStringWo"]["value"])["username"]
        for role in ("application", "previous")
    }
    assert users == {"shop_app", "shop_app_clone"}, "never the same user in two secrets"
    given = made.inputs("database-rotation")["environment"]["variables"]
    assert given["PREVIOUS_SECRET_ID"].endswith("database-previous-secret")
    assert given["PREVIOUS_SECRET_ID"] in given["SECRET_IDS"].split(",")
    assert "database-previous-rotation" not in made.of_type("SecretRotation"), "it follows, it does not rotate"


@BOTH
def test_its_role_reads_these_secrets_through_secrets_manager_only(make: Any) -> None:
    made = make(**POOLING)
    [read, unlock] = json.loads(made.inputs("database-proxy-role-policy")["policy"])["Statement"]
    assert read["Action"] == ["secretsmanager:GetSecretValue"]
    assert [arn.rpartition(":")[2] for arn in read["Resource"]] == ["database-application-secret", "database-previous-secret"]
    assert unlock["Action"] == ["kms:Decrypt"]
    assert unlock["Resource"] == ["arn:aws:kms:ap-northeast-1:123456789012:database-key"]
    assert unlock["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com"}}


@BOTH
def test_applications_go_through_it_and_the_owner_goes_direct(make: Any) -> None:
    made = make(port=5433, **POOLING)
    server, proxy = "database-server-security-group-id", "database-proxy-security-group-id"
    application, owner, rotation = (f"{name}-security-group-id" for name in ("application", "owner", "database-rotation"))
    assert rules(made, "Ingress") == {
        (proxy, application, 5432),
        (server, proxy, 5433),
        (server, owner, 5433),
        (server, rotation, 5433),
    }
    assert {(other, group, port) for group, other, port in rules(made, "Egress")} == rules(made, "Ingress")
    assert made.variables("application")["DB_HOST"] == "database-proxy.endpoint"
    assert made.variables("application")["DB_PORT"] == "5432", "a proxy has no other port"
    assert made.variables("owner")["DB_HOST"] != "database-proxy.endpoint"
    assert made.variables("owner")["DB_PORT"] == "5433"


def test_a_reader_endpoint_on_aurora_only() -> None:
    made = aurora(**POOLING)
    assert made.inputs("database-proxy-reader")["targetRole"] == "READ_ONLY"
    assert made.inputs("database-proxy-reader")["dbProxyEndpointName"] == "shop-dev-proxy-reader"
    assert made.variables("application")["DB_READER_HOST"] == "database-proxy-reader.endpoint"
    assert not rds(**POOLING).of_type("ProxyEndpoint")


def test_its_target_is_the_cluster_or_the_instance() -> None:
    assert aurora(**POOLING).inputs("database-proxy-target")["dbClusterIdentifier"] == "database-cluster-id"
    assert rds(**POOLING).inputs("database-proxy-target")["dbInstanceIdentifier"] == "shop-dev"
    assert "dbInstanceIdentifier" not in aurora(**POOLING).inputs("database-proxy-target")


@pytest.mark.parametrize(("percent", "idle"), [(90, 50), (30, 30)])
def test_the_pool_follows_the_settings(percent: int, idle: int) -> None:
    made = aurora(pooling={"max_connections_percent": percent, "idle_client_seconds": 600})
    pool = made.inputs("database-proxy-pool")["connectionPoolConfig"]
    assert pool == {"connectionBorrowTimeout": 30, "maxConnectionsPercent": percent, "maxIdleConnectionsPercent": idle}
    assert made.inputs("database-proxy")["idleClientTimeout"] == 600


@BOTH
def test_its_log_group_is_there_first(make: Any) -> None:
    made = make(**POOLING)
    assert made.inputs("database-proxy-logs")["name"] == "/aws/rds/proxy/shop-dev-proxy"
    assert "database-proxy-logs" in made.needed_by("database-proxy")


@BOTH
def test_it_lies_in_the_database_subnets(make: Any) -> None:
    assert make(**POOLING).inputs("database-proxy")["vpcSubnetIds"] == ["subnet-d1", "subnet-d2", "subnet-d3"]


@BOTH
def test_workloads_wait_for_it(make: Any) -> None:
    assert "database-proxy-target" in {resource._name for resource in make(**POOLING).application.after}


@BOTH
def test_putting_one_in_front_touches_no_server(make: Any) -> None:
    """The secret keeps its value, which only the function corrects."""
    before, after = make(), make(**POOLING)
    touched = changed(before, after)
    assert touched.pop("database-rotation-address") == {"input"}
    assert touched.pop("database-rotation") == {"environment"}
    assert touched.pop("database-application-secret-value") == {"secretStringWo"}, "its version says: not again"
    assert set(touched) <= {
        "database-rotation-role-policy",
        "database-from-application-ingress",
        "database-from-application-egress",
    }
    assert {name for name in added(before, after) if not name.startswith(("database-proxy", "database-previous"))} == set()
