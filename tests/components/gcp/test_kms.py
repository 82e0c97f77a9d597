"""The database's own key: where it is, how it rotates, that Cloud SQL may use it in time, that it outlives its backups."""

from __future__ import annotations

import pulumi
import pytest

from components import contract
from components.config import load_settings, scope_of
from components.gcp.kms import DatabaseKey
from components.gcp.network import GcpNetwork
from tests.components.gcp.database import cloud_sql
from tests.components.gcp.logins import EXISTING, Database, LoginsMade
from tests.recorder import record


def key(*, protect: bool = False, retain: bool = False, app: str = "shop") -> LoginsMade:
    def program() -> None:
        settings = load_settings()
        scope = scope_of(settings)
        network = GcpNetwork("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        made = DatabaseKey(Database("database", network), scope, protect=protect, retain=retain)
        pulumi.export("name", made.name)
        pulumi.export("ready", [resource._name for resource in made.ready])

    config = {"app": app, "tier": "dev", "provider": "gcp", "network": EXISTING}
    return LoginsMade(record(program, config), contract.Access(), contract.Access())


def test_a_key_in_the_region_of_the_stack_that_rotates_every_90_days() -> None:
    made = key()
    assert made.inputs("database-key-ring")["location"] == "asia-northeast1"
    inputs = made.inputs("database-key")
    assert inputs["keyRing"] == "database-key-ring-id"
    assert inputs["rotationPeriod"] == "7776000s"
    assert inputs["purpose"] == "ENCRYPT_DECRYPT"
    assert inputs["labels"]["app"] == "shop"
    assert made.recording.outputs["name"] == "database-key-id"


@pytest.mark.parametrize("app", ["shop", "a-very-long-name-of-an-application"])
def test_the_name_of_a_ring_is_never_used_again(app: str) -> None:
    """Google keeps every key ring for ever."""
    made = key(app=app)
    name = made.inputs("database-key-ring")["name"]
    assert name == f"{app}-dev-database-0a1b2c3d"
    assert len(name) <= 63
    assert made.inputs("database-key-suffix")["keepers"] == {"region": "asia-northeast1"}


def test_cloud_sql_may_use_the_key_before_the_instance_asks_for_it() -> None:
    made = key()
    assert made.inputs("database-key-service") == {"service": "sqladmin.googleapis.com"}
    assert made.inputs("database-key-use") == {
        "cryptoKeyId": "database-key-id",
        "role": "roles/cloudkms.cryptoKeyEncrypterDecrypter",
        "member": "database-key-service.member",
    }
    assert made.recording.outputs["ready"] == ["database-key-use"]


@pytest.mark.parametrize("name", ["database-key-ring", "database-key", "database-key-use"])
def test_what_final_backups_need_outlives_the_stack(name: str) -> None:
    options = key(protect=True, retain=True).named(name).options
    assert (options.protect, options.retain_on_delete) == (True, True)
    options = key().named(name).options
    assert not options.protect
    assert not options.retain_on_delete


def test_no_key_is_made_for_an_instance_that_may_not_be_recreated() -> None:
    """The change is refused at the instance's name, so that there is no protected key to get rid of when it is taken back."""
    assert "database-suffix" in cloud_sql("prod", customer_managed_key=True).needed_by("database-key-suffix")
