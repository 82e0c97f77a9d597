"""The look at a service: does it run its new revision? Over gRPC, as the engine asks."""

from __future__ import annotations

from components.gcp.providers.rollout import RolloutCheckProvider
from components.gcp.traffic import LATEST, REVISION, targets
from components.settings.workload import Traffic
from tests.components.gcp.looks import of_service, rollout_problem, wire
from tests.components.gcp.run_server import SERVICE, CloudRun, service

PORT_ERROR = (
    "The user-provided container failed to start and listen on the port defined provided by the PORT=8000 environment variable."
)


def test_a_service_that_runs_its_new_revision(server: CloudRun) -> None:
    server.put(SERVICE, service())
    found = RolloutCheckProvider().create(of_service())
    assert (found.outs or {})["ready"] == "api-00002-new"
    assert found.id == SERVICE


def test_a_deployment_under_way_is_waited_for(server: CloudRun) -> None:
    server.put(
        SERVICE, service(ready="api-00001-old", reconciling=True), service(ready="api-00001-old", reconciling=True), service()
    )
    assert RolloutCheckProvider().create(of_service()).outs
    assert server.asked == [SERVICE] * 3


def test_gcp_complaint_21_a_new_revision_that_does_not_get_ready(server: CloudRun) -> None:
    """Cloud Run says so once, in the operation, and never again (terraform-provider-google#22565)."""
    server.put(SERVICE, service(ready="api-00001-old", failed=f"Revision 'api-00002-new' is not ready. {PORT_ERROR}"))
    first, log = rollout_problem().splitlines()
    assert first == (
        "service api does not run its new revision api-00002-new: it did not get ready, api-00001-old goes on serving. "
        f"Reason: Revision 'api-00002-new' is not ready. {PORT_ERROR.rstrip('.')}; "
        "let the program listen on 0.0.0.0 and the port that the variable PORT names."
    )
    assert log == (
        'Its log: gcloud logging read \'resource.type="cloud_run_revision" AND resource.labels.revision_name="api-00002-new"\' '
        "--project shop-1 --freshness 1d --limit 20"
    )


def test_gcp_complaint_21_a_first_revision_that_does_not_get_ready(server: CloudRun) -> None:
    server.put(SERVICE, service(created="api-00001-new", ready="", failed="Image 'x/api:1' not found."))
    text = rollout_problem()
    assert "api-00001-new: it did not get ready, nothing is serving. Reason: Image 'x/api:1' not found; push the image" in text


def test_a_rollback_is_good_however_broken_the_newest_is(server: CloudRun) -> None:
    traffics = targets(Traffic(mode="pinned", stable_revision="api-00001-old"))
    server.put(SERVICE, service(ready="api-00001-old", failed=PORT_ERROR, traffic={"api-00001-old": 100}))
    assert RolloutCheckProvider().create(of_service(traffics=traffics)).outs


def test_a_canary_needs_its_candidate_and_its_shares(server: CloudRun) -> None:
    traffics = [{"type": REVISION, "revision": "api-00001-old", "percent": 90}, {"type": LATEST, "percent": 10}]
    server.put(SERVICE, service(traffic={"api-00001-old": 90, "latest": 10}))
    assert RolloutCheckProvider().create(of_service(traffics=traffics)).outs
    server.put(SERVICE, service(ready="api-00001-old", failed=PORT_ERROR, traffic={"api-00001-old": 90, "latest": 10}))
    assert "does not run its new revision api-00002-new" in rollout_problem(traffics=traffics)
    server.put(SERVICE, service(failed="Revision 'api-00001-old' was not found.", traffic={"latest": 100}))
    assert rollout_problem(traffics=traffics).startswith(
        "service api does not send its requests where traffic says: 100% to the newest instead of "
        "10% to the newest, 90% to api-00001-old. Reason: Revision 'api-00001-old' was not found; push"
    )


def test_tags_without_requests_do_not_count(server: CloudRun) -> None:
    server.put(SERVICE, service(traffic={"latest": 100, "api-00001-old": 0}))
    assert RolloutCheckProvider().create(of_service()).outs


def test_a_service_that_gives_no_reason(server: CloudRun) -> None:
    server.put(SERVICE, service(ready="api-00001-old"))
    assert "goes on serving. Google gives no reason." in rollout_problem()


def test_a_deployment_that_takes_too_long(server: CloudRun) -> None:
    server.put(SERVICE, service(reconciling=True))
    assert rollout_problem(timeout_seconds=0) == "service api is still being deployed after 0 seconds"


def test_a_service_that_somebody_deleted(server: CloudRun) -> None:
    assert rollout_problem() == (
        f"there is no service api ({SERVICE}): somebody deleted it; run `pulumi refresh`, then `pulumi up`, which makes it again"
    )


def test_only_a_new_revision_is_looked_at_again(server: CloudRun) -> None:
    provider = RolloutCheckProvider()
    server.put(SERVICE, service())
    olds = wire(provider.create(of_service()).outs or {})
    assert not provider.diff(SERVICE, olds, of_service()).changes
    server.asked.clear()
    longer = of_service(timeout_seconds=60)
    assert provider.diff(SERVICE, olds, longer).changes
    assert (provider.update(SERVICE, olds, longer).outs or {})["ready"] == "api-00002-new"
    assert server.asked == [], "a longer limit is only noted"
    later = of_service(revision=f"{SERVICE}/revisions/api-00003-x")
    assert provider.diff(SERVICE, olds, later).changes
    server.put(SERVICE, service("api-00003-x", "api-00003-x"))
    assert (provider.update(SERVICE, olds, later).outs or {})["ready"] == "api-00003-x"
