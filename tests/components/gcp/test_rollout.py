"""The looks at a deployment: the dynamic providers against Cloud Run over gRPC, as the engine calls them."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from components.gcp.providers import calls, execution, rollout
from components.gcp.providers.calls import EMULATOR, GcpError
from components.gcp.providers.execution import ExecutionCheckProvider
from components.gcp.providers.rollout import RolloutCheckProvider
from components.gcp.traffic import LATEST, REVISION, targets
from components.settings.workload import Traffic
from tests.components.gcp.run_server import JOB, SERVICE, CloudRun, cloud_run, job, service

NEWEST = [{"type": LATEST, "percent": 100}]
PORT_ERROR = (
    "The user-provided container failed to start and listen on the port defined provided by the PORT=8000 environment variable."
)


@pytest.fixture(scope="module")
def started() -> Iterator[CloudRun]:
    with cloud_run() as handler:
        yield handler


@pytest.fixture
def server(started: CloudRun, monkeypatch: pytest.MonkeyPatch) -> CloudRun:
    started.answers.clear()
    started.asked.clear()
    started.delay = 0
    monkeypatch.setenv(EMULATOR, f"127.0.0.1:{started.port}")
    for module in (rollout, execution):
        monkeypatch.setattr(module, "POLL_SECONDS", 0.01)
    return started


def wire(values: dict[str, Any]) -> dict[str, Any]:
    """Properties as the engine hands them to a dynamic provider: numbers are floats, its own key among them."""
    return {**json.loads(json.dumps(values), parse_int=float), "__provider": "opaque"}


def of_service(**change: Any) -> dict[str, Any]:
    revision = f"{SERVICE}/revisions/api-00002-new"
    return wire({"service": SERVICE, "revision": revision, "traffics": NEWEST, "timeout_seconds": 30, "ready": None} | change)


def of_job(**change: Any) -> dict[str, Any]:
    return wire({"job": JOB, "token": "0a1b2c3d4e5f", "timeout_seconds": 30, "execution": None} | change)


def rollout_problem(**change: Any) -> str:
    with pytest.raises(GcpError) as caught:
        RolloutCheckProvider().create(of_service(**change))
    return str(caught.value)


def execution_problem(**change: Any) -> str:
    with pytest.raises(GcpError) as caught:
        ExecutionCheckProvider().create(of_job(**change))
    return str(caught.value)


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


def test_a_refusal(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.PERMISSION_DENIED)
    assert rollout_problem() == (
        f"cannot look at service api: Google denies it (permission_denied on '{SERVICE}' (or it may not exist)); "
        "allow run.services.get to the identity that Pulumi runs as"
    )


def test_credentials_that_are_no_good(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.UNAUTHENTICATED)
    assert rollout_problem() == (
        "cannot look at service api: there are no good Google credentials; sign in with `gcloud auth application-default login`"
    )


def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    assert "there are no good Google credentials" in rollout_problem()


def key_file() -> str:
    """The key of a service account, as Google hands it out."""
    pem = rsa.generate_private_key(65537, 2048).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return json.dumps(
        {
            "type": "service_account",
            "client_email": "deployer@shop-1.iam.gserviceaccount.com",
            "private_key": pem.decode(),
            "token_uri": "http://127.0.0.1:9/token",
        }
    )


def test_credentials_are_found_where_pulumis_provider_finds_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sign-in serves both."""
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    key, file = key_file(), tmp_path / "key.json"
    file.write_text(key)
    for name, value in (("GOOGLE_OAUTH_ACCESS_TOKEN", "ya29.t"), ("GOOGLE_CREDENTIALS", key), ("GOOGLE_CREDENTIALS", str(file))):
        with monkeypatch.context() as only:
            only.setenv(name, value)
            with calls.client("Services") as found:
                assert found.transport.host == "run.googleapis.com:443"


@pytest.mark.parametrize("value", ["{not json", '{"type": "authorized_user"}', "/nowhere.json"])
def test_a_key_in_the_environment_that_is_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_CREDENTIALS", value)
    assert rollout_problem() == "GOOGLE_CREDENTIALS is neither the key of a service account nor a file with one"


def test_a_slow_answer(server: CloudRun, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "CALL_SECONDS", 0.2)
    server.put(SERVICE, service())
    server.delay = 2
    assert rollout_problem() == "cannot look at service api: no answer within 0.2 seconds; run `pulumi up` again"


def test_what_passes_is_tried_again(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED, service())
    assert RolloutCheckProvider().create(of_service()).outs
    assert len(server.asked) == 3


def test_other_errors_are_one_sentence(server: CloudRun) -> None:
    server.put(SERVICE, grpc.StatusCode.INTERNAL)
    assert rollout_problem().endswith("(InternalServerError)")


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


def test_gcp_complaint_24_a_job_that_succeeded(server: CloudRun) -> None:
    server.put(JOB, job("EXECUTION_PENDING"), job("EXECUTION_RUNNING"), job())
    assert (ExecutionCheckProvider().create(of_job()).outs or {})["execution"] == "migrate-0a1b2c3d4e5f"
    assert len(server.asked) == 3


@pytest.mark.parametrize("status", ["EXECUTION_FAILED", "EXECUTION_CANCELLED"])
def test_gcp_complaint_24_a_job_that_failed_stops_the_deployment_every_time(server: CloudRun, status: str) -> None:
    server.put(JOB, job(status))
    for _ in range(2):
        first, log = execution_problem().splitlines()
        assert first == (
            f"job migrate did not succeed (execution migrate-0a1b2c3d4e5f: {status}). What waits for it was left as it is. "
            "Mend it and run `pulumi up`; where nothing had to be changed, run "
            "`gcloud run jobs execute migrate --region asia-northeast1 --project shop-1 --wait` first."
        )
        assert 'resource.type="cloud_run_job" AND resource.labels.job_name="migrate"' in log


def test_a_job_that_never_ran(server: CloudRun) -> None:
    server.put(JOB, job(execution=""))
    assert execution_problem().startswith("job migrate never ran; run it with `gcloud run jobs execute migrate")


def test_a_job_that_somebody_deleted_or_hides(server: CloudRun) -> None:
    assert execution_problem().startswith(f"there is no job migrate ({JOB}): somebody deleted it")
    server.put(JOB, grpc.StatusCode.PERMISSION_DENIED)
    assert execution_problem().endswith("allow run.jobs.get to the identity that Pulumi runs as")


def test_a_job_that_takes_too_long(server: CloudRun) -> None:
    server.put(JOB, job("EXECUTION_RUNNING"))
    assert execution_problem(timeout_seconds=0) == "job migrate still runs after 0 seconds (execution migrate-0a1b2c3d4e5f)"


def test_only_a_new_run_is_looked_at_again(server: CloudRun) -> None:
    provider = ExecutionCheckProvider()
    server.put(JOB, job())
    olds = wire(provider.create(of_job()).outs or {})
    server.asked.clear()
    assert not provider.diff(JOB, olds, of_job()).changes
    assert (provider.update(JOB, olds, of_job(timeout_seconds=60)).outs or {})["execution"] == "migrate-0a1b2c3d4e5f"
    assert server.asked == []
    assert provider.diff(JOB, olds, of_job(token="other")).changes
    server.put(JOB, job(execution="migrate-other"))
    assert (provider.update(JOB, olds, of_job(token="other")).outs or {})["execution"] == "migrate-other"


def test_nothing_is_printed_by_googles_packages(server: CloudRun) -> None:
    """They announce the end of a Python version when they are imported; a user of this program need not read that."""
    server.put(SERVICE, service())
    code = (
        "from components.gcp.providers.rollout import RolloutCheckProvider\n"
        f"print(RolloutCheckProvider().create({of_service()!r}).outs['ready'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("api-00002-new\n", "")
