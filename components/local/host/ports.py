"""Whether a server may listen on an address and port of this machine, and who is in the way."""

from __future__ import annotations

import errno
import socket
import sys

import psutil

from components.local.host.errors import LocalError


def require_free(address: str, port: int, *, key: str) -> None:
    """Return when a server can listen on *address*:*port*.

    :param key: the settings key that changes the port, named in the sentence, for example ``database.port``.
    :raises LocalError: the port is taken, or this machine does not have the address.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as servers do: closing connections are not in the way
        try:
            probe.bind((address, port))
            probe.listen(1)
        except OSError as error:
            raise LocalError(_sentence(error, address, port, key)) from None


def holder(port: int, address: str | None = None) -> str | None:
    """Who listens on *port*, like ``nginx (pid 12)``, as far as this user may see it."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except (psutil.AccessDenied, OSError):
        return None
    wildcards = {"0.0.0.0", "::", address}
    for connection in connections:
        local = connection.laddr
        if connection.status != psutil.CONN_LISTEN or not local or local.port != port or not connection.pid:
            continue
        if address is not None and local.ip not in wildcards:
            continue
        try:
            return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
        except psutil.Error:
            return f"pid {connection.pid}"
    return None


def _sentence(error: OSError, address: str, port: int, key: str) -> str:
    if error.errno == errno.EADDRINUSE:
        who = holder(port, address)
        by = f"by {who}" if who else "by another program"
        return f"port {port} on {address} is in use {by}; stop it or set {key} to a free port."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"this machine has no address {address}; add it with: {_add_address(address)}"
    if error.errno == errno.EACCES:
        return f"this user may not listen on port {port} of {address}; set {key} to a port from 1024 on."
    return f"cannot listen on {address}:{port} ({error.strerror}); set {key} to another port."


def _add_address(address: str) -> str:
    if sys.platform == "darwin":
        return f"sudo ifconfig lo0 alias {address} up"
    return f"sudo ip address add {address}/8 dev lo"
