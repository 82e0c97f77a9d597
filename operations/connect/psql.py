"""psql itself, given its connection in variables and not in its arguments."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Sequence

from operations.backup.pg_client import client_environment, find_client
from operations.connection import connect
from operations.errors import OperationError

APPLICATION = "managed-postgres connect"


def prompt(conninfo: str, arguments: Sequence[str]) -> int:
    """psql with *arguments* until it ends; its exit code.

    The connection is tried first, so that what is wrong with it is said in one sentence. Raises OperationError then, and where
    this machine has no psql for the server.
    """
    with connect(conninfo, APPLICATION) as session:
        version = session.info.server_version
    psql = find_client(version).bindir / "psql"
    if not psql.is_file():
        raise OperationError(
            f"There is no psql in {psql.parent}: install postgresql-client-{version // 10000}, or set PG_BINDIR."
        )
    environment = {**client_environment(conninfo), "PGAPPNAME": APPLICATION}
    with subprocess.Popen([psql, "--no-password", *arguments], env=environment) as process:
        # Ctrl-C in a terminal reaches both: it ends a query there, and nothing here.
        before = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            return process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
