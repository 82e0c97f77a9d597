"""A job of a stack on Google Cloud: Cloud Run RunJob, with other arguments where some are given, and its log."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from operations.cloud.gcp.calls import Api, GcpRefused
from operations.errors import OperationError
from operations.remote.output import Output
from operations.remote.watch import watch

STREAMS = ("stdout", "stderr")
LATE = timedelta(seconds=10)
"""Entries of one execution come this much out of order at most."""


def run(what: str, handles: Mapping[str, Any], definition: Mapping[str, Any], command: Sequence[str], output: Output) -> int:
    """See ``operations.remote.run``."""
    body = {"overrides": {"containerOverrides": [{"args": [*command]}]}} if command else {}
    right = "run.jobs.runWithOverrides" if command else "run.jobs.run"
    begun = Api("run").call(what, "POST", f"v2/{definition['job']}:run", right=right, body=body)
    execution = Execution(what, handles["region"], str(begun["metadata"]["name"]))
    output.say(f"Inside stack {handles['stack']}, execution {execution.short}:")
    watch(execution, output)
    return execution.exit_code()


class Execution:
    """An execution of a job, and its log."""

    def __init__(self, doing: str, region: str, name: str) -> None:
        self._doing, self._region, self._name, self.short = doing, region, name, name.rpartition("/")[2]
        self._project, self._job = name.split("/")[1], name.split("/")[5]
        self._run, self._logging = Api("run"), Api("logging")
        self._found: dict[str, Any] = {}
        self._seen: set[str] = set()
        self._since = ""

    def state(self) -> str:
        self._found = self._run.call(self._doing, "GET", f"v2/{self._name}", right="run.executions.get")
        if self.ended():
            return "ended"
        return "running" if self._found.get("runningCount") else "starting"

    def ended(self) -> bool:
        return bool(self._found.get("completionTime"))

    def lines(self) -> list[str]:
        found, page, latest = list[str](), dict[str, str](), ""
        while True:
            asked = {
                "resourceNames": [f"projects/{self._project}"],
                "filter": self._filter(),
                "orderBy": "timestamp asc",
                "pageSize": 1000,
                **page,
            }
            right = "logging.logEntries.list and logging.views.access"
            try:
                answer = self._logging.call(self._doing, "POST", "v2/entries:list", right=right, body=asked)
            except GcpRefused as error:
                if error.status and error.status < 500:
                    raise
                break  # the next look asks for the same again
            for entry in answer.get("entries", ()):
                if entry["insertId"] not in self._seen:
                    self._seen.add(entry["insertId"])
                    found.append(_text(entry))
                    latest = entry["timestamp"]
            if not answer.get("nextPageToken"):
                break
            page = {"pageToken": answer["nextPageToken"]}
        if latest:
            self._since = (datetime.fromisoformat(latest) - LATE).isoformat()
        return found

    def exit_code(self) -> int:
        """Of its only task. Raises OperationError where there is none, with Google's reason."""
        tasks = self._run.call(self._doing, "GET", f"v2/{self._name}/tasks", right="run.tasks.list").get("tasks", [])
        result = tasks[0].get("lastAttemptResult", {}) if tasks else {}
        if self._found.get("succeededCount"):
            return 0
        if result.get("exitCode"):
            return int(result["exitCode"])
        said = [str(one["message"]) for one in self._found.get("conditions", ()) if one.get("state") == "CONDITION_FAILED"]
        why = "; ".join(dict.fromkeys(said)) or str(result.get("status", {}).get("message") or "Google gives no reason")
        raise OperationError(f"cannot {self._doing}: execution {self.short} ended without an exit code: {why}")

    def stop_command(self) -> str:
        return f"gcloud run jobs executions cancel {self.short} --region {self._region} --project {self._project}"

    def _filter(self) -> str:
        logs = " OR ".join(f'"projects/{self._project}/logs/run.googleapis.com%2F{stream}"' for stream in STREAMS)
        parts = [
            'resource.type="cloud_run_job"',
            f'resource.labels.job_name="{self._job}"',
            f'labels."run.googleapis.com/execution_name"="{self.short}"',
            f"logName=({logs})",
        ]
        return " AND ".join([*parts, f'timestamp>="{self._since}"'] if self._since else parts)


def _text(entry: Mapping[str, Any]) -> str:
    """A line as the container wrote it: Cloud Run takes one that is a JSON object apart."""
    if "jsonPayload" in entry:
        return json.dumps(entry["jsonPayload"])
    return str(entry.get("textPayload", "")).rstrip("\n")
