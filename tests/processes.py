"""A stack folder for tests of supervised processes, and small services to put into it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from components.local.host import sweep
from components.local.host.errors import LocalError
from components.local.host.paths import StackPaths
from components.local.host.processes import cache
from components.local.host.processes.health import Health
from components.local.host.processes.jobs import JobSpec
from components.local.host.processes.process import Identity
from components.local.host.processes.service_spec import ServiceSpec
from tests.support import free_port

PYTHON = sys.executable

SERVER = """
    import http.server, json, os, pathlib

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            if self.path == "/exit":
                os._exit(3)
            body = json.dumps({"pid": os.getpid(), "environment": dict(os.environ)}).encode()
            self.send_response(503 if pathlib.Path("sick").exists() else 200)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    print("serving version", os.environ.get("VERSION"), "without", "PYTHONPATH" in os.environ)
    http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""
"""Answers every path with its pid and environment; 503 while a file named ``sick`` lies in its folder; ends at /exit."""


def running(pid: int) -> bool:
    """Whether *pid* runs; a zombie, which waits for its parent to look, does not."""
    return Identity.of(pid) is not None


def until(condition: Callable[[], Any], *, seconds: float = 60, what: str = "") -> Any:
    """Wait for *condition* to be true and return its value."""
    deadline = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or condition}"
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Sandbox:
    """One stack's folder, and a folder ``app`` in place of the checkout."""

    folder: Path

    @property
    def paths(self) -> StackPaths:
        return StackPaths(home=self.folder / "home", stack="test")

    @property
    def app(self) -> Path:
        return self.folder / "app"

    def script(self, name: str, text: str) -> str:
        """Write a Python program into ``app`` and return its name."""
        (self.app / name).write_text(textwrap.dedent(text))
        return name

    def service(
        self, *, command: tuple[str, ...] | None = None, health: dict[str, Any] | None = None, **changes: Any
    ) -> ServiceSpec:
        """A service ``api`` that runs :data:`SERVER`, with delays fit for tests."""
        port = changes.pop("port", None) or free_port()
        environment = {"PORT": str(port), "VERSION": "1"} | changes.pop("environment", {})
        timing: dict[str, Any] = {"protocol": "http", "path": "/healthz", "interval": 0.1, "timeout": 2, "retries": 3}
        spec = ServiceSpec(
            name="api",
            command=command or ("python", self.script("server.py", SERVER)),
            cwd=self.app,
            run_dir=self.paths.run / "api",
            log=self.paths.log("service-api"),
            environment=environment,
            port=port,
            health=Health(**(timing | {"start_period": 20} | (health or {}))),
            stop_timeout=3,
            backoff=0.1,
            backoff_max=0.4,
        )
        return replace(spec, **changes)

    def job(self, text: str, *arguments: str, **changes: Any) -> JobSpec:
        """A job ``migrate`` that runs the Python program *text*."""
        spec = JobSpec(
            name="migrate",
            command=("python", self.script("job.py", text), *arguments),
            cwd=self.app,
            run_dir=self.paths.run / "job-migrate",
            log=self.paths.log("job-migrate"),
            timeout=30,
            stop_timeout=1,
        )
        return replace(spec, **changes)

    def number(self, name: str) -> int:
        """What a process writes into the file *name* of ``app``: its pid, say."""
        file = self.app / name
        return int(until(lambda: file.exists() and file.read_text()))

    def remains(self) -> list[str]:
        """What still runs of this sandbox: by the sweep's traces, and by plain sight of its path in a command line."""
        seen = [f"{item.name} {item.identity.pid}: {item.why}" for item in sweep.leftovers(self.folder)]
        for process in psutil.process_iter(["pid", "cmdline", "cwd"]):
            line = " ".join(process.info["cmdline"] or [])
            if str(self.folder) in line or str(process.info["cwd"]).startswith(str(self.folder)):
                seen.append(f"{process.pid}: {line}")
        return seen


def ask(spec: ServiceSpec, path: str = "/") -> dict[str, Any]:
    """GET *path* of a service made by :meth:`Sandbox.service`."""
    with urllib.request.urlopen(f"http://127.0.0.1:{spec.port}{path}", timeout=5) as answer:
        value: dict[str, Any] = json.load(answer)
    return value


def crash(spec: ServiceSpec) -> None:
    """Make it end with exit code 3."""
    with suppress(OSError):  # the connection breaks
        ask(spec, "/exit")


def ensure_cache_server() -> None:
    """A server on this machine, whatever it takes."""
    try:
        cache.find_server()
    except LocalError:
        apt = ["apt-get", "-o", "DPkg::Lock::Timeout=60", "-qq", "-y"]
        subprocess.run([*apt, "update"], check=True, capture_output=True)
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*apt, "install", "redis-server"], check=True, capture_output=True, env=environment)
