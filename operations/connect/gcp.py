"""The way to a database on Google Cloud: the Cloud SQL Auth Proxy, which encrypts and checks whom it talks to."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from psycopg.conninfo import make_conninfo

from operations.connect.tunnel import ADDRESS, free_port, require, tunnel
from operations.connect.way import Wish, as_wished, attributes
from operations.connection import conninfo_of
from operations.place import Place

PROXY = "cloud-sql-proxy"
MEND = (
    "install the Cloud SQL Auth Proxy (cloud.google.com/sql/docs/postgres/sql-proxy), or use the stack's output `connect` inside "
    "its network"
)
HINT = "the proxy needs roles/cloudsql.client, and a way into the stack's network (VPN, Interconnect), which it does not make"


@contextmanager
def proxied(place: Place, wish: Wish) -> Iterator[str]:
    """A connection string to the proxy, which listens on this machine only. With an identity it logs in by itself, with tokens
    that are good for an hour; whoever shares this machine could use the port as that identity meanwhile."""
    assert place.handles is not None
    handles, database = place.handles, place.handles["database"]
    program, port = require(PROXY, mend=MEND), free_port()
    environ = as_wished(place.environ, wish)
    reads = wish.reader and environ["DB_READER_HOST"] != environ["DB_HOST"]
    instance = f"{database['id']}-replica-1" if reads else database["id"]
    # The proxy's own TLS goes to the instance; on loopback there is nothing to encrypt for.
    environ |= {"DB_HOST": ADDRESS, "DB_PORT": str(port), "DB_SSL_MODE": "disable"}
    environ.pop("DB_SSL_ROOT_CERT", None)
    if wish.identity:
        user = wish.identity.removesuffix(".gserviceaccount.com")
        login = make_conninfo("", host=ADDRESS, port=port, dbname=environ["DB_NAME"], user=user, sslmode="disable")
    else:
        login = conninfo_of(environ)
    command = [
        program,
        "--address",
        ADDRESS,
        "--port",
        str(port),
        "--psc" if database["private_access"] == "psc" else "--private-ip",
        *(["--auto-iam-authn"] if wish.identity else []),
        f"{handles['project']}:{handles['region']}:{instance}",
    ]
    with tunnel(command, port=port, environment=os.environ, hint=HINT):
        yield make_conninfo(login, target_session_attrs="any" if wish.reader else attributes(wish))
