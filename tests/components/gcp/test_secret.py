"""A secret on Google Cloud: where it is, when it is written, who may read it, at which version it is read."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from components import contract
from components.config import load_settings, scope_of
from components.gcp.network import GcpNetwork
from components.gcp.secret import PinnedSecret, Secret
from tests.components.gcp.logins import EXISTING, Database, LoginsMade, changed
from tests.components.made import Workload
from tests.recorder import member_of, record

CONFIG = {"app": "shop", "tier": "dev", "provider": "gcp", "network": EXISTING}
BOTH = {("api", "database-secret-token"), ("worker", "database-secret-token")}


def secret(**change: Any) -> LoginsMade:
    """A stack with the secret ``token`` of the component ``database``, and two workloads that read it."""

    def program() -> None:
        settings = load_settings()
        scope = scope_of(settings)
        network = GcpNetwork("network", contract.NetworkArgs(scope=scope, settings=settings.network))
        made = Secret(
            Database("database", network),
            "token",
            scope=scope,
            **{"value": "never-shown", "stamp": {"host": pulumi.Output.from_input("10.0.0.3")}, **change},
        )
        for name in ("api", "worker"):
            workload = Workload(name)
            assert made.grant(network, workload) is made.grant(network, workload), "asked twice, made once"
        references = {"plain": made.ref(), "json": made.ref("password")}
        assert all(isinstance(reference, PinnedSecret) for reference in references.values())
        for name, reference in references.items():
            pulumi.export(name, vars(reference))
        pulumi.export("id", made.id)

    return LoginsMade(record(program, CONFIG), contract.Access(), contract.Access())


def test_a_secret_is_in_the_region_of_the_stack_only() -> None:
    inputs = secret().inputs("database-secret-token")
    assert inputs["secretId"] == "shop-dev-token"
    assert inputs["replication"] == {"userManaged": {"replicas": [{"location": "asia-northeast1"}]}}
    assert inputs["labels"]["app"] == "shop"


def test_gcp_complaint_15_a_value_is_write_only() -> None:
    inputs = secret().inputs("database-secret-token-version")
    assert inputs["secretDataWo"]["value"] == "never-shown"
    assert "secretData" not in inputs
    assert 0 < int(inputs["secretDataWoVersion"]) < 2**31


@pytest.mark.parametrize("host", ["10.0.0.4", pulumi.Output.from_input("10.0.0.4")], ids=["text", "output"])
def test_a_value_is_written_anew_when_its_stamp_changes(host: Any) -> None:
    assert changed(secret(), secret(stamp={"host": host})) == {"database-secret-token-version": {"secretDataWoVersion"}}


def test_a_stamp_does_not_depend_on_the_order_of_its_keys() -> None:
    one, other = secret(stamp={"a": 1, "b": 2}), secret(stamp={"b": 2, "a": 1})
    assert changed(one, other) == {}


def test_gcp_complaint_22_a_secret_is_read_at_its_version_never_at_latest() -> None:
    outputs = secret().recording.outputs
    assert outputs["plain"] == {
        "id": "database-secret-token-id",
        "key": None,
        "secret": "shop-dev-token",
        "version": "database-secret-token-version.version",
    }
    assert outputs["json"] == {**outputs["plain"], "key": "password"}
    assert outputs["id"] == "database-secret-token-id"


def test_gcp_complaint_22_a_version_that_a_rolled_back_revision_names_stays() -> None:
    made = secret(protect=True)
    assert made.inputs("database-secret-token-version")["deletionPolicy"] == "ABANDON"
    assert "enabled" not in made.inputs("database-secret-token-version")


def test_only_the_secret_is_protected_since_a_protected_version_could_never_change() -> None:
    for protect in (True, False):
        made = secret(protect=protect)
        assert made.inputs("database-secret-token")["deletionProtection"] is protect
        assert bool(made.named("database-secret-token").options.protect) is protect
        assert not made.named("database-secret-token-version").options.protect


def test_each_reader_has_a_right_to_this_secret_alone() -> None:
    made = secret()
    members = made.of_type("SecretIamMember")
    assert set(members) == {f"{workload}-{name}" for workload, name in BOTH}
    for workload, name in BOTH:
        member = members[f"{workload}-{name}"]
        assert member.inputs == {
            "secretId": "database-secret-token-id",
            "role": "roles/secretmanager.secretAccessor",
            "member": member_of(f"{workload}-identity"),
        }
        assert member.parent.endswith(f"::{workload}"), "it goes with the workload"


def test_everything_waits_for_the_apis() -> None:
    made = secret()
    for name in ("database-secret-token", "database-secret-token-version", "api-database-secret-token"):
        assert any("api" in needed and needed.startswith("network-") for needed in made.needed_by(name)), name
