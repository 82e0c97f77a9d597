"""The way to each server, a step at a time: its name, its port, its certificate."""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from operations.doctor.check import Check, failed, ok, warning
from operations.doctor.environment import ends_of

SECONDS = 5
"""Limit of each step."""
RENEW = timedelta(days=14)
"""A server's certificate that ends sooner is warned of."""
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""PostgreSQL's question whether the server speaks TLS."""


def reach(host: str, port: int, ca: str | None, now: datetime | None = None) -> Iterator[Check]:
    """Name, port and certificate of the server at *host*; what comes after a failure is left out.

    *ca*: the CA file that must have signed the certificate; ``system``: the machine's own; None: nobody looks at it.
    """
    name = f"way to {host}"
    try:
        addresses = sorted({str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})
    except OSError as error:
        mend = "check DB_HOST, and that this machine asks the network's own name server (private names resolve inside only)"
        yield failed(name, f"the name does not resolve: {error.strerror or error}", mend)
        return
    begun = time.monotonic()
    try:
        with socket.create_connection((host, port), timeout=SECONDS) as connection:
            took = (time.monotonic() - begun) * 1000
            yield ok(name, f"{', '.join(addresses)} port {port} answers in {took:.0f} ms")
            yield _certificate(host, connection, ca, now or datetime.now(UTC))
    except OSError as error:
        reason = f"no answer within {SECONDS} s" if isinstance(error, TimeoutError) else error.strerror or str(error)
        refused = isinstance(error, ConnectionRefusedError)
        mend = (
            "start the server (`make status` says what is down), or check DB_PORT"
            if refused
            else "a firewall or security group drops it, or it is private: work inside its network, or use `connect`"
        )
        yield failed(name, f"{', '.join(addresses)} port {port}: {reason}", mend)


def _certificate(host: str, connection: socket.socket, ca: str | None, now: datetime) -> Check:
    """The server's certificate: who signed it and how long it is good. Whether it names *host* is the login's business."""
    name = f"certificate of {host}"
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    if ca == "system":
        context.load_default_certs()
    elif ca:
        context.load_verify_locations(ca)
    else:
        context.verify_mode = ssl.CERT_NONE
    try:
        connection.sendall(_SSL_REQUEST)
        if connection.recv(1) != b"S":
            return failed(name, "the server takes no TLS", "turn ssl on in the server (all providers here do)")
        with context.wrap_socket(connection, server_hostname=host) as secured:
            version, shown = secured.version(), secured.getpeercert()
    except ssl.SSLCertVerificationError as error:
        renew = "if it is past its end, renew it (`make up`, the provider's maintenance)"
        return failed(name, error.verify_message, f"check DB_SSL_ROOT_CERT: it must be the CA file of this server; {renew}")
    except OSError as error:  # SSLError is one
        return failed(name, f"no TLS session: {error.strerror or error}", "check that DB_PORT is PostgreSQL's and not another's")
    if not shown:
        return ok(name, f"{version}, looked at by nobody (DB_SSL_MODE)")
    ends = ends_of(shown)
    found = f"{version}, good until {ends:%Y-%m-%d}"
    renew = "renew it: `make up` on this machine; on the clouds the provider does, by a restart in the maintenance window"
    return warning(name, found, renew) if ends - now < RENEW else ok(name, found)
