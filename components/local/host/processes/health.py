"""Asking a service whether it is well, as a load balancer or Cloud Run does."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

Protocol = Literal["http", "tcp", "redis"]


@dataclass(frozen=True, kw_only=True)
class Health:
    """How and how often to ask. Seconds may be fractions."""

    protocol: Protocol = "tcp"
    """``http``: GET of *path* answers 200 to 399. ``tcp``: the port accepts. ``redis``: PING is answered."""
    path: str = "/"
    interval: float = 10.0
    """Seconds between two checks (Cloud Run's default; ECS has 30)."""
    timeout: float = 5.0
    """Seconds an answer may take (the default of ECS)."""
    retries: int = 3
    """Failures in a row that make a service unhealthy (the default of ECS and of Cloud Run)."""
    start_period: float = 30.0
    """Seconds after a start in which failures do not count; the first success ends it."""


@dataclass(frozen=True)
class Answer:
    """What one check saw."""

    healthy: bool
    seen: str
    """For people, for example ``GET http://127.0.0.1:8000/healthz answered 503``."""


async def check(health: Health, host: str, port: int) -> Answer:
    """Ask once. Never raises: every failure is an answer."""
    target = f"GET http://{host}:{port}{health.path}" if health.protocol == "http" else f"port {port} on {host}"
    try:
        async with asyncio.timeout(health.timeout):
            return await _ask(health, host, port, target)
    except TimeoutError:
        return Answer(False, f"{target} gave no answer within {health.timeout:g} s")
    except ConnectionRefusedError:
        return Answer(False, f"{target}: connection refused")
    except OSError as error:
        return Answer(False, f"{target}: {error.strerror or error}")


async def _ask(health: Health, host: str, port: int, target: str) -> Answer:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        if health.protocol == "tcp":
            return Answer(True, f"{target} accepts connections")
        if health.protocol == "redis":
            writer.write(b"PING\r\n")
            line = (await reader.readline()).decode(errors="replace").strip()
            # A server that wants a password is well; one that still loads its data (-LOADING) is not.
            return Answer(line.startswith(("+PONG", "-NOAUTH")), f"{target} answered PING with {line[:80]!r}")
        request = f"GET {health.path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: health\r\nConnection: close\r\n\r\n"
        writer.write(request.encode())
        words = (await reader.readline()).split()
        if len(words) < 2 or not words[0].startswith(b"HTTP/") or not words[1].isdigit():
            return Answer(False, f"{target} did not answer with HTTP")
        status = int(words[1])
        return Answer(200 <= status < 400, f"{target} answered {status}")
    except ValueError:  # a line longer than the reader's limit: no HTTP server
        return Answer(False, f"{target} did not answer with HTTP")
    finally:
        writer.close()
