"""``python -m runtime``: the reference application on HOST and PORT, until SIGTERM or SIGINT.

Ends with 0 after requests in progress were answered (8 s at most), with 2 and one sentence where it cannot start. It does
start, and says that it is alive, while the database is away.
"""

from __future__ import annotations

import logging
import os
import signal
import socket
import sys
import time
from types import FrameType

import uvicorn

from runtime.app import create_app
from runtime.database import DatabaseManager
from runtime.environment import ApplicationEnvironment
from runtime.errors import EnvironmentProblem

logger = logging.getLogger("runtime")

DRAIN = 8
"""Seconds that requests in progress are given at the end: less than the 10 s after which Cloud Run kills, and ECS's 30."""


class _Server(uvicorn.Server):
    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # uvicorn gives up a request after DRAIN seconds, but its thread goes on waiting for the database, and Python for it.
        signal.alarm(DRAIN + 1)
        super().handle_exit(sig, frame)


def main() -> int:
    logging.Formatter.converter = time.gmtime
    line = "%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level="INFO", format=line, datefmt="%Y-%m-%dT%H:%M:%S", stream=sys.stdout)
    # Ours says once that an outage began and once that it ended; the pool's own says it at each attempt.
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)
    try:
        environment = ApplicationEnvironment.from_environ()
        listener = _listen(environment.host, environment.port)
    except EnvironmentProblem as problem:
        print(f"cannot start: {problem}", file=sys.stderr)
        return 2
    app = create_app(environment, DatabaseManager(environment))
    config = uvicorn.Config(app, access_log=False, log_config=None, timeout_graceful_shutdown=DRAIN)
    # uvicorn stops on SIGTERM and then raises it again for whoever handled it before: a stop that was asked for ends with 0.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGALRM, lambda *_: os._exit(0))
    with listener:
        logger.info("listening on http://%s:%s", *listener.getsockname()[:2])
        _Server(config).run(sockets=[listener])
    return 0


def _listen(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        # create_server repeats the address in its text
        reason = str(error.strerror).partition(" (while")[0]
        raise EnvironmentProblem(f"cannot listen on HOST={host} PORT={port}: {reason}; set PORT to a free one") from None


if __name__ == "__main__":
    raise SystemExit(main())
