"""The check that a job of a deployment really succeeded: one that failed is not done, though the next `up` may find nothing to do
(terraform-provider-google#24451)."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi.dynamic import Resource

from components.dynamic import CheckProvider
from components.gcp.providers.calls import GcpError, client, doing, limits
from components.gcp.providers.rollout import log_command

POLL_SECONDS = 5.0
UNDER_WAY = ("EXECUTION_RUNNING", "EXECUTION_PENDING")


class ExecutionCheckProvider(CheckProvider):
    """A change of what is in ``again`` is a new run to look at."""

    keys = ("job", "token", "timeout_seconds")
    again = ("job", "token")
    subject = "job"
    seen = "execution"

    def look(self, values: Mapping[str, Any]) -> str:
        return _succeeded(values)


def _succeeded(values: Mapping[str, Any]) -> str:
    """The name of the last execution once it has ended well, or one sentence raised."""
    _, project, _, _, _, job = values["job"].split("/")
    end = time.monotonic() + values["timeout_seconds"]
    with doing(f"look at job {job}", right="run.jobs.get"), client("Jobs") as jobs:
        while True:
            last = _job(jobs, values["job"]).latest_created_execution
            if last.completion_status.name not in UNDER_WAY:
                break
            if time.monotonic() >= end:
                raise GcpError(f"job {job} still runs after {values['timeout_seconds']} seconds (execution {last.name})")
            time.sleep(POLL_SECONDS)
    if last.completion_status.name == "EXECUTION_SUCCEEDED":
        return str(last.name)
    rerun = "change any variable of it, such as RERUN, and run `pulumi up`"
    if not last.name:
        raise GcpError(f"job {job} never ran; {rerun}, which runs it")
    raise GcpError(
        f"job {job} did not succeed (execution {last.name}: {last.completion_status.name}). What waits for it was left as it is. "
        f"Mend what its log shows and run `pulumi up`; where that changes nothing of the job, {rerun}.\n"
        f"Its log: {log_command(project, 'cloud_run_job', job_name=job)}"
    )


def _job(jobs: Any, name: str) -> Any:
    from google.api_core.exceptions import NotFound

    try:
        return jobs.get_job(name=name, **limits())
    except NotFound:
        raise GcpError(
            f"there is no job {name.rpartition('/')[2]} ({name}): somebody deleted it; run `pulumi refresh`, then `pulumi up`, "
            "which makes and runs it again"
        ) from None


class ExecutionCheck(Resource, module="gcp", name="ExecutionCheck"):
    """Fails the deployment, in one sentence, unless the last execution of *job* succeeded."""

    execution: pulumi.Output[str]
    """Name of that execution."""

    def __init__(
        self,
        resource_name: str,
        *,
        job: pulumi.Input[str],
        token: pulumi.Input[str],
        timeout_seconds: int,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """*job*: ``projects/P/locations/R/jobs/J``. *token*: its ``run_execution_token``; a new one is looked at anew."""
        properties = {"job": job, "token": token, "timeout_seconds": timeout_seconds, "execution": None}
        super().__init__(ExecutionCheckProvider(), resource_name, properties, opts)
