"""The stack ``gcp-dev`` as it is in this checkout, from its first preview to its end."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.engine.gcp.deployment import Deploy, GcpDeployment, lost, paths
from tests.engine.standin.deployment import own_settings, told

BACKUP = {"database": {"backup": {"retention_days": 6}}}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> GcpDeployment:
    return deploy("gcp-dev", own_settings("gcp-dev"))


def test_gcp_complaint_24_a_preview_runs_no_job_and_makes_nothing(live: GcpDeployment) -> None:
    shown = live.run("preview")
    assert shown.code == 0, shown.text
    assert "job-migrate / job" in shown.text
    assert live.containers.executions == []
    assert live.world.steps() == []


def test_the_repository_can_come_first(live: GcpDeployment) -> None:
    """The README's first deployment: services need images, and images a repository."""
    patterns = ("**::network", "**::network-api-*", "**::network-repository")
    result = live.run("up", *(word for pattern in patterns for word in ("--target", pattern)))
    assert result.code == 0, result.text
    made = told(live.world.steps())
    assert "create network-repository" in made
    assert all(step.startswith(("create network-api-", "create network-repository")) for step in made), made


def test_up_makes_everything_and_migrates_once_before_the_services(live: GcpDeployment) -> None:
    steps = live.up()
    assert {step.op for step in steps} == {"create"}
    [run] = live.containers.executions
    assert run["services"] == {}, "no service was there yet"
    assert "migrate" in run["job"]


def test_everything_waits_for_the_apis(live: GcpDeployment) -> None:
    """In the state, by which the engine also deletes: nothing is left that cannot be called any more."""
    resources = json.loads(live.state())["checkpoint"]["latest"]["resources"]
    waits: dict[str, set[str]] = {}
    for resource in resources:
        direct = {*resource.get("dependencies", ()), resource.get("parent", "")}
        waits[resource["urn"]] = direct | {urn for other in direct for urn in waits.get(other, ())}
    [barrier] = [urn for urn in waits if urn.endswith("::network-api-serviceusage")]
    ours = [item["urn"] for item in resources if item["type"].startswith("gcp:") and "::network-api-" not in item["urn"]]
    assert len(ours) > 50
    assert [urn for urn in ours if barrier not in waits[urn]] == []


def test_the_handles_are_plain_and_complete(live: GcpDeployment) -> None:
    """One secret among them would hide them all, and no operation could find the stack."""
    stack, *_ = json.loads(live.state())["checkpoint"]["latest"]["resources"]
    handles = stack["outputs"]["handles"]
    assert (handles["provider"], handles["prefix"]) == ("gcp", "reference-dev")
    assert handles["backups"]["job"].endswith("/jobs/reference-dev-backups-create")
    assert handles["database"]["id"]


def test_nothing_is_protected_and_no_password_is_in_plain(live: GcpDeployment) -> None:
    passwords = [record.outputs["result"] for record in live.world.all(":RandomPassword")]
    passwords += [record.outputs["authString"] for record in live.world.all("redis/instance:Instance")]
    assert len(passwords) >= 4
    assert '"protect": true' not in live.state()
    assert not [password for password in passwords if password in live.state()]
    definitions = str([record.inputs for record in live.world.all("cloudrunv2/service:Service", "cloudrunv2/job:Job")])
    assert not [password for password in passwords if password in definitions]


def test_gcp_complaint_04_what_google_does_by_itself_is_no_change(live: GcpDeployment) -> None:
    """A disk that grew, a minor version, a service that gcloud has looked after: ``up`` looks at everything and leaves it."""
    live.drift("database-instance", maintenanceVersion="POSTGRES_17_5.R20260601.00_00", settings={"diskSize": 37})
    live.drift("service-api-run", client="gcloud", clientVersion="540.0.0")
    assert live.up() == []
    assert len(live.containers.executions) == 1, "the migration is not run again"


def test_gcp_complaint_04_the_next_change_keeps_the_grown_disk(live: GcpDeployment) -> None:
    steps = live.up(**BACKUP)
    kept = "settings.backupConfiguration.backupRetentionSettings.retainedBackups"
    logs = "settings.backupConfiguration.transactionLogRetentionDays"
    assert paths(steps)["database-instance"] == {kept, logs}
    assert live.world.named("database-instance").facts["settings"]["diskSize"] == 37


def test_a_refresh_finds_nothing_down(live: GcpDeployment) -> None:
    looked = live.run("refresh")
    assert looked.code == 0, looked.text
    assert "none down" in looked.text


def test_gcp_complaint_24_a_run_by_hand_is_followed_by_one_of_ours(live: GcpDeployment) -> None:
    """Google forgets the token then; migrations are made to be run twice. A bucket comes in the same run."""
    live.forget("job-migrate-job", "runExecutionToken")
    steps = live.up(buckets={"static": {}, "media": {}}, **BACKUP)
    assert lost(steps) == []
    assert {step.name for step in steps if step.op == "update"} == {"job-migrate-job"}
    assert {"create bucket-media-bucket", "create bucket-media-bucket-suffix"} == told(steps) - {"update job-migrate-job"}
    assert len(live.containers.executions) == 2


def test_cache_and_bucket_go_and_a_new_api_is_enabled(live: GcpDeployment) -> None:
    """The barrier is there already, so what is new waits for its own API only."""
    table = live.root / "components" / "gcp" / "apis.py"
    table.write_text(table.read_text().replace("APIS = {", 'APIS = {\n    "pubsub": "something new",', 1))
    live.worker.restart()
    steps = live.up(cache=None, **BACKUP)
    secrets = {f"delete cache-secret-cache-{what}" for what in ("ca", "password", "url")}
    assert {*lost(steps)} == {"delete cache-instance", "delete bucket-media-bucket", *secrets}
    assert {step.name for step in steps if step.op == "create"} == {"network-api-pubsub"}


def test_gcp_complaint_02_down_leaves_nothing(live: GcpDeployment) -> None:
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    left: list[Any] = [record.name for record in live.world.all() if not record.type.endswith("projects/service:Service")]
    assert left == []
    assert live.world.noted("final-backup") == {}
