"""The Cloud SQL Admin API, v1: single calls on one project's instances, and waiting for its operations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from operations.cloud.contract import Say
from operations.cloud.gcp.calls import BUSY, Api, GcpRefused, Method, passing
from operations.cloud.wait import wait_until
from operations.errors import OperationError

Instance = Mapping[str, Any]
Operation = Mapping[str, Any]

OVER = "DONE"


class CloudSqlAdmin:
    """Calls on the instances of *project*."""

    def __init__(self, project: str) -> None:
        self.project, self._api = project, Api("sql")

    def get(self, name: str) -> Instance | None:
        """The instance *name*, or None."""
        with passing(404):
            return self._api.call(f"look at instance {name}", "GET", self._path(name), right="cloudsql.instances.get")
        return None

    def require(self, name: str) -> Instance:
        """The same; raises OperationError where there is none."""
        found = self.get(name)
        if found is None:
            raise OperationError(f"there is no Cloud SQL instance {name} in project {self.project}: it was deleted")
        return found

    def all(self) -> list[dict[str, Any]]:
        """Every instance of the project."""
        path = f"v1/projects/{self.project}/instances"
        return self._api.pages("list the instances", path, "items", right="cloudsql.instances.list")

    def change(
        self,
        what: str,
        method: Method,
        name: str,
        verb: str = "",
        *,
        right: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, str] | None = None,
        patient: bool = True,
    ) -> Operation:
        """Begins something with the instance *name*, or with what *verb* names below it; the operation that it became."""
        path, needed = self._path(name, verb), f"cloudsql.{right}"
        return self._api.call(what, method, path, right=needed, body=body, query=query, patient=patient)

    def once(
        self,
        what: str,
        kind: str,
        method: Method,
        name: str,
        verb: str,
        *,
        right: str,
        say: Say,
        seconds: float,
        body: Mapping[str, Any] | None = None,
        counts: Callable[[Operation], bool],
    ) -> None:
        """The same, once and to its end: none is begun where an operation *kind* is there for which *counts* is true. While
        others are at work it looks again, as one of them may be the same, begun by somebody else."""
        found: list[Operation] = []

        def waiting() -> str:
            known: list[Operation] = [one for one in self.operations(name, kind) if counts(one)]
            try:
                found.extend(known or [self.change(what, method, name, verb, right=right, body=body, patient=False)])
            except GcpRefused as error:
                if error.reason != BUSY:
                    raise
                return "waiting for another operation"
            return ""

        wait_until(name, waiting, say, seconds=seconds)
        self.wait(found[0], name, say, seconds=seconds)

    def create(self, name: str, body: Mapping[str, Any]) -> Operation:
        """Begins to make the instance *name*."""
        path, right = f"v1/projects/{self.project}/instances", "cloudsql.instances.create"
        return self._api.call(f"make instance {name}", "POST", path, right=right, body={**body, "name": name})

    def backup_runs(self, name: str) -> list[dict[str, Any]]:
        """Of the instance *name*, the newest first."""
        path = self._path(name, "backupRuns")
        return self._api.pages(f"list the backups of {name}", path, "items", right="cloudsql.backupRuns.list")

    def recovery_times(self, name: str) -> dict[str, Any]:
        """``earliestRecoveryTime`` and ``latestRecoveryTime``."""
        path = self._path(name, "getLatestRecoveryTime")
        return self._api.call(f"look up what {name} can be restored to", "GET", path, right="cloudsql.instances.get")

    def operations(self, name: str, kind: str = "") -> list[dict[str, Any]]:
        """Operations of *kind* (``RESTORE_VOLUME``; empty for all) on the instance *name*, the newest first."""
        path, right = f"v1/projects/{self.project}/operations", "cloudsql.instances.get"
        found = self._api.pages(f"list the operations on {name}", path, "items", right=right, query={"instance": name})
        return [one for one in found if kind in ("", one["operationType"])]

    def wait(self, operation: Operation, what: str, say: Say, *, seconds: float) -> None:
        """Waits until *operation* is over. Raises OperationError where it failed."""
        last = dict(operation)

        def missing() -> str:
            if last["status"] != OVER:
                path = f"v1/projects/{self.project}/operations/{last['name']}"
                last.update(self._api.call(f"look at the operation on {what}", "GET", path, right="cloudsql.instances.get"))
            return "" if last["status"] == OVER else f"{last['operationType']} {last['status']}".replace("_", " ").lower()

        wait_until(what, missing, say, seconds=seconds)
        if problem := failed(last):
            raise OperationError(f"{what} failed: {problem}")

    def _path(self, name: str, verb: str = "") -> str:
        return f"v1/projects/{self.project}/instances/{name}" + (f"/{verb}" if verb else "")


def failed(operation: Operation) -> str:
    """What an operation that is over failed with; empty for a good one."""
    errors = operation.get("error", {}).get("errors", ())
    return "; ".join(str(one.get("message") or one.get("code")) for one in errors)


def under_way(operation: Operation) -> bool:
    return bool(operation["status"] != OVER)


def since(made: datetime, operation: Operation) -> bool:
    """Whether *operation* is of the instance that was made then, and not of a deleted one that had its name before."""
    return datetime.fromisoformat(operation["insertTime"]) >= made
