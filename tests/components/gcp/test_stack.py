"""The Google stacks as a whole: the stack files, labels, regions, and that every complaint of the anchors has its test."""

from __future__ import annotations

import inspect
import re
from importlib import import_module

import pytest

from tests.components.gcp.stack import gcp_stack
from tests.recorder import ROOT, main, record
from tests.test_main import recorded, stack_file

COMPLAINTS = range(1, 26)
"""The user complaints of neighbouring projects, numbered as in shared/anchors/gcp.md; a test for each bears its number.
Numbers above are the ones that its last paragraph and its feature tables tell of."""


def test_every_complaint_has_a_test() -> None:
    text = "\n".join(
        path.read_text() for folder in ("components/gcp", "engine") for path in (ROOT / "tests" / folder).rglob("test_*.py")
    )
    guarded = {int(number) for number in re.findall(r"def test_gcp_complaint_(\d\d)_", text)}
    assert guarded >= set(COMPLAINTS)


def takes_labels(token: str) -> bool:
    """Whether the SDK's class of *token* has an argument ``labels``."""
    module, name = token.split(":")[1].partition("/")[0], token.rpartition(":")[2]
    cls = getattr(import_module(f"pulumi_gcp.{module}"), name)
    return "labels" in inspect.signature(cls._internal_init).parameters


@pytest.mark.parametrize("tier", ["dev", "prod"])
def test_everything_is_labelled(tier: str) -> None:
    seen = 0
    for resource in gcp_stack(tier, tags={"team": "payments"}).resources.values():
        if not resource.type.startswith("gcp:"):
            continue
        labels = resource.inputs.get("userLabels") or resource.inputs.get("settings", {}).get("userLabels")
        if labels is None and takes_labels(resource.type) and "Descriptor" not in resource.type:
            labels = resource.inputs.get("labels", {})
        if labels is not None:
            seen += 1
            assert labels.get("managed-by") == "managed-postgres", resource.name
            assert labels.get("team") == "payments", resource.name
    assert seen > 20, "there is something to look at"


@pytest.mark.parametrize("stack", ["gcp-dev", "gcp-prod"])
def test_the_guides_region_and_no_other_cloud(stack: str) -> None:
    given = stack_file(stack)
    assert given["gcp:region"] == "asia-northeast1"
    assert not re.search("aws|amazon|rds|ecs", (ROOT / f"Pulumi.{stack}.yaml").read_text(), re.IGNORECASE)


def test_dev_is_the_guides_instance() -> None:
    """db-f1-micro, zonal, private, TLS, PITR with backups at 02:00 in Tokyo, seven days, nothing protected."""
    dev = recorded("gcp-dev")
    (instance,) = dev.of_type("sql/databaseInstance:DatabaseInstance").values()
    settings = instance.inputs["settings"]
    assert (settings["tier"], settings["edition"], settings["availabilityType"]) == ("db-f1-micro", "ENTERPRISE", "ZONAL")
    assert settings["ipConfiguration"]["ipv4Enabled"] is False
    assert settings["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"
    backup = settings["backupConfiguration"]
    assert backup["enabled"]
    assert backup["pointInTimeRecoveryEnabled"]
    assert backup["startTime"] == "17:00", "UTC; 02:00 in Tokyo"
    assert backup["backupRetentionSettings"]["retainedBackups"] == 7
    assert instance.inputs["databaseVersion"] == "POSTGRES_17"
    assert instance.inputs["deletionProtection"] is False
    assert not [resource.name for resource in dev.resources.values() if resource.options.protect]


def test_prod_survives_a_zone_and_a_mistake() -> None:
    """REGIONAL with a read replica, 30 days, every protection, retained and final backups."""
    prod = recorded("gcp-prod")
    instances = prod.of_type("sql/databaseInstance:DatabaseInstance")
    assert len(instances) == 2, "primary and replica"
    for instance in instances.values():
        settings = instance.inputs["settings"]
        assert (settings["tier"], settings["edition"]) == ("db-custom-2-8192", "ENTERPRISE")
        assert settings["ipConfiguration"]["sslMode"] == "ENCRYPTED_ONLY"
        assert instance.inputs["deletionProtection"]
        assert settings["deletionProtectionEnabled"]
        assert instance.options.protect
    (primary,) = (item.inputs["settings"] for item in instances.values() if "masterInstanceName" not in item.inputs)
    assert primary["availabilityType"] == "REGIONAL"
    assert primary["retainBackupsOnDelete"]
    assert primary["finalBackupConfig"]["enabled"]
    assert primary["backupConfiguration"]["backupRetentionSettings"]["retainedBackups"] == 30
    assert primary["denyMaintenancePeriod"] == {"startDate": "12-20", "endDate": "01-10", "time": "00:00:00"}


@pytest.mark.parametrize("stack", ["gcp-dev", "gcp-prod"])
def test_the_program_needs_no_made_up_outputs(stack: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reviewers' tools often answer with nothing but the inputs; the graph must still be whole."""
    whole = recorded(stack).resources
    monkeypatch.setattr("tests.recorder.computed", lambda token, name: {})
    assert record(main, stack_file(stack), stack_name=stack).resources.keys() == whole.keys()


def test_the_same_settings_make_the_same_graph() -> None:
    """No timestamp, no random order: a second run of the program asks for exactly the same."""
    first, second = (record(main, stack_file("gcp-prod"), stack_name="gcp-prod") for _ in range(2))
    assert {key: resource.inputs for key, resource in first.resources.items()} == {
        key: resource.inputs for key, resource in second.resources.items()
    }
