"""Works on the database from the far side of ``tests.runtime.network``: a program of its own, the contract in its environment.

Has one statement wait, says so with a line, and when a line comes in (the cable was cut) has another one send. Prints for each
how many seconds after that line it ended, and how: JSON. Arguments: how many seconds it looks at most; ``ours`` or ``libpq``.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import psycopg

from runtime.database import DatabaseManager
from runtime.environment import DatabaseEnvironment

LARGE = "x" * 20_000_000
"""More than the socket's buffers hold, so that sending it has to wait."""


def main() -> None:
    patience, block = float(sys.argv[1]), {"ours": ours, "libpq": libpq}[sys.argv[2]]()
    logging.disable()  # what fails is in the answer
    ended: dict[str, tuple[float, str]] = {}
    ready, cut = threading.Barrier(3), threading.Event()
    cut_at = 0.0

    def work(name: str, statement: str, wait: bool, *values: str) -> None:
        try:
            with block() as connection:
                connection.execute("SELECT 1")
                ready.wait()
                if wait:
                    cut.wait()
                connection.execute(statement.encode(), values)
        except psycopg.Error as error:
            ended[name] = (time.monotonic() - cut_at, str(error))

    threads = [
        threading.Thread(target=work, args=("waiting", "SELECT pg_sleep(600)", False), daemon=True),
        threading.Thread(target=work, args=("sending", "SELECT length(%s)", True, LARGE), daemon=True),
    ]
    for thread in threads:
        thread.start()
    ready.wait()
    time.sleep(0.5)  # until the sleep has been sent and acknowledged
    print("ready", flush=True)
    sys.stdin.readline()
    cut_at = time.monotonic()
    cut.set()
    for thread in threads:
        thread.join(max(0.0, cut_at + patience - time.monotonic()))
    print(json.dumps(ended), flush=True)
    os._exit(0)  # closing would wait for a server that is out of reach


def ours() -> Callable[[], AbstractContextManager[psycopg.Connection[Any]]]:
    # without a limit on statements: what ends them here is TCP
    return DatabaseManager(DatabaseEnvironment.from_environ(), min_size=1, statement_timeout=None).writer


def libpq() -> Callable[[], AbstractContextManager[psycopg.Connection[Any]]]:
    url = os.environ["DATABASE_URL"]
    address = {"host": os.environ["DB_HOST"], "port": os.environ["DB_PORT"], "sslmode": os.environ["DB_SSL_MODE"]}
    return lambda: psycopg.connect(url, **address)


if __name__ == "__main__":
    main()
