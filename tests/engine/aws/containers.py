"""The few calls of ECS and CloudWatch Logs that our dynamic resources make, answered over HTTP from the pretended cloud.

A task ends at once, with exit code 0 unless its workload is in ``failing``. A service runs the task definition that it asks for,
unless its name is in ``rolled_back``: then ECS has gone back to the one given there and calls that a success.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.engine.standin.world import Record, World

Answer = dict[str, Any]
NOW = 1767225600
"""2026-01-01: when everything happens here."""


class Containers:
    """What ECS was asked to do, and how its tasks end."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.runs: list[Answer] = []
        """The RunTask requests, in order."""
        self.versions_at_run: list[dict[str, str]] = []
        """What each service ran when each of those tasks was started."""
        self.failing: dict[str, list[str]] = {}
        """Name of a workload (``job-migrate``) whose tasks fail, to the log lines that they leave."""
        self.rolled_back: dict[str, str] = {}

    def answer(self, operation: str, body: Answer) -> Answer:
        """The answer to *operation*; AttributeError for one that nothing here should call."""
        found: Answer = getattr(self, f"_{operation}")(body)
        return found

    def _RunTask(self, body: Answer) -> Answer:
        self.runs.append(body)
        self.versions_at_run.append({item.inputs["name"]: item.inputs["taskDefinition"] for item in self._services()})
        return {"tasks": [self._task(len(self.runs) - 1, "PROVISIONING")], "failures": []}

    def _DescribeTasks(self, body: Answer) -> Answer:
        return {"tasks": [self._task(int(arn.rpartition("/")[2], 16), "STOPPED") for arn in body["tasks"]], "failures": []}

    def _StopTask(self, body: Answer) -> Answer:
        return {"task": self._task(int(body["task"].rpartition("/")[2], 16), "STOPPED")}

    def _ListTasks(self, body: Answer) -> Answer:
        return {"taskArns": []}

    def _DescribeServices(self, body: Answer) -> Answer:
        there = {record.inputs["name"]: record for record in self._services()}
        services = []
        for name in (asked.rpartition("/")[2] for asked in body["services"]):
            record = there[name]
            runs = self.rolled_back.get(name, record.inputs["taskDefinition"])
            count = int(record.inputs.get("desiredCount", 1))
            deployment = {
                **{"id": "ecs-svc/1", "status": "PRIMARY", "taskDefinition": runs, "rolloutState": "COMPLETED"},
                **{"desiredCount": count, "runningCount": count, "pendingCount": 0, "failedTasks": 0},
                **{"createdAt": NOW, "updatedAt": NOW},
            }
            services.append(
                {
                    **{"serviceName": name, "serviceArn": record.id, "status": "ACTIVE", "taskDefinition": runs, "events": []},
                    **{"desiredCount": count, "runningCount": count, "pendingCount": 0, "deployments": [deployment]},
                }
            )
        return {"services": services, "failures": []}

    def _services(self) -> list[Record]:
        return list(World(self.folder).all("ecs/service:Service"))

    def _GetLogEvents(self, body: Answer) -> Answer:
        lines = [line for name, lines in self.failing.items() if name in body["logGroupName"] for line in lines]
        events = [{"timestamp": NOW * 1000 + number, "message": line} for number, line in enumerate(lines)]
        return {"events": events, "nextForwardToken": "end", "nextBackwardToken": "end"}

    def _task(self, number: int, status: str) -> Answer:
        run = self.runs[number]
        definition = next(
            record for record in World(self.folder).all(":TaskDefinition") if run["taskDefinition"] in (record.id, record.key)
        )
        code = 1 if any(name in definition.id for name in self.failing) else 0
        stopped = status == "STOPPED"
        containers = [
            {"name": item["name"], "lastStatus": status, **({"exitCode": code} if stopped else {})}
            for item in json.loads(definition.inputs["containerDefinitions"])
        ]
        return {
            "taskArn": f"arn:aws:ecs:ap-northeast-1:123456789012:task/{run['cluster'].rpartition('/')[2]}/{number:032x}",
            **{"taskDefinitionArn": definition.key, "lastStatus": status, "desiredStatus": status, "containers": containers},
            **(
                {"stopCode": "EssentialContainerExited", "stoppedReason": "Essential container in task exited"} if stopped else {}
            ),
        }


@contextmanager
def serving(containers: Containers) -> Iterator[str]:
    """The address of *containers*, for AWS_ENDPOINT_URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])) or b"{}")
            text = json.dumps(containers.answer(self.headers["x-amz-target"].rpartition(".")[2], body)).encode()
            self.send_response(200)
            self.send_header("content-type", "application/x-amz-json-1.1")
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
