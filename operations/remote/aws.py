"""A task of a stack on AWS: ECS RunTask, with another command where one is given, and its log."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from operations.cloud.aws.calls import client, doing, passing
from operations.errors import OperationError
from operations.remote.output import Output
from operations.remote.watch import watch

RIGHTS = "ecs:RunTask, ecs:DescribeTasks, logs:GetLogEvents, and iam:PassRole on the two roles of its task"
MISSED = 3
"""Looks in a row at which a task that was there is not, until it counts as over: ECS forgets one an hour after its end, which
this machine may have slept through."""


def run(what: str, handles: Mapping[str, Any], definition: Mapping[str, Any], command: Sequence[str], output: Output) -> int:
    """See ``operations.remote.run``."""
    from components.aws.providers.stopped import exit_code, hint, reason

    with doing(what, right=RIGHTS):
        arn = _start(handles["region"], definition, command)
    output.say(f"Inside stack {handles['stack']}, task {arn.rpartition('/')[2]}:")
    task = EcsTask(what, handles["region"], definition, arn)
    watch(task, output)
    if task.forgotten():
        raise OperationError(
            f"cannot {what}: its task {arn.rpartition('/')[2]} ended so long ago that ECS no longer tells how; "
            f"its log is in {task.log()}"
        )
    code = exit_code(task.found, definition["container"])
    if code is None:
        why = reason(task.found)
        raise OperationError(f"cannot {what}: the task ended without an exit code: {why}{hint(why)}")
    return code


def _start(region: str, definition: Mapping[str, Any], command: Sequence[str]) -> str:
    """ARN of the task. A call that the network loses and that is sent again starts no second one."""
    place = {"subnets": definition["subnets"], "securityGroups": definition["security_groups"], "assignPublicIp": "DISABLED"}
    overrides = [{"name": definition["container"], "command": [*command]}] if command else []
    answer = client("ecs", region).run_task(
        cluster=definition["cluster"],
        taskDefinition=definition["task_definition"],
        clientToken=str(uuid.uuid4()),
        startedBy="operations",
        launchType="FARGATE",
        platformVersion="LATEST",
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
        networkConfiguration={"awsvpcConfiguration": place},
        overrides={"containerOverrides": overrides},
    )
    if not answer["tasks"]:
        why = "; ".join(str(failure.get("reason")) for failure in answer["failures"]) or "AWS gives no reason"
        raise OperationError(f"the task could not be started: {why}")
    return str(answer["tasks"][0]["taskArn"])


class EcsTask:
    """A task and its log stream."""

    def __init__(self, what: str, region: str, definition: Mapping[str, Any], arn: str) -> None:
        from components.aws.providers.stopped import LogPlace

        self._what, self._arn, self._region, self._definition = what, arn, region, definition
        self._ecs, self._logs = client("ecs", region), client("logs", region)
        self._stream = LogPlace(definition["log_group"], definition["container"]).stream(arn)
        self._next: dict[str, Any] = {}
        self._missed = 0
        self.found: dict[str, Any] = {}

    def state(self) -> str:
        with doing(self._what, right=RIGHTS):
            # one started a moment ago may not be listed yet
            tasks = self._ecs.describe_tasks(cluster=self._definition["cluster"], tasks=[self._arn])["tasks"]
        self._missed = 0 if tasks or not self.found else self._missed + 1
        self.found = dict(tasks[0]) if tasks else self.found
        if self.forgotten():
            return "no longer known to ECS"
        return str(self.found.get("lastStatus", "PROVISIONING")).lower()

    def ended(self) -> bool:
        return self.forgotten() or self.found.get("lastStatus") == "STOPPED"

    def forgotten(self) -> bool:
        """Whether it ended while nobody looked, for so long that nobody can say how."""
        return self._missed >= MISSED

    def log(self) -> str:
        return f"log group {self._definition['log_group']}, stream {self._stream}"

    def lines(self) -> list[str]:
        found: list[str] = []
        # there is no stream before the first line
        with doing(self._what, right=RIGHTS), passing({"ResourceNotFoundException"}):
            while True:
                answer = self._logs.get_log_events(
                    logGroupName=self._definition["log_group"], logStreamName=self._stream, startFromHead=True, **self._next
                )
                found += [str(event["message"]).rstrip("\n") for event in answer["events"]]
                self._next = {"nextToken": answer["nextForwardToken"]}
                if not answer["events"]:
                    break
        return found

    def stop_command(self) -> str:
        return f"aws ecs stop-task --region {self._region} --cluster {self._definition['cluster']} --task {self._arn}"
