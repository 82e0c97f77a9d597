"""What Aurora and RDS have in common: who is let in, with which login, by which address, and what a person types."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.components.aws.database import DatabaseMade, aurora, rds

APPLICATION_SECRET = "arn:aws:secretsmanager:ap-northeast-1:123456789012:database-application-secret"
SERVER, PROXY = "database-server-security-group-id", "database-proxy-security-group-id"


def rights(made: DatabaseMade, workload: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = made.recording.outputs[f"rights {workload}"]
    return found


def rule(made: DatabaseMade, name: str) -> tuple[str, str, int]:
    """Group with the rule, the other group, and the port."""
    inputs = made.inputs(name)
    return inputs["securityGroupId"], inputs["referencedSecurityGroupId"], int(inputs["toPort"])


@pytest.mark.parametrize("backend", [aurora, rds])
def test_only_granted_workloads_reach_the_server(backend: Any) -> None:
    made = backend(port=6000)
    ingress = [
        item.inputs for item in made.of_type("SecurityGroupIngressRule").values() if item.inputs["securityGroupId"] == SERVER
    ]
    assert {item["referencedSecurityGroupId"] for item in ingress} >= {
        "application-security-group-id",
        "owner-security-group-id",
    }
    assert not [item for item in ingress if "cidrIpv4" in item or "cidrIpv6" in item]
    assert {item["fromPort"] for item in ingress} == {item["toPort"] for item in ingress} == {6000}
    assert "egress" not in made.inputs("database-server-security-group"), "the server calls nobody"


def test_a_grant_opens_both_sides() -> None:
    made = aurora()
    assert rule(made, "database-from-application-ingress") == (SERVER, "application-security-group-id", 5432)
    assert rule(made, "database-from-application-egress") == ("application-security-group-id", SERVER, 5432)


def test_with_a_proxy_applications_go_through_it_and_the_owner_does_not() -> None:
    made = aurora(pooling={}, port=6000)
    assert rule(made, "database-from-application-ingress") == (PROXY, "application-security-group-id", 5432)
    assert rule(made, "database-from-owner-ingress") == (SERVER, "owner-security-group-id", 6000)
    application, owner = made.variables("application"), made.variables("owner")
    assert (application["DB_HOST"], application["DB_PORT"]) == ("database-proxy.endpoint", "5432")
    assert application["DB_READER_HOST"] == "database-proxy-reader.endpoint"
    assert application["DB_SSL_ROOT_CERT"] == "system"
    assert (owner["DB_HOST"], owner["DB_PORT"]) == ("database-cluster.endpoint", "6000")
    assert owner["DB_SSL_ROOT_CERT"] == "/etc/ssl/certs/rds-global-bundle.pem"


def test_without_one_both_reach_the_writer() -> None:
    made = aurora()
    assert made.variables("application")["DB_HOST"] == made.variables("owner")["DB_HOST"] == "database-cluster.endpoint"
    assert made.variables("application")["DB_READER_HOST"] == "database-cluster.reader_endpoint"


def test_a_workload_waits_for_the_writer_its_rules_and_its_secret() -> None:
    """Aurora's endpoint is there before the writer is."""
    names = {resource._name for resource in aurora().application.after}
    assert {"database-instance-1", "database-from-application-ingress", "database-from-application-egress"} <= names
    assert "database-application-secret-value" in names


def test_the_application_may_read_its_own_secret_and_nothing_else() -> None:
    read, decrypt = rights(aurora(), "application")
    assert (read["Action"], read["Resource"]) == (["secretsmanager:GetSecretValue"], [APPLICATION_SECRET])
    assert decrypt["Action"] == ["kms:Decrypt"]
    assert decrypt["Condition"] == {"StringEquals": {"kms:ViaService": "secretsmanager.ap-northeast-1.amazonaws.com"}}


def test_the_owner_may_make_the_applications_login() -> None:
    made = aurora()
    assert made.variables("owner")["DB_APPLICATION_SECRET_ID"] == APPLICATION_SECRET
    assert APPLICATION_SECRET in rights(made, "owner")[0]["Resource"]
    assert len(rights(made, "owner")[0]["Resource"]) == 2
    assert "DB_APPLICATION_SECRET_ID" not in made.variables("application")


def test_with_a_proxy_the_owner_makes_both_logins_that_the_proxy_is_told() -> None:
    assert "DB_PREVIOUS_SECRET_ID" not in aurora().variables("owner")
    made = aurora(pooling={})
    both = {made.variables("owner")[name] for name in ("DB_APPLICATION_SECRET_ID", "DB_PREVIOUS_SECRET_ID")}
    assert len(both) == 2
    assert both < set(rights(made, "owner")[0]["Resource"])


def test_iam_login_to_the_proxy_is_as_the_application_only() -> None:
    statement = rights(aurora(pooling={"iam_login": True}), "application")[-1]
    assert statement["Action"] == ["rds-db:connect"]
    prefix = "arn:aws:rds-db:ap-northeast-1:123456789012:dbuser:"
    assert [arn.rpartition("/") for arn in statement["Resource"]] == [
        (f"{prefix}database-proxy", "/", user) for user in ("shop_app", "shop_app_clone")
    ]
    assert "rds-db:connect" not in json.dumps(rights(aurora(pooling={}), "application"))


def test_iam_login_to_the_proxy_is_what_the_runtime_does() -> None:
    assert aurora(pooling={"iam_login": True}).variables("application")["DB_LOGIN"] == "rds-iam"
    assert "DB_LOGIN" not in aurora(pooling={}).variables("application")
    assert "DB_LOGIN" not in aurora(pooling={"iam_login": True}).variables("owner"), "it goes beside the proxy"


def test_the_prompt_checks_the_server_and_hides_the_password() -> None:
    command = aurora().recording.outputs["connect"]
    assert "sslmode=verify-full" in command
    assert "user=shop_admin" in command
    assert "host=database-cluster.endpoint" in command
    assert "--secret-id 'arn:aws:secretsmanager" in command
    assert "password=" not in command.lower().replace("pgpassword=$(", "")


def test_the_key_is_the_databases_own() -> None:
    made = aurora("prod")
    assert made.inputs("database-key")["enableKeyRotation"]
    assert made.inputs("database-cluster")["masterUserSecretKmsKeyId"].endswith("database-key")
    assert made.inputs("database-application-secret")["kmsKeyId"].endswith("database-key")


def test_iam_login_can_be_off() -> None:
    off = aurora(iam_login=False).inputs("database-cluster")
    assert off["iamDatabaseAuthenticationEnabled"] is False
    assert off["enabledCloudwatchLogsExports"] == ["postgresql"]


def test_nothing_is_protected_in_dev_and_the_backups_go_with_it() -> None:
    made = aurora()
    assert not [item.name for item in made.recording.resources.values() if item.options.protect]
    cluster = made.inputs("database-cluster")
    assert (cluster["deletionProtection"], cluster["skipFinalSnapshot"], cluster["deleteAutomatedBackups"]) == (False, True, True)
