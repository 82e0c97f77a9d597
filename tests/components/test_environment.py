"""The two ends of the environment contract: what the components give is what the runtime reads."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pulumi

from components.environment import Access, Connection, Login, SecretRef
from runtime.environment import ApplicationEnvironment, DatabaseEnvironment
from tests.recorder import record


def text(value: str) -> pulumi.Output[str]:
    return pulumi.Output.from_input(value)


def connection() -> Connection:
    return Connection(
        host=text("db.internal"),
        reader_host=text("db-ro.internal"),
        port=pulumi.Output.from_input(5432),
        database=text("app"),
        application=Login(username=text("shop_app"), secret_id=text("file:///s/db.json"), url=SecretRef(id="file:///s/db.json")),
        admin=Login(username=text("shop_admin"), secret_id=text("file:///s/db-admin.json")),
        ca=text(__file__),
    )


def given(login: str) -> tuple[dict[str, Any], Access]:
    found: list[Access] = []

    def program() -> None:
        made = connection()
        found.append(made.access(getattr(made, login), environment="production"))
        for name, value in found[0].environment.items():
            pulumi.export(name, value)

    return record(program, {}).outputs, found[0]


def test_the_runtime_understands_what_the_database_grants() -> None:
    environment, access = given("application")
    read = DatabaseEnvironment.from_environ({**environment, "DB_PASSWORD": "from the secret"})
    assert (read.db_host, read.db_reader_host, read.db_port) == ("db.internal", "db-ro.internal", 5432)
    assert (read.db_name, read.db_user, read.db_secret_id) == ("app", "shop_app", "file:///s/db.json")
    known = {name.upper() for name in DatabaseEnvironment.model_fields}
    own = {"DB_LOGIN"}  # its default holds but for a service that logs in with its identity
    assert known - own <= {*environment, *access.secrets}, "the runtime reads a variable that nobody gives"


def test_the_application_reads_only_names_of_the_contract() -> None:
    own = {name.upper() for name in ApplicationEnvironment.model_fields} - {
        name.upper() for name in DatabaseEnvironment.model_fields
    }
    assert own <= {"HOST", "PORT", "ENVIRONMENT", "REDIS_HOST", "REDIS_PORT", "REDIS_TLS", "REDIS_PASSWORD", "REDIS_URL"}


def test_an_admin_without_a_url_secret_gets_no_database_url() -> None:
    environment, access = given("admin")
    assert environment["DB_USER"] == "shop_admin"
    assert set(access.secrets) == {"DB_PASSWORD"}


def test_the_workloads_own_variables_win() -> None:
    merged = Access(environment={"DB_NAME": "mine"}).merged(Access(environment={"DB_NAME": "app", "DB_USER": "u"}))
    assert merged.environment == {"DB_NAME": "mine", "DB_USER": "u"}


def test_a_connection_holds_no_password() -> None:
    assert not [field.name for kind in (Connection, Login) for field in fields(kind) if "password" in field.name]
