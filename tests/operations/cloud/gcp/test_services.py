"""Services on Cloud Run over gRPC: what runs, what ran, and revisions that never got ready."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest

from operations.cloud.gcp import services as module
from operations.cloud.gcp.services import EMULATOR, GcpServices
from operations.errors import OperationError, Refused
from tests.components.gcp.run_server import PLACE, SERVICE, CloudRun, condition, service
from tests.grpc_server import serving

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    from google.cloud.run_v2 import types

OLD, NEW = "api-00001-old", "api-00002-new"


class CloudRunWithRevisions(CloudRun):
    """Answers for revisions too; a list of them is asked of the service's name."""

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        match details.method:
            case "/google.cloud.run.v2.Revisions/GetRevision":
                request, answer = types.GetRevisionRequest, types.Revision
                return grpc.unary_unary_rpc_method_handler(self._get, request.deserialize, answer.serialize)
            case "/google.cloud.run.v2.Revisions/ListRevisions":
                request, answer = types.ListRevisionsRequest, types.ListRevisionsResponse
                return grpc.unary_unary_rpc_method_handler(self._list, request.deserialize, answer.serialize)
        return super().service(details)

    def _list(self, request: Any, context: grpc.ServicerContext) -> Any:
        return types.ListRevisionsResponse(revisions=self.answers[f"{request.parent}/revisions"])


@pytest.fixture(scope="module")
def started() -> Iterator[CloudRunWithRevisions]:
    with serving(CloudRunWithRevisions()) as handler:
        yield handler


@pytest.fixture
def run(started: CloudRunWithRevisions, monkeypatch: pytest.MonkeyPatch) -> CloudRunWithRevisions:
    started.answers.clear()
    started.delay = 0
    monkeypatch.setenv(EMULATOR, f"127.0.0.1:{started.port}")
    made = [revision(NEW, 2), revision(OLD, 1)]
    started.put(f"{SERVICE}/revisions", *made)
    for one in made:
        started.put(one.name, one)
    return started


def revision(name: str, day: int, *, ready: bool = True) -> types.Revision:
    return types.Revision(
        name=f"{SERVICE}/revisions/{name}",
        create_time=datetime(2026, 11, day, tzinfo=UTC),
        containers=[types.Container(image=f"asia-northeast1-docker.pkg.dev/shop-1/shop-dev/api@sha256:{day}")],
        conditions=[condition("Ready", "CONDITION_SUCCEEDED" if ready else "CONDITION_FAILED", "" if ready else "no port")],
    )


def control() -> GcpServices:
    return GcpServices({"services": {"api": {"service": SERVICE}}})


def test_a_service_that_runs(run: CloudRunWithRevisions) -> None:
    run.put(SERVICE, service(created=NEW, ready=NEW))
    found = control().running("api")
    assert (found.version, found.image.rpartition("@")[2]) == (NEW, "sha256:2")
    assert (found.desired, found.healthy, found.settled, found.failed) == (1, 1, True, "")
    assert control().names() == ["api"]


def test_a_new_revision_that_never_got_ready(run: CloudRunWithRevisions) -> None:
    """The one before goes on serving; Cloud Run tells it once and never again."""
    run.put(SERVICE, service(created=NEW, ready=OLD, failed="The container failed to start."))
    found = control().running("api")
    assert (found.version, found.settled) == (OLD, True)
    assert found.failed == f"{NEW} did not get ready: The container failed to start"
    run.put(SERVICE, service(created=NEW, ready="", failed="The container failed to start."))
    found = control().running("api")
    assert (found.version, found.image, found.healthy) == ("", "", 0)


def test_a_canary(run: CloudRunWithRevisions) -> None:
    """The newest that gets requests, however few."""
    run.put(SERVICE, service(created=NEW, ready=NEW, traffic={OLD: 90, NEW: 10}))
    assert control().running("api").version == NEW
    run.put(SERVICE, service(created=NEW, ready=NEW, traffic={OLD: 100, "latest": 0}))
    assert control().running("api").version == OLD


def test_a_deployment_under_way(run: CloudRunWithRevisions) -> None:
    run.put(SERVICE, service(created=NEW, ready=OLD, reconciling=True))
    found = control().running("api")
    assert (found.version, found.settled, found.failed) == (OLD, False, "")


def test_versions_that_ran(run: CloudRunWithRevisions) -> None:
    run.put(f"{SERVICE}/revisions", revision("api-00003-bad", 3, ready=False), revision(NEW, 2), revision(OLD, 1))
    assert [version for version, _ in control().versions("api")] == [NEW, OLD]


def test_refusals_are_one_sentence(run: CloudRunWithRevisions, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refused, match="no service 'web'; its services are api"):
        control().running("web")
    with pytest.raises(OperationError, match="cannot look at service api: it is not there"):
        control().running("api")
    run.put(SERVICE, grpc.StatusCode.PERMISSION_DENIED)
    with pytest.raises(OperationError, match=r"allow run\.services\.get and run\.revisions\.get"):
        control().running("api")
    run.put(SERVICE, grpc.StatusCode.UNAUTHENTICATED)
    with pytest.raises(OperationError, match="gcloud auth application-default login"):
        control().running("api")
    run.put(SERVICE, grpc.StatusCode.INTERNAL)
    with pytest.raises(OperationError, match="InternalServerError"):
        control().running("api")
    monkeypatch.setattr(module, "CALL_SECONDS", 0.2)
    run.put(SERVICE, service())
    run.delay = 2
    with pytest.raises(OperationError, match=r"no answer within 0\.2 seconds"):
        control().running("api")


def test_no_credentials_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(EMULATOR, raising=False)
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", "/nowhere.json")
    with pytest.raises(OperationError, match="there are no good Google credentials"):
        control().running("api")
    assert PLACE in SERVICE
