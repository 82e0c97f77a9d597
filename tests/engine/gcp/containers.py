"""Cloud Run's API over gRPC for our dynamic resources: the few calls they make, answered from the pretended cloud."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc

from tests.engine.gcp.standin.facts import BROKEN
from tests.engine.standin.world import Record, World

with warnings.catch_warnings():
    warnings.simplefilter("ignore", FutureWarning)
    from google.cloud import run_v2

LATEST = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"


class Containers:
    """What Cloud Run says of services and jobs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def executions(self) -> list[dict[str, Any]]:
        """Every run of a job that a token began, in order: job, image, the services' images then, whether it failed."""
        noted = World(self.folder).noted("executions")
        return [noted[key] for key in sorted(noted, key=lambda key: key.rpartition("-")[2])]

    def fail(self, name: str, why: str) -> None:
        """What starts next in the job or service called *name* fails."""
        World(self.folder).note(BROKEN, name, why)

    def mend(self) -> None:
        World(self.folder).forget(BROKEN)

    def service(self, request: Any, context: Any) -> Any:
        record = self._found("cloudrunv2/service:Service", request.name, context)
        created, ready = record.outputs["latestCreatedRevision"], record.outputs["latestReadyRevision"]
        why = World(self.folder).noted(BROKEN).get(record.inputs["name"])
        condition = run_v2.Condition(
            type_="Ready",
            state=run_v2.Condition.State.CONDITION_FAILED if why else run_v2.Condition.State.CONDITION_SUCCEEDED,
            message=f"Revision '{created}' is not ready and cannot serve traffic. {why}" if why else "",
        )
        targets = record.inputs.get("traffics") or [{"type": LATEST, "percent": 100}]
        return run_v2.Service(
            name=record.id,
            latest_created_revision=f"{record.id}/revisions/{created}",
            latest_ready_revision=f"{record.id}/revisions/{ready}" if ready else "",
            terminal_condition=condition,
            traffic_statuses=[
                run_v2.TrafficTargetStatus(
                    type_=item["type"], revision=item.get("revision", ""), percent=int(item["percent"]), tag=item.get("tag", "")
                )
                for item in targets
            ],
        )

    def job(self, request: Any, context: Any) -> Any:
        record = self._found("cloudrunv2/job:Job", request.name, context)
        runs = [run for run in self.executions if run["job"] == record.inputs["name"]]
        if not runs:
            return run_v2.Job(name=record.id)
        status = run_v2.ExecutionReference.CompletionStatus
        last = run_v2.ExecutionReference(
            name=f"{record.inputs['name']}-{runs[-1]['token']}",
            completion_status=status.EXECUTION_FAILED if runs[-1]["failed"] else status.EXECUTION_SUCCEEDED,
        )
        return run_v2.Job(name=record.id, latest_created_execution=last, execution_count=len(runs))

    def _found(self, kind: str, name: str, context: Any) -> Record:
        for record in World(self.folder).all(kind):
            if record.id == name:
                return record
        context.abort(grpc.StatusCode.NOT_FOUND, f"Resource '{name}' was not found")
        raise AssertionError


@contextmanager
def serving(containers: Containers) -> Iterator[str]:
    """``host:port`` of *containers*, for CLOUD_RUN_EMULATOR_HOST."""
    calls = {
        "Services": {"GetService": _call(containers.service, run_v2.GetServiceRequest, run_v2.Service)},
        "Jobs": {"GetJob": _call(containers.job, run_v2.GetJobRequest, run_v2.Job)},
    }
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=2))
    for name, methods in calls.items():
        server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(f"google.cloud.run.v2.{name}", methods)])
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(None).wait()


def _call(answer: Any, request: Any, response: Any) -> Any:
    return grpc.unary_unary_rpc_method_handler(
        answer, request_deserializer=request.deserialize, response_serializer=response.serialize
    )
