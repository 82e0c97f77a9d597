"""A handler behind a real gRPC server."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, TypeVar

import grpc  # type: ignore[import-untyped]

Handler = TypeVar("Handler", bound=Any)


@contextmanager
def serving(handler: Handler) -> Iterator[Handler]:
    """*handler*, a ``grpc.GenericRpcHandler``, served on a free port, which it finds in its attribute ``port``."""
    server = grpc.server(ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers((handler,))
    handler.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield handler
    finally:
        server.stop(None).wait()
