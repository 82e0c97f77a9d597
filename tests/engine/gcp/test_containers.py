"""New versions of a service: migrated first, checked afterwards, shifted step by step, nothing half-done when one fails."""

from __future__ import annotations

from typing import Any

import pytest

from tests.engine.deployment import refused
from tests.engine.gcp.deployment import Deploy, GcpDeployment, paths
from tests.engine.gcp.stacks import container_stack
from tests.engine.standin.deployment import told


def api(image: str, **change: Any) -> dict[str, Any]:
    return {"services": {"api": {"image": image, **change}}}


@pytest.fixture(scope="module")
def live(deploy: Deploy) -> GcpDeployment:
    made = deploy("containers", container_stack())
    made.up()
    return made


def revision(live: GcpDeployment) -> str:
    return str(live.world.named("service-api-run").outputs["latestCreatedRevision"])


def image_of(live: GcpDeployment) -> str:
    return str(live.world.named("service-api-run").inputs["template"]["containers"][0]["image"])


def test_a_new_image_and_a_new_migration(live: GcpDeployment) -> None:
    (live.root / "migrations" / "900_more.sql").write_text("SELECT 1;\n")
    steps = live.up(**api("api:2"))
    assert told(steps) == {"update job-migrate-job", "update service-api-run"}
    assert paths(steps)["job-migrate-job"] == {"runExecutionToken"}
    assert paths(steps)["service-api-run"] == {"template.containers"}
    first, second = live.containers.executions
    assert first["token"] != second["token"]
    assert first["services"] == {}
    [before] = [image for name, image in second["services"].items() if "api" in name]
    assert before.endswith("api:1"), "the old version ran while it was migrated"


def test_gcp_complaint_24_a_failed_migration_stops_before_the_service(live: GcpDeployment) -> None:
    job = live.world.named("job-migrate-job").inputs["name"]
    live.containers.fail(job, 'relation "nowhere" does not exist')
    (live.root / "migrations" / "901_broken.sql").write_text("ALTER TABLE nowhere ADD COLUMN x int;\n")
    live.configure(**api("api:3"))
    refused(live.run("up"), "job-migrate")
    assert image_of(live).endswith("api:2")


def test_gcp_complaint_24_it_is_not_taken_for_done_the_next_time(live: GcpDeployment) -> None:
    """The provider knows the new token already, and would find nothing to do."""
    refused(live.run("up"), "did not succeed", "Its log:")
    assert image_of(live).endswith("api:2")


def test_gcp_complaint_24_the_next_up_after_the_mend_deploys(live: GcpDeployment) -> None:
    live.containers.mend()
    (live.root / "migrations" / "901_broken.sql").write_text("ALTER TABLE users ADD COLUMN x int;\n")
    steps = live.up(**api("api:3"))
    assert told(steps) == {"update job-migrate-job", "update service-api-run"}
    assert image_of(live).endswith("api:3")


def test_gcp_complaint_21_a_revision_that_does_not_get_ready_is_a_failure(live: GcpDeployment) -> None:
    good = revision(live)
    live.containers.fail(live.world.named("service-api-run").inputs["name"], "The startup probe failed.")
    live.configure(**api("api:4"))
    refused(live.run("up"), "is not ready")
    assert live.world.named("service-api-run").outputs["latestReadyRevision"] == good


def test_gcp_complaint_21_it_is_one_again_at_the_next_up(live: GcpDeployment) -> None:
    """The provider would find nothing to change and be content."""
    refused(live.run("up"), "does not run its new revision", "The startup probe failed", "Its log:")


def test_gcp_complaint_20_rolled_back_by_name(live: GcpDeployment) -> None:
    """However broken the newest revision is."""
    good = str(live.world.named("service-api-run").outputs["latestReadyRevision"])
    steps = live.up(**api("api:4", traffic={"mode": "pinned", "stable_revision": good}))
    assert paths(steps)["service-api-run"] == {"traffics"}
    assert live.world.named("service-api-run").outputs["latestReadyRevision"] == good


def test_gcp_complaint_20_mended_as_a_canary(live: GcpDeployment) -> None:
    live.containers.mend()
    good = str(live.world.named("service-api-run").outputs["latestReadyRevision"])
    steps = live.up(**api("api:5", traffic={"mode": "canary", "stable_revision": good, "percent": 10}))
    assert paths(steps)["service-api-run"] == {"template.containers", "traffics"}
    targets = live.world.named("service-api-run").inputs["traffics"]
    assert {target.get("revision"): target["percent"] for target in targets} == {good: 90, None: 10}
    assert [target["tag"] for target in targets if target.get("tag")] == ["candidate"]


def test_gcp_complaint_20_then_everything_and_scaling_makes_no_revision(live: GcpDeployment) -> None:
    before = revision(live)
    steps = live.up(**api("api:5", scaling={"min": 2, "max": 4}))
    assert paths(steps)["service-api-run"] == {"scaling.maxInstanceCount", "scaling.minInstanceCount", "traffics"}
    assert revision(live) == before


def test_gcp_complaint_20_a_revision_that_never_was_is_refused(live: GcpDeployment) -> None:
    live.configure(**api("api:5", traffic={"mode": "pinned", "stable_revision": "nowhere-00001-abc"}))
    refused(live.run("up"), "does not exist")


def test_gcp_complaint_19_no_revision_is_named_by_us(live: GcpDeployment) -> None:
    templates = [record.inputs["template"] for record in live.world.all("cloudrunv2/service:Service")]
    assert len(templates) == 2
    assert not [template for template in templates if "revision" in template]


def test_gcp_complaint_17_a_final_backup_outlives_the_stack(live: GcpDeployment) -> None:
    name = live.world.named("database-instance").facts["name"]
    gone = live.run("down", "--yes")
    assert gone.code == 0, gone.text
    assert [*live.world.noted("final-backup")] == [name]
