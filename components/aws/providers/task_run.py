"""A task that ran to its end, as the migration does, before what depends on it is changed."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from components.aws.providers.calls import AwsError, client, doing
from components.aws.providers.stopped import LogPlace, exit_code, hint, reason
from components.dynamic import DynamicProvider, changed, inputs

RERUN = ("task_definition", "triggers")
"""A change of these runs the task again."""
PLACE = ("job", "region", "cluster", "container", "log_group", "subnets", "security_groups", "timeout_seconds")
RESULTS = ("task", "exit_code")

POLL_SECONDS = 5.0
STARTS, PAUSE_SECONDS = 4, 15.0
"""Tries to start, and the pause between them, for what passes by itself."""
PASSING = ("AccessDenied", "not authorized", "unable to assume", "apacity is unavailable")
"""A role made a moment ago is not known everywhere yet; Fargate may be out of room for a moment. The program has not begun then,
so another start repeats nothing."""
STOP_SECONDS = 180
"""A task that is told to stop has 120 seconds (stopTimeout), and AWS needs some."""


class TaskRunProvider(DynamicProvider):
    """Runs at create and update, never at preview. A failed run leaves the resource as it was: the next `up` runs again."""

    def create(self, props: dict[str, Any]) -> CreateResult:
        values = inputs(props)
        return CreateResult(values["job"], values | _run(values))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        values = inputs(news)
        results = _run(values) if changed(olds, news, RERUN) else {key: olds.get(key) for key in RESULTS}
        return UpdateResult(values | results)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        return DiffResult(changes=changed(olds, news, (*PLACE, *RERUN)))


def _run(values: Mapping[str, Any]) -> dict[str, Any]:
    """Runs the task to its end; returns its ARN and exit code 0, or raises one sentence."""
    job, region = values["job"], values["region"]
    ecs = client("ecs", region)
    with doing(f"run job {job} on cluster {values['cluster']} in {region}", right="ecs:RunTask, ecs:DescribeTasks"):
        for left in reversed(range(STARTS)):
            task = _attempt(ecs, values)
            if _began(values, task) or not left or not any(sign in reason(task) for sign in PASSING):
                break
            time.sleep(PAUSE_SECONDS)
    code, why = exit_code(task, values["container"]), reason(task)
    if code == 0 and not task.get("late"):
        return {"task": task["taskArn"], "exit_code": 0}
    if not _began(values, task):
        raise AwsError(f"job {job} could not start: {why}{hint(why)}.")
    tail = LogPlace(values["log_group"], values["container"]).tail(client("logs", region), task["taskArn"])
    if task.get("late"):
        limit = f"its timeout_seconds of {values['timeout_seconds']}"
        raise AwsError(f"job {job} did not end within {limit} and was stopped; make it faster or raise the limit.\n{tail}")
    ended = "without an exit code" if code is None else f"with exit code {code}"
    raise AwsError(f"job {job} ended {ended} ({why}){hint(why)}. What waits for it was left as it is.\n{tail}")


def _began(values: Mapping[str, Any], task: Mapping[str, Any]) -> bool:
    """Whether the program itself ran, or may have: then it is never started a second time."""
    return bool(task.get("startedAt") or task.get("late")) or exit_code(task, values["container"]) is not None


def _attempt(ecs: Any, values: Mapping[str, Any]) -> dict[str, Any]:
    """The task once it has stopped; ``late`` when we had to stop it. One that was refused has only its ``stoppedReason``."""
    mark = _mark(values)
    # an `up` that was interrupted left the same run going: it is waited for, not doubled
    found = ecs.list_tasks(cluster=values["cluster"], startedBy=mark)["taskArns"]
    if not found:
        try:
            answer = _run_task(ecs, values, mark)
        except ecs.exceptions.ClientException as error:
            return {"stoppedReason": str(error.response["Error"].get("Message"))}
        if not answer["tasks"]:
            return {"stoppedReason": "; ".join(str(failure.get("reason")) for failure in answer["failures"])}
        found = [answer["tasks"][0]["taskArn"]]
    task = _stopped(ecs, values, found[0], values["timeout_seconds"])
    if task is not None:
        return task
    ecs.stop_task(cluster=values["cluster"], task=found[0], reason=f"timeout_seconds of job {values['job']} is over")
    return {**(_stopped(ecs, values, found[0], STOP_SECONDS) or {"taskArn": found[0]}), "late": True}


def _mark(values: Mapping[str, Any]) -> str:
    """``startedBy`` of this very run."""
    text = json.dumps([values[key] for key in RERUN], sort_keys=True)
    return f"pulumi-{hashlib.sha256(text.encode()).hexdigest()[:24]}"


def _run_task(ecs: Any, values: Mapping[str, Any], mark: str) -> dict[str, Any]:
    """Starts one task, never on Spot: a migration is not to be taken away in the middle."""
    place = {"subnets": values["subnets"], "securityGroups": values["security_groups"], "assignPublicIp": "DISABLED"}
    return dict(
        ecs.run_task(
            cluster=values["cluster"],
            taskDefinition=values["task_definition"],
            launchType="FARGATE",
            platformVersion="LATEST",
            startedBy=mark,
            enableECSManagedTags=True,
            propagateTags="TASK_DEFINITION",
            networkConfiguration={"awsvpcConfiguration": place},
        )
    )


def _stopped(ecs: Any, values: Mapping[str, Any], arn: str, seconds: float) -> dict[str, Any] | None:
    """The task, or None when it still runs after *seconds*. One started a moment ago may not be listed yet."""
    end = time.monotonic() + seconds
    while True:
        found = ecs.describe_tasks(cluster=values["cluster"], tasks=[arn])["tasks"]
        if found and found[0]["lastStatus"] == "STOPPED":
            return dict(found[0])
        if time.monotonic() >= end:
            return None
        time.sleep(POLL_SECONDS)


class TaskRun(Resource, module="aws", name="TaskRun"):
    """A Fargate task that ran to its end with exit code 0 before what depends on this resource. Nothing runs at preview."""

    task: pulumi.Output[str]
    """ARN of the last run."""
    exit_code: pulumi.Output[int]

    def __init__(
        self,
        resource_name: str,
        *,
        job: str,
        region: str,
        cluster: pulumi.Input[str],
        task_definition: pulumi.Input[str],
        container: str,
        log_group: pulumi.Input[str],
        subnets: Sequence[pulumi.Input[str]],
        security_groups: Sequence[pulumi.Input[str]],
        timeout_seconds: int,
        triggers: Sequence[str] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """*job*: its name in the stack file. *triggers*: any text whose change, like one of *task_definition*, runs it again."""
        properties = {
            **{"job": job, "region": region, "cluster": cluster, "task_definition": task_definition},
            **{"container": container, "log_group": log_group, "subnets": list(subnets)},
            **{"security_groups": list(security_groups), "timeout_seconds": timeout_seconds, "triggers": list(triggers)},
            **dict.fromkeys(RESULTS),
        }
        super().__init__(TaskRunProvider(), resource_name, properties, opts)
