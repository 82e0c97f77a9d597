"""What a stopped task tells: whether it started, how it ended, why, and its last log lines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from components.aws.container import LOG_PREFIX

TAIL = 20
"""Log lines shown."""

HINTS = (
    (("CannotPullContainer",), "push the image to its repository first, and check its tag and architecture"),
    (("secretsmanager", "ssm:"), "check that every secret of it exists, has the key that is asked for, and may be read"),
    (("OutOfMemory",), "give it more memory_mib"),
    (
        ("i/o timeout", "RequestError", "unable to retrieve", "connection issue"),
        "check network.nat or network.interface_endpoints",
    ),
    (("apacity is unavailable",), "Fargate has no room now: wait a little, or turn spot off"),
)
"""Words in a reason, and what to do then; the first match counts."""


@dataclass(frozen=True)
class LogPlace:
    """Where a container of a task writes."""

    group: str
    container: str

    def stream(self, task_arn: str) -> str:
        return f"{LOG_PREFIX}/{self.container}/{task_arn.rpartition('/')[2]}"

    def tail(self, logs: Any, task_arn: str) -> str:
        """The last lines, each on its own line; says so where there are none. Never fails: it explains another failure."""
        from botocore.exceptions import BotoCoreError, ClientError  # type: ignore[import-untyped]

        where = f"log group {self.group}, stream {self.stream(task_arn)}"
        try:
            found = logs.get_log_events(
                logGroupName=self.group, logStreamName=self.stream(task_arn), limit=TAIL, startFromHead=False
            )["events"]
        except (BotoCoreError, ClientError):
            found = []
        if not found:
            return f"It wrote no log ({where})."
        return "\n".join([f"Its last log lines ({where}):", *(f"  {event['message'].rstrip()}" for event in found)])


def exit_code(task: Mapping[str, Any], container: str) -> int | None:
    """The container's exit code; None when it never ran."""
    code = next((item.get("exitCode") for item in task.get("containers", ()) if item.get("name") == container), None)
    return None if code is None else int(code)


def reason(task: Mapping[str, Any]) -> str:
    """Why it stopped, in AWS's words: the task's reason and its containers'."""
    own = [str(task.get("stoppedReason") or ""), *(str(item.get("reason") or "") for item in task.get("containers", ()))]
    return "; ".join(dict.fromkeys(text.strip() for text in own if text.strip())) or "AWS gives no reason"


def hint(text: str) -> str:
    """``; what to do`` for a reason that we know, else nothing."""
    return next((f"; {advice}" for words, advice in HINTS if any(word in text for word in words)), "")
