"""The services of a local stack: what their supervisors say."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from components.local.host.jsonfile import read_json
from components.local.host.processes import status
from components.local.host.processes.services import FAILED, SPEC
from operations.cloud.contract import Running
from operations.errors import Refused


class LocalServices:
    """``ServiceControl`` of supervised processes on this machine."""

    def __init__(self, handles: Mapping[str, Any]) -> None:
        self._services: Mapping[str, Mapping[str, Any]] = handles.get("services") or {}

    def names(self) -> list[str]:
        return list(self._services)

    def running(self, service: str) -> Running:
        run_dir = self._run_dir(service)
        state, spec = status.read(service, run_dir), read_json(run_dir / SPEC) or {}
        failed = read_json(run_dir / FAILED) or {}
        return Running(
            image=self._image(service, spec),
            version=str(spec.get("revision", "")),
            desired=1,
            healthy=int(state.healthy),
            settled=state.state not in ("starting", "stopping"),
            failed=str(failed.get("reason", "")),
        )

    def versions(self, service: str) -> list[tuple[str, str]]:
        """The present one alone: it runs in place from a folder, and what that held before is not kept."""
        spec = read_json(self._run_dir(service) / SPEC)
        return [(str(spec.get("revision", "")), self._image(service, spec))] if spec else []

    def _image(self, service: str, spec: Mapping[str, Any]) -> str:
        return f"{self._services[service].get('image', '')}@{spec.get('revision', '')}"

    def _run_dir(self, service: str) -> Path:
        if service not in self._services:
            raise Refused(f"The stack has no service {service!r}: it has {', '.join(self._services) or 'none'}.")
        return Path(self._services[service]["run_dir"])
