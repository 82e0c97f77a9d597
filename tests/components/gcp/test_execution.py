"""The look at a job of a deployment: did it succeed? Over gRPC, as the engine asks."""

from __future__ import annotations

import grpc  # type: ignore[import-untyped]
import pytest

from components.gcp.providers.execution import ExecutionCheckProvider
from tests.components.gcp.looks import execution_problem, of_job, wire
from tests.components.gcp.run_server import JOB, CloudRun, job


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
            "Mend what its log shows and run `pulumi up`; where that changes nothing of the job, "
            "change any variable of it, such as RERUN, and run `pulumi up`."
        )
        assert 'resource.type="cloud_run_job" AND resource.labels.job_name="migrate"' in log


def test_a_job_that_never_ran(server: CloudRun) -> None:
    server.put(JOB, job(execution=""))
    assert execution_problem() == (
        "job migrate never ran; change any variable of it, such as RERUN, and run `pulumi up`, which runs it"
    )


def test_gcp_complaint_24_nobody_is_told_to_run_it_by_hand(server: CloudRun) -> None:
    for last in (job("EXECUTION_FAILED"), job("EXECUTION_CANCELLED"), job(execution="")):
        server.put(JOB, last)
        assert "execute" not in execution_problem()


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
