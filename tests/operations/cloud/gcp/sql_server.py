"""The Cloud SQL Admin API v1 over HTTP, as far as it is used: instances, operations that take a few looks, backups, users."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PROJECT = "shop-1"
CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----"
NOW = "2026-11-21T12:00:00.000Z"


class Refusal(Exception):
    """What the server answers instead: HTTP status, Google's reason, message."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status, self.reason = status, reason


class CloudSql:
    """The state that a test looks at and changes."""

    def __init__(self) -> None:
        self.port = 0
        self.clear()

    def now(self) -> str:
        """Each time a second later."""
        self.seconds += 1
        return f"{datetime.fromisoformat(NOW) + timedelta(seconds=self.seconds):%Y-%m-%dT%H:%M:%SZ}"

    def clear(self) -> None:
        self.seconds = 0
        self.instances: dict[str, dict[str, Any]] = {}
        self.runs: dict[str, list[dict[str, Any]]] = {}
        self.operations: list[dict[str, Any]] = []
        self.asked: list[str] = []
        """``POST instances/x/clone``, without what only looks; below it the last body of each."""
        self.bodies: dict[str, Any] = {}
        self.refusals: list[Refusal] = []
        """Answers to the next calls, whatever they ask."""
        self.refused: dict[str, tuple[Refusal, Callable[[], object]]] = {}
        """By method: the answer to the next such call, and what happens meanwhile."""
        self.queries: list[dict[str, str]] = []
        self.looks = 4
        """How often anything is looked at before an operation is over."""
        self.problem = ""
        """What the next one fails with."""
        self.monitoring: dict[str, list[dict[str, Any]]] = {"timeSeries": [], "alerts": []}

    def instance(self, name: str, **changes: Any) -> dict[str, Any]:
        settings = {
            **{"tier": "db-custom-1-3840", "edition": "ENTERPRISE"},
            "availabilityType": "REGIONAL",
            "dataDiskType": "PD_SSD",
            "dataDiskSizeGb": "37",
            "databaseFlags": [{"name": "log_min_duration_statement", "value": "1000"}],
            "deletionProtectionEnabled": True,
            "settingsVersion": "7",
            "backupConfiguration": {"enabled": True, "pointInTimeRecoveryEnabled": True, "location": "asia-northeast1"},
            "ipConfiguration": {
                "ipv4Enabled": False,
                "privateNetwork": f"projects/{PROJECT}/global/networks/shop-dev",
                "sslMode": "ENCRYPTED_ONLY",
                "serverCaMode": "GOOGLE_MANAGED_INTERNAL_CA",
            },
            "userLabels": {"app": "shop", "environment": "dev", "managed-by": "managed-postgres", "tier": "dev"},
        }
        made = {
            "name": name,
            "state": "RUNNABLE",
            "databaseVersion": "POSTGRES_17",
            "databaseInstalledVersion": "POSTGRES_17_6",
            "region": "asia-northeast1",
            "gceZone": "asia-northeast1-a",
            "createTime": self.now(),
            "ipAddresses": [{"type": "OUTGOING", "ipAddress": "34.1.1.1"}, {"type": "PRIVATE", "ipAddress": "10.0.0.3"}],
            "serverCaCert": {"cert": CERTIFICATE},
            "settings": settings,
        }
        self.instances[name] = {**made, **changes}
        return self.instances[name]

    def begin(self, kind: str, target: str, done: Callable[[], object] = lambda: None) -> dict[str, Any]:
        """An operation that does its work when it is over."""
        told = {"name": f"op-{len(self.operations)}", "operationType": kind, "status": "PENDING", "targetId": target}
        made: dict[str, Any] = {**told, "insertTime": self.now(), "left": self.looks, "done": done}
        if self.problem:
            made["error"], self.problem = {"errors": [{"code": "INTERNAL_ERROR", "message": self.problem}]}, ""
        self.operations.insert(0, made)
        return made

    def refuse(self, method: str, error: Refusal, then: Callable[[], object] = lambda: None) -> None:
        self.refused[method] = error, then

    def make_backup(self, name: str, description: str) -> dict[str, Any]:
        runs = self.runs.setdefault(name, [])
        run = backup(len(runs) + 1, description=description, type="ON_DEMAND", status="RUNNING")
        runs.insert(0, run)
        return shown(self.begin("BACKUP_VOLUME", name, lambda: run.update(status="SUCCESSFUL")))

    def answer(self, method: str, path: str, query: dict[str, str], body: Any) -> dict[str, Any]:
        if self.refusals:
            raise self.refusals.pop(0)
        if method in self.refused:
            error, then = self.refused.pop(method)
            then()
            raise error
        if method == "GET":
            self.tick()
        if path.startswith("v3/"):
            self.queries.append(query)
            return self._page(path.rpartition("/")[2], self.monitoring[path.rpartition("/")[2]], query)
        below = path.removeprefix(f"v1/projects/{PROJECT}/")
        if method != "GET":
            self.asked.append(f"{method} {below}")
            self.bodies[self.asked[-1]] = body
        if below == "operations":
            return self._page("items", [shown(one) for one in self.operations if one["targetId"] == query["instance"]], query)
        if found := re.fullmatch(r"operations/(.+)", below):
            return shown(next(one for one in self.operations if one["name"] == found[1]))
        if below == "instances":
            return self._page("items", list(self.instances.values()), query) if method == "GET" else self._insert(body)
        found = re.fullmatch(r"instances/([^/]+)(?:/(.+))?", below)
        assert found, below
        if found[1] not in self.instances:
            raise Refusal(404, "instanceDoesNotExist", f"The Cloud SQL instance {found[1]} does not exist.")
        return self._on(method, self.instances[found[1]], found[2] or "", query, body)

    def _page(self, key: str, items: list[dict[str, Any]], query: dict[str, str]) -> dict[str, Any]:
        """One item on each page."""
        start = int(query.get("pageToken", 0))
        following = {"nextPageToken": str(start + 1)} if start + 1 < len(items) else {}
        return {key: items[start : start + 1], **following} if items else {}

    def tick(self) -> None:
        """All operations go on; the oldest first."""
        for one in reversed([one for one in self.operations if one["status"] != "DONE"]):
            one["left"] -= 1
            one["status"] = "RUNNING"
            if one["left"] <= 0:
                one["status"] = "DONE"
                if "error" not in one:
                    one["done"]()

    def _on(self, method: str, one: dict[str, Any], verb: str, query: dict[str, str], body: Any) -> dict[str, Any]:
        name = one["name"]
        if method != "GET" and any(each["targetId"] == name and each["status"] != "DONE" for each in self.operations):
            self.asked.pop()
            raise Refusal(409, "operationInProgress", "Operation failed because another operation was already in progress.")
        match method, verb:
            case "GET", "":
                return one
            case "GET", "backupRuns":
                return self._page("items", self.runs.get(name, []), query)
            case "GET", "getLatestRecoveryTime":
                return {"earliestRecoveryTime": "2026-11-14T12:00:00.000Z", "latestRecoveryTime": NOW}
            case "POST", "backupRuns":
                return self.make_backup(name, body["description"])
            case "POST", "clone":
                target = body["cloneContext"]["destinationInstanceName"]
                self._free(target)
                made = self.instance(target, state="PENDING_CREATE")
                return shown(self.begin("CLONE", name, lambda: made.update(state="RUNNABLE")))
            case "POST", "restoreBackup":
                return shown(self.begin("RESTORE_VOLUME", name))
            case "POST", "failover":
                return shown(self.begin("FAILOVER", name, lambda: one.update(gceZone="asia-northeast1-b")))
            case "POST", "promoteReplica":
                return shown(self.begin("PROMOTE_REPLICA", name, lambda: one.pop("masterInstanceName")))
            case "PUT", "users":
                return shown(self.begin("UPDATE_USER", name))
            case "PATCH", "":
                return shown(self.begin("UPDATE", name, lambda: one["settings"].update(body["settings"])))
            case "DELETE", "":
                if one["settings"]["deletionProtectionEnabled"]:
                    raise Refusal(400, "invalidRequest", "The instance is protected. Please disable the deletion protection.")
                return shown(self.begin("DELETE", name, lambda: self.instances.pop(name)))
        number = verb.rpartition("/")[2]
        assert (method, verb) == ("DELETE", f"backupRuns/{number}"), verb
        left = [run for run in self.runs[name] if run["id"] != number]
        return shown(self.begin("DELETE_BACKUP", name, lambda: self.runs.update({name: left})))

    def _insert(self, body: Any) -> dict[str, Any]:
        self._free(body["name"])
        made = self.instance(body["name"], state="PENDING_CREATE", **{key: value for key, value in body.items() if key != "name"})
        return shown(self.begin("CREATE", body["name"], lambda: made.update(state="RUNNABLE")))

    def _free(self, name: str) -> None:
        if name in self.instances:
            raise Refusal(409, "instanceAlreadyExists", "The Cloud SQL instance already exists.")


def backup(number: int, **values: Any) -> dict[str, Any]:
    """A backup run as the API shows it."""
    made = {"id": str(number), "databaseVersion": "POSTGRES_17", "startTime": f"2026-11-{number:02}T17:05:00.000Z"}
    return {**made, "maxChargeableBytes": str(3 * 2**30), **values}


def shown(operation: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in operation.items() if key not in ("left", "done")}


@contextmanager
def sql_server() -> Iterator[CloudSql]:
    state, lock = CloudSql(), threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def handle_any(self) -> None:
            address = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(address.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            try:
                with lock:
                    status, answer = 200, state.answer(self.command, address.path.lstrip("/"), query, body)
            except Refusal as error:
                told = {"reason": error.reason, "message": str(error)}
                status, answer = error.status, {"error": {"code": error.status, "message": str(error), "errors": [told]}}
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = handle_any

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    state.port = server.server_port
    try:
        yield state
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
