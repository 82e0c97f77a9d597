"""Sessions on readers after a swap. A rename does not end them there: they would go on reading the database that was replaced."""

from __future__ import annotations

import time
from collections.abc import Sequence

import psycopg
from psycopg.conninfo import make_conninfo

from operations.restore import APPLICATION
from operations.restore.server import MAINTENANCE, Server

REPLAY_SECONDS = 30.0
"""How long a reader may take to hear of the swap."""
MANY = ".cluster-ro-"
"""Part of Aurora's reader address, behind which any reader may answer."""

_ID = "SELECT oid FROM pg_database WHERE datname = %s"
_END = """
    SELECT pg_terminate_backend(pid) FROM pg_stat_activity JOIN pg_roles AS r ON r.oid = usesysid
    WHERE datid = %s AND (NOT rolsuper OR (SELECT rolsuper FROM pg_roles WHERE rolname = current_user))
"""


def end_sessions(server: Server, hosts: Sequence[str], kept: str) -> list[str]:
    """Ends the sessions that *hosts* still have in *kept*. Returns a sentence for each host where that is not certain."""
    old, new = (server.session.execute(_ID, [name]).fetchone() for name in (kept, server.database))
    if old is None or new is None:
        return []
    left = []
    for host in hosts:
        problem = f"{host} stands for several readers" if MANY in host else _end(server, host, old[0], new[0])
        if problem:
            left.append(f"{problem}: sessions there may still read {kept} until they are opened anew; restart the services")
    return left


def _end(server: Server, host: str, old: int, new: int) -> str:
    """What is in the way; empty when no session is left, and for the writer itself."""
    address = make_conninfo(server.at(MAINTENANCE), host=host, target_session_attrs="any", application_name=APPLICATION)
    deadline = time.monotonic() + REPLAY_SECONDS
    try:
        with psycopg.connect(address, autocommit=True, connect_timeout=10) as session:
            while session.execute(_ID, [server.database]).fetchone() != (new,):
                if time.monotonic() > deadline:
                    return f"{host} is far behind the writer"
                time.sleep(0.05)
            session.execute(_END, [old])
    except psycopg.Error as error:
        return f"{host} cannot be asked ({' '.join(str(error).split())[:120]})"
    return ""
