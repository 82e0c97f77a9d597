"""Cloud SQL as a whole: database, endpoints, logs, who is let in and by which address, and what a person types."""

from __future__ import annotations

from typing import Any

import pytest

from tests.components.gcp.database import ALL, INSTANCE, cloud_sql

EVERY = pytest.mark.parametrize("make", ALL.values(), ids=ALL)
PSC: dict[str, Any] = {"network": {"private_access": "psc"}, "readers": 1}
POOLED: dict[str, Any] = {"edition": "enterprise-plus", "pooling": {}, "readers": 2}
ADDRESSES = [f"{name}.private_ip_address/32" for name in (INSTANCE, "database-replica-1", "database-replica-2")]


def test_the_database_is_left_alone_when_its_users_still_own_it() -> None:
    database = cloud_sql().inputs("database-database")
    assert database == {
        "name": "app",
        "instance": "shop-dev-0a1b2c3d",
        "charset": "UTF8",
        "collation": "en_US.UTF8",
        "deletionPolicy": "ABANDON",
    }


def test_addresses_are_private_and_readers_are_listed() -> None:
    found = cloud_sql(readers=2).variables("application")
    assert found["DB_HOST"] == f"{INSTANCE}.private_ip_address"
    assert found["DB_READER_HOST"] == "database-replica-1.private_ip_address,database-replica-2.private_ip_address"
    alone = cloud_sql().variables("application")
    assert alone["DB_READER_HOST"] == alone["DB_HOST"]


@EVERY
def test_the_server_is_checked_by_the_authorities_of_all_nodes(make: Any) -> None:
    """Each instance has an authority of its own, and its certificate does not name the address."""
    made = make()
    found = made.variables("application")
    assert found["DB_SSL_MODE"] == "verify-ca"
    assert set(made.application.files) == {found["DB_SSL_ROOT_CERT"]}
    bundle = made.inputs("database-secret-db-ca-version")["secretDataWo"]["value"]
    assert bundle.split() == [f"{node.instance._name}.ca" for node in made.nodes]


def test_gcp_complaint_18_psc_is_told_only_where_it_is_used_and_complete() -> None:
    made = cloud_sql(**PSC)
    for node in made.nodes:
        name = node.instance._name
        assert made.settings(name)["ipConfiguration"]["pscConfigs"] == [
            {"pscEnabled": True, "allowedConsumerProjects": ["network-api-serviceusage.project"]}
        ]
        assert made.inputs(f"{name}-endpoint", "ForwardingRule")["target"] == f"{name}.psc_service_attachment_link"
        assert made.inputs(f"{name}-endpoint-zone")["dnsName"] == f"{name}.dns_name"
        assert {resource._name for resource in node.after} <= {resource._name for resource in made.application.after}
    found = made.variables("application")
    assert found["DB_HOST"] == f"{INSTANCE}-endpoint-address.address"
    assert found["DB_READER_HOST"] == "database-replica-1-endpoint-address.address"
    assert not cloud_sql(readers=1).of_type("ForwardingRule")


def test_only_granted_workloads_reach_it_each_for_itself() -> None:
    made = cloud_sql(readers=2)
    for workload in ("application", "owner"):
        rule = made.inputs(f"{workload}-database-egress")
        assert rule["destinationRanges"] == ADDRESSES
        assert rule["allows"] == [{"protocol": "tcp", "ports": ["5432"]}]
        assert made.named(f"{workload}-database-egress").parent.endswith(f"::{workload}")


def test_applications_go_through_the_pooler_and_the_owner_does_not() -> None:
    made = cloud_sql(**POOLED)
    assert (made.variables("application")["DB_PORT"], made.variables("owner")["DB_PORT"]) == ("6432", "5432")
    assert made.inputs("owner-database-egress")["allows"] == [{"protocol": "tcp", "ports": ["5432"]}]
    assert made.recording.outputs["database"]["port"] == 6432
    assert "port=5432" in made.recording.outputs["connect"]


@pytest.mark.parametrize(("iam_login", "ports"), [(True, ["5432", "6432"]), (False, ["6432"])])
def test_who_logs_in_with_an_identity_goes_past_the_pooler(iam_login: bool, ports: list[str]) -> None:
    """It takes passwords only."""
    made = cloud_sql(**POOLED, iam_login=iam_login)
    assert made.inputs("application-database-egress")["allows"] == [{"protocol": "tcp", "ports": ports}]


@EVERY
def test_a_workload_waits_for_every_server_and_its_rule(make: Any) -> None:
    made = make()
    waits = {resource._name for resource in made.application.after}
    assert {node.instance._name for node in made.nodes} <= waits
    rules = {name for name in made.of_type("compute/firewall:Firewall") if name == "application-database-egress"}
    assert rules <= waits


def test_owner_and_application_are_two_users() -> None:
    made = cloud_sql()
    assert (made.variables("application")["DB_USER"], made.variables("owner")["DB_USER"]) == ("shop_app", "shop_admin")
    assert made.variables("owner")["DB_APPLICATION_SECRET_ID"] == made.variables("application")["DB_SECRET_ID"]


def test_logs_of_all_servers_present_and_future_are_kept_as_long_as_asked() -> None:
    made = cloud_sql("prod", log_retention_days=400)
    assert made.inputs("database-logs", "ProjectBucketConfig")["retentionDays"] == 400
    wanted = made.inputs("database-logs-sink")["filter"]
    assert 'resource.type="cloudsql_database"' in wanted
    assert ':shop-production-0a1b2c3d(-replica-[0-9]+)?$"' in wanted
    more = cloud_sql("prod", log_retention_days=400, readers=3)
    assert more.inputs("database-logs-sink")["filter"] == wanted


def test_the_prompt_checks_the_server_and_hides_the_password() -> None:
    command = cloud_sql("prod").recording.outputs["connect"]
    assert "sslmode=verify-ca sslrootcert=shop-production-0a1b2c3d.pem" in command
    assert "gcloud sql instances describe shop-production-0a1b2c3d" in command
    assert "user=shop_admin" in command
    assert "password=" not in command.lower().replace("pgpassword=$(", "")


def test_it_needs_a_network_of_its_own_cloud() -> None:
    from components import contract
    from components.config import load_settings, scope_of
    from components.gcp.postgres import CloudSql
    from tests.recorder import record

    class Elsewhere(contract.Network):
        def __init__(self) -> None:
            super().__init__("network")

    def program() -> None:
        settings = load_settings()
        CloudSql("database", contract.PostgresArgs(scope=scope_of(settings), settings=settings.database, network=Elsewhere()))

    with pytest.raises((TypeError, AttributeError), match=r"database needs a GcpNetwork, not Elsewhere"):
        record(program, {"app": "shop", "provider": "gcp", "tier": "dev"})
