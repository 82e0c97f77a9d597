"""What every cloud must give, on mocks. The same tests run over every cloud whose folder is in this checkout, and none is edited
when one is added."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pulumi
import pytest

from components import clouds, contract
from components.config import SettingsError, load_settings, scope_of
from components.names import Scope
from tests.recorder import Recording, Registered, main, record

EVERYTHING: dict[str, Any] = {
    "app": "shop",
    "cache": {},
    "buckets": {"media": {}},
    "alarms": {"emails": ["ops@example.com"]},
    "database": {"readers": 2},
}
WORKLOADS = {
    "services": {"api": {"domain": "api.example.com", "buckets": ["media"]}},
    "jobs": {
        "migrate": {"when": "deploy", "database_role": "owner"},
        "report": {"when": "schedule", "schedule": "0 1 * * *"},
        "load": {},
    },
}
PRESENT = [name for name, entry in clouds.CLOUDS.items() if find_spec(entry.module.rpartition(".")[0])]


def config(provider: str, tier: str, **change: Any) -> dict[str, Any]:
    """A stack file that uses everything there is, with images as the provider wants them."""
    image = {"image": "runtime", "command": ["python", "-m", "runtime"]} if provider == "local" else {"image": "example/app:1"}
    workloads = {group: {name: {**image, **item} for name, item in items.items()} for group, items in WORKLOADS.items()}
    return {**EVERYTHING, **workloads, "provider": provider, "tier": tier, **change}


@pytest.fixture(scope="module", params=[(name, tier) for name in PRESENT for tier in ("dev", "prod")], ids="-".join)
def recording(request: pytest.FixtureRequest) -> Recording:
    provider, tier = request.param
    return record(main, config(provider, tier))


def components_of(recording: Recording) -> dict[str, Registered]:
    return {resource.name: resource for resource in recording.resources.values() if ":index:" in resource.type}


def test_every_role_is_one_component(recording: Recording) -> None:
    kinds = {(resource.type.rpartition(":")[2], name) for name, resource in components_of(recording).items()}
    assert kinds == {
        ("Network", "network"),
        ("ManagedPostgres", "database"),
        ("Cache", "cache"),
        ("Bucket", "bucket-media"),
        ("Ingress", "ingress"),
        ("Job", "job-migrate"),
        ("Job", "job-report"),
        ("Job", "job-load"),
        ("ContainerService", "service-api"),
        ("Monitoring", "monitoring"),
        ("Backups", "backups"),
    }
    assert all(resource.type.startswith("managed-postgres:index:") for resource in components_of(recording).values())


def test_every_child_has_a_parent_and_its_name(recording: Recording) -> None:
    for resource in recording.resources.values():
        if ":index:" in resource.type:
            continue
        parent = recording.parent_of(resource)
        assert parent, f"{resource.name} has no parent"
        assert resource.name.startswith(f"{parent.name}-"), f"{resource.name} is not named after {parent.name}"


def test_no_two_resources_share_type_and_name(recording: Recording) -> None:
    assert recording.duplicates == []


def test_children_do_not_inherit_aliases_or_imports(recording: Recording) -> None:
    assert not [
        resource.name for resource in recording.resources.values() if resource.options.aliases or resource.options.import_
    ]


def test_every_output_of_the_stack_is_there(recording: Recording) -> None:
    outputs = recording.outputs
    database = outputs["database"]
    for key in ("host", "reader_host", "port", "name", "username", "secret_id", "admin_username", "admin_secret_id", "ca"):
        assert database[key], key
    assert database["username"] != database["admin_username"], "the application never is the admin"
    assert set(outputs["urls"]) == {"api"}
    assert set(outputs["services"]) == {"api"}
    assert set(outputs["jobs"]) == {"migrate", "report", "load"}
    assert set(outputs["buckets"]) == {"media"}
    for key in ("connect", "cache", "logs", "alarms"):
        assert outputs[key], key


def test_the_handles_name_everything_that_operations_work_on(recording: Recording, request: pytest.FixtureRequest) -> None:
    handles = recording.outputs["handles"]
    provider, _, tier = request.node.callspec.id.partition("-")
    assert (handles["provider"], handles["tier"], handles["app"], handles["stack"]) == (provider, tier, "shop", "test")
    assert handles["prefix"] == f"shop-{handles['environment']}"
    assert handles["region"]
    assert handles["database"]["backend"] == clouds.CLOUDS[provider].backends[0]
    assert handles["database"]["name"] == recording.outputs["database"]["name"]
    assert set(handles["jobs"]) == {"migrate", "report", "load"}
    assert set(handles["services"]) == {"api"}
    assert handles["services"]["api"]["image"]
    assert handles["backups"]["destination"].startswith(("file://", "s3://", "gs://"))
    handed = [
        json.loads(variable["value"])
        for resource in recording.resources.values()
        for container in resource.inputs.get("containers", {}).values()
        for variable in [{"value": container["environment"].get("STACK_HANDLES")}]
        if variable["value"]
    ]
    own = {**{key: value for key, value in handles.items() if key not in ("jobs", "services")}, "backups": None}
    assert all(one == own for one in handed)
    assert bool(handed) is (provider != "local"), "a drill in a task of its own finds its provider"


def test_no_password_is_a_plain_variable(recording: Recording) -> None:
    def names(value: Any) -> Iterator[str]:
        """Names of plain variables: keys of every block called environment."""
        for key, item in value.items() if isinstance(value, dict) else ():
            yield from item if key == "environment" else names(item)

    found = {name for resource in recording.resources.values() for name in names(resource.inputs)}
    assert "DB_HOST" in found, "there are variables to look at"
    assert not found & {"DB_PASSWORD", "DATABASE_URL", "REDIS_PASSWORD", "REDIS_URL", "PGPASSWORD"}


def test_data_is_protected_in_prod_and_not_in_dev(recording: Recording, request: pytest.FixtureRequest) -> None:
    protected = {resource.name for resource in recording.resources.values() if resource.options.protect}
    if "prod" in request.node.callspec.id:
        assert any(name.startswith("database-") for name in protected)
    else:
        assert not protected


class Probe(contract.Workload):
    """Stands for a workload of its own making."""

    TYPE = "Probe"


def granted(provider: str, role: contract.DatabaseRole) -> contract.Access:
    """What the database of *provider* gives a workload that asks for *role*."""
    found: list[contract.Access] = []

    def program() -> None:
        settings = load_settings()
        scope, here = scope_of(settings), clouds.cloud(provider)
        network = here.network("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        args = contract.PostgresArgs(scope=scope, settings=settings.database, network=network)
        database = here.postgres[settings.database.backend]("database", args)
        access = database.grant_connect(Probe("probe"), role)
        found.append(access)
        for name, value in access.environment.items():
            pulumi.export(name, value)
        for name, reference in access.secrets.items():
            pulumi.export(f"secret {name}", reference.id)

    recording = record(program, config(provider, "dev"))
    return contract.Access(environment=recording.outputs, secrets=found[0].secrets)


@pytest.mark.parametrize("provider", PRESENT)
def test_the_database_grants_the_environment_contract(provider: str) -> None:
    access = granted(provider, "application")
    expected = {
        *("ENVIRONMENT", "DB_ENGINE", "DB_NAME", "DB_USER", "DB_HOST", "DB_PORT", "DB_READER_HOST"),
        *("DB_SSL_MODE", "DB_SSL_ROOT_CERT", "DB_CONN_MAX_AGE", "DB_CONN_HEALTH_CHECKS", "DB_SECRET_ID"),
    }
    assert expected <= set(access.environment)
    assert set(access.secrets) >= {"DB_PASSWORD", "DATABASE_URL"}
    assert access.secrets["DB_PASSWORD"].key == "password"
    assert access.environment["DB_SSL_MODE"] in ("verify-full", "verify-ca")
    assert access.environment["DB_ENGINE"] == "django.db.backends.postgresql"


@pytest.mark.parametrize("provider", PRESENT)
def test_owner_and_application_are_different_users_with_different_secrets(provider: str) -> None:
    application, owner = granted(provider, "application"), granted(provider, "owner")
    assert application.environment["DB_USER"] != owner.environment["DB_USER"]
    assert application.environment["secret DB_PASSWORD"] != owner.environment["secret DB_PASSWORD"]


NEW_CLOUD = '''
"""A cloud for one test."""
from components.local.cloud import CLOUD
'''


def test_a_cloud_is_one_folder_and_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "azure").mkdir()
    (tmp_path / "azure" / "__init__.py").write_text("")
    (tmp_path / "azure" / "cloud.py").write_text(NEW_CLOUD)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setitem(clouds.CLOUDS, "azure", clouds.Entry("azure.cloud", ("flexible",), "japaneast"))
    with pytest.raises(SettingsError, match=r"database\.backend is 'local', but provider azure makes PostgreSQL with flexible"):
        record(main, config("azure", "dev", database={"backend": "local"}))
    from components.local.cloud import CLOUD

    monkeypatch.setitem(CLOUD.postgres, "flexible", CLOUD.postgres["local"])  # type: ignore[index]
    assert record(main, config("azure", "dev")).outputs["database"]["host"]
    sys.modules.pop("azure.cloud", None)


@pytest.mark.parametrize("provider", [name for name in clouds.CLOUDS if name not in PRESENT])
def test_a_cloud_that_is_not_here_is_one_sentence(provider: str) -> None:
    with pytest.raises(clouds.CloudMissingError, match=f"provider is '{provider}', whose components .* are not in this checkout"):
        record(main, config(provider, "dev"))


def test_a_component_that_forgets_its_outputs_is_seen() -> None:
    class Forgetful(contract.Network):
        def __init__(self, name: str) -> None:
            super().__init__(name)

    def program() -> None:
        _ = Forgetful("network").network_id

    with pytest.raises(AttributeError, match="network_id"):
        record(program, {})


def test_scope_names_the_secret() -> None:
    assert (
        Scope(app="eldonia-nex", environment="production", tier="prod", stack="p").database_secret == "eldonia-nex/production/db"
    )
