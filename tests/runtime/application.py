"""The reference application as a process of its own, for tests."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.runtime.cluster import ROOT, LocalCluster


@dataclass(frozen=True)
class Application:
    process: subprocess.Popen[bytes]
    client: httpx.Client
    log: Path

    def status(self, path: str, seconds: float = 10.0) -> int:
        return self.client.get(path, timeout=seconds).status_code

    def await_status(self, path: str, wanted: int, seconds: float = 30) -> None:
        deadline = time.monotonic() + seconds
        while self.status(path) != wanted:
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.02)


Start = Callable[..., Application]


def run_application(cluster: LocalCluster, log: Path, changes: dict[str, str | None]) -> Application:
    """``python -m runtime`` on *cluster* with these variables changed; returns when it is alive, or ended."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = str(free.getsockname()[1])
    environ = cluster.environ(HOST="127.0.0.1", PORT=port, **changes) | {"PATH": os.environ["PATH"]}
    with log.open("wb") as output:
        process = subprocess.Popen([sys.executable, "-m", "runtime"], cwd=ROOT, env=environ, stdout=output, stderr=output)
    app = Application(process, httpx.Client(base_url=f"http://127.0.0.1:{port}"), log)
    deadline = time.monotonic() + 60
    while process.poll() is None:
        try:
            assert app.status("/healthz") == 200
            break
        except httpx.ConnectError:
            assert time.monotonic() < deadline
            time.sleep(0.02)
    return app


def sign_up(name: str, **fields: Any) -> dict[str, Any]:
    return {"email": f"{name}@example.com", "username": name, **fields}
