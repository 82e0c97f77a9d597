"""A command in the backups task of a stack on AWS: ECS RunTask with another command, and its log."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from operations.cloud.aws.calls import client, doing, passing
from operations.errors import OperationError
from operations.remote.output import OnLine, Output
from operations.remote.watch import watch

RIGHTS = "ecs:RunTask, ecs:DescribeTasks, logs:GetLogEvents, and iam:PassRole on the two roles of the backups task"


def run(stack: str, handles: Mapping[str, Any], words: Sequence[str], on_line: OnLine | None = None) -> int:
    """Runs ``python -m operations <words>`` as *handles*' backups task; its exit code. See ``operations.place.run_there``."""
    from components.aws.providers.stopped import exit_code, hint, reason

    backups, output = handles["backups"], Output(words, on_line)
    what = f"run `{' '.join(words)}` inside stack {stack}"
    with doing(what, right=RIGHTS):
        arn = _start(handles["region"], backups, words)
    output.say(f"Inside stack {stack}, task {arn.rpartition('/')[2]}:")
    task = EcsTask(what, handles["region"], backups, arn)
    watch(task, output)
    code = exit_code(task.found, backups["container"])
    if code is None:
        why = reason(task.found)
        raise OperationError(f"cannot {what}: the task ended without an exit code: {why}{hint(why)}")
    return code


def _start(region: str, backups: Mapping[str, Any], words: Sequence[str]) -> str:
    """ARN of the task. A call that the network loses and that is sent again starts no second one."""
    place = {"subnets": backups["subnets"], "securityGroups": backups["security_groups"], "assignPublicIp": "DISABLED"}
    command = ["python", "-m", "operations", *words]
    answer = client("ecs", region).run_task(
        cluster=backups["cluster"],
        taskDefinition=backups["task_definition"],
        clientToken=str(uuid.uuid4()),
        startedBy="operations",
        launchType="FARGATE",
        platformVersion="LATEST",
        enableECSManagedTags=True,
        propagateTags="TASK_DEFINITION",
        networkConfiguration={"awsvpcConfiguration": place},
        overrides={"containerOverrides": [{"name": backups["container"], "command": command}]},
    )
    if not answer["tasks"]:
        why = "; ".join(str(failure.get("reason")) for failure in answer["failures"]) or "AWS gives no reason"
        raise OperationError(f"the backups task could not be started: {why}")
    return str(answer["tasks"][0]["taskArn"])


class EcsTask:
    """A task and its log stream."""

    def __init__(self, what: str, region: str, backups: Mapping[str, Any], arn: str) -> None:
        from components.aws.providers.stopped import LogPlace

        self._what, self._arn, self._region, self._backups = what, arn, region, backups
        self._ecs, self._logs = client("ecs", region), client("logs", region)
        self._stream = LogPlace(backups["log_group"], backups["container"]).stream(arn)
        self._next: dict[str, Any] = {}
        self.found: dict[str, Any] = {}

    def state(self) -> str:
        with doing(self._what, right=RIGHTS):
            # one started a moment ago may not be listed yet
            tasks = self._ecs.describe_tasks(cluster=self._backups["cluster"], tasks=[self._arn])["tasks"]
        self.found = dict(tasks[0]) if tasks else self.found
        return str(self.found.get("lastStatus", "PROVISIONING")).lower()

    def ended(self) -> bool:
        return self.found.get("lastStatus") == "STOPPED"

    def lines(self) -> list[str]:
        found: list[str] = []
        # there is no stream before the first line
        with doing(self._what, right=RIGHTS), passing({"ResourceNotFoundException"}):
            while True:
                answer = self._logs.get_log_events(
                    logGroupName=self._backups["log_group"], logStreamName=self._stream, startFromHead=True, **self._next
                )
                found += [str(event["message"]).rstrip("\n") for event in answer["events"]]
                self._next = {"nextToken": answer["nextForwardToken"]}
                if not answer["events"]:
                    break
        return found

    def stop_command(self) -> str:
        return f"aws ecs stop-task --region {self._region} --cluster {self._backups['cluster']} --task {self._arn}"
