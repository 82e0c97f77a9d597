"""Health checks against real sockets that behave in every way they can."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from socket import create_server, socket

import pytest

from components.local.host.processes.health import Answer, Health, check
from tests.support import free_port


def asked(health: Health, reply: bytes | None, *, then_hang: bool = False) -> tuple[Answer, int]:
    """Check a server that reads a line, sends *reply* and closes."""
    done = threading.Event()
    with create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            connection: socket
            connection, _ = server.accept()
            with connection:
                if reply is not None:
                    connection.recv(1024)
                    connection.sendall(reply)
                if then_hang:
                    done.wait(5)

        thread = threading.Thread(target=serve)
        thread.start()
        answer = asyncio.run(check(health, "127.0.0.1", port))
        done.set()
        thread.join()
    return answer, port


HTTP = Health(protocol="http", path="/readyz", timeout=10)
REDIS = Health(protocol="redis", timeout=10)


@pytest.mark.parametrize(
    ("health", "reply", "healthy", "seen"),
    [
        (HTTP, b"HTTP/1.1 200 OK\r\n\r\n", True, "GET http://127.0.0.1:{}/readyz answered 200"),
        (HTTP, b"HTTP/1.1 302 Found\r\n\r\n", True, "GET http://127.0.0.1:{}/readyz answered 302"),
        (HTTP, b"HTTP/1.0 404 Not Found\r\n\r\n", False, "GET http://127.0.0.1:{}/readyz answered 404"),
        (HTTP, b"HTTP/1.1 500 Oops\r\n\r\n", False, "GET http://127.0.0.1:{}/readyz answered 500"),
        (HTTP, b"SSH-2.0-OpenSSH_9\r\n", False, "GET http://127.0.0.1:{}/readyz did not answer with HTTP"),
        (HTTP, b"x" * 200_000, False, "GET http://127.0.0.1:{}/readyz did not answer with HTTP"),
        (HTTP, b"", False, "GET http://127.0.0.1:{}/readyz did not answer with HTTP"),
        (REDIS, b"+PONG\r\n", True, "port {} on 127.0.0.1 answered PING with '+PONG'"),
        (REDIS, b"-NOAUTH Authentication required.\r\n", True, "port {} on 127.0.0.1 answered PING with '-NOAUTH Auth"),
        (REDIS, b"-LOADING busy\r\n", False, "port {} on 127.0.0.1 answered PING with '-LOADING busy'"),
        (Health(), None, True, "port {} on 127.0.0.1 accepts connections"),
    ],
)
def test_answers(health: Health, reply: bytes | None, healthy: bool, seen: str) -> None:
    answer, port = asked(health, reply)
    assert answer.healthy is healthy
    assert answer.seen.startswith(seen.format(port))


def test_no_answer_in_time() -> None:
    answer, port = asked(replace(HTTP, timeout=0.5), None, then_hang=True)
    assert answer == Answer(False, f"GET http://127.0.0.1:{port}/readyz gave no answer within 0.5 s")


@pytest.mark.parametrize("make", [lambda: Health(), lambda: HTTP, lambda: REDIS])
def test_nobody_listens(make: Callable[[], Health]) -> None:
    answer = asyncio.run(check(make(), "127.0.0.1", free_port()))
    assert not answer.healthy
    assert answer.seen.endswith(": connection refused")
