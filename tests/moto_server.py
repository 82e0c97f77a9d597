"""moto's server, which answers for AWS over HTTP, without two things that take it most of its time and that no test looks at."""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.loaders import JSONFileLoader  # type: ignore[import-untyped]
from moto.server import ThreadedMotoServer

_read = JSONFileLoader.load_file


@functools.cache
def _read_once(path: str) -> Any:
    return _read(JSONFileLoader(), path)


@contextmanager
def moto_server() -> Iterator[str]:
    """The address of a server. What it holds is the whole process's: ask for ``/moto-api/reset`` before a test."""
    os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
    JSONFileLoader.load_file = lambda _, path: _read_once(path)  # each new session would read each service's model anew
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()
