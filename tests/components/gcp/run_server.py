"""Cloud Run over gRPC: the real protocol, with services and jobs as a test puts them."""

from __future__ import annotations

import time
import warnings
from typing import Any

import grpc  # type: ignore[import-untyped]

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    from google.cloud.run_v2 import types

PLACE = "projects/shop-1/locations/asia-northeast1"
SERVICE, JOB = f"{PLACE}/services/api", f"{PLACE}/jobs/migrate"

METHODS: dict[str, tuple[Any, Any]] = {
    "/google.cloud.run.v2.Services/GetService": (types.GetServiceRequest, types.Service),
    "/google.cloud.run.v2.Jobs/GetJob": (types.GetJobRequest, types.Job),
}


class CloudRun(grpc.GenericRpcHandler):  # type: ignore[misc]
    """Answers GetService and GetJob: each name has a list of answers, the last one for all later questions."""

    def __init__(self) -> None:
        self.port = 0
        self.answers: dict[str, list[Any]] = {}
        """A message, or a status to end with."""
        self.delay = 0.0
        self.asked: list[str] = []

    def put(self, name: str, *answers: Any) -> None:
        self.answers[name] = list(answers)

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler | None:
        if details.method not in METHODS:
            return None
        request, answer = METHODS[details.method]
        return grpc.unary_unary_rpc_method_handler(self._get, request.deserialize, answer.serialize)

    def _get(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.asked.append(request.name)
        time.sleep(self.delay)
        answers = self.answers.get(request.name, [])
        if not answers:
            context.abort(grpc.StatusCode.NOT_FOUND, f"Resource '{request.name}' was not found.")
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, grpc.StatusCode):
            context.abort(answer, f"{answer.name.lower()} on '{request.name}' (or it may not exist).")
        return answer


def condition(kind: str, state: str = "CONDITION_SUCCEEDED", message: str = "") -> types.Condition:
    return types.Condition(type_=kind, state=getattr(types.Condition.State, state), message=message)


def service(
    created: str = "api-00002-new",
    ready: str = "api-00002-new",
    *,
    traffic: dict[str, int] | None = None,
    reconciling: bool = False,
    failed: str = "",
) -> types.Service:
    """A service as Cloud Run shows it. *traffic*: revision, or ``latest``, to percent; *failed*: why it is not ready."""
    kinds = types.TrafficTargetAllocationType
    state = "CONDITION_FAILED" if failed else "CONDITION_SUCCEEDED"
    return types.Service(
        name=SERVICE,
        reconciling=reconciling,
        latest_created_revision=f"{SERVICE}/revisions/{created}",
        latest_ready_revision=f"{SERVICE}/revisions/{ready}" if ready else "",
        terminal_condition=condition("Ready", state, failed),
        conditions=[condition("ConfigurationsReady", state, failed), condition("RoutesReady")],
        traffic_statuses=[
            types.TrafficTargetStatus(type_=kinds.TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST, percent=percent)
            if revision == "latest"
            else types.TrafficTargetStatus(
                type_=kinds.TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION, revision=revision, percent=percent
            )
            for revision, percent in (traffic or {"latest": 100}).items()
        ],
    )


def job(status: str = "EXECUTION_SUCCEEDED", execution: str = "migrate-0a1b2c3d4e5f") -> types.Job:
    """A job whose last execution ended so; without a name it never had one."""
    statuses = types.ExecutionReference.CompletionStatus
    last = types.ExecutionReference(name=execution, completion_status=getattr(statuses, status))
    return types.Job(name=JOB, latest_created_execution=last if execution else None)
