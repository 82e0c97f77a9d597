"""A network that can be lost without a word: two network namespaces with a cable between them. Linux, as root."""

from __future__ import annotations

import contextlib
import ctypes
import os
import selectors
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

POSSIBLE = sys.platform == "linux" and os.geteuid() == 0
SERVER, CLIENT = "10.211.0.1", "10.211.0.2"
NEWNET = 0x40000000


@dataclass(frozen=True)
class FarNetwork:
    """``prefix``: a command that begins with it runs on the client's side, where the server is at 10.211.0.1 and ``port``."""

    prefix: tuple[str, ...]
    server: int
    port: int

    def cut(self) -> None:
        """From now on nothing comes back to the client, neither answers nor acknowledgements."""
        _run("nsenter", "-t", str(self.server), "-n", "ip", "route", "add", "blackhole", f"{CLIENT}/32")


@contextmanager
def far_network(target: tuple[str, int]) -> Iterator[FarNetwork]:
    """A client's side on which the server at *target* (of this side) is reached over a cable. Gone at the end."""
    with contextlib.ExitStack() as stack:
        server, client = (stack.enter_context(_namespace()) for _ in range(2))
        inside = ("nsenter", "-t", str(server), "-n", "ip")
        _run(*inside, "link", "add", "far", "type", "veth", "peer", "name", "near", "netns", str(client))
        for process, link, address in ((server, "far", SERVER), (client, "near", CLIENT)):
            there = ("nsenter", "-t", str(process), "-n", "ip")
            _run(*there, "address", "add", f"{address}/30", "dev", link)
            _run(*there, "link", "set", link, "up")
        listener = stack.enter_context(_listener(server))
        pump = threading.Thread(target=_pump, args=(listener, target), daemon=True)
        pump.start()
        yield FarNetwork(("nsenter", "-t", str(client), "-n"), server, listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
        pump.join()


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


@contextmanager
def _namespace() -> Iterator[int]:
    """A process that does nothing in a network namespace of its own; its id."""
    with subprocess.Popen(["unshare", "-n", "sh", "-c", "echo; exec sleep 300"], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


def _listener(process: int) -> socket.socket:
    """A socket that listens in the network namespace of *process*, made by a thread that goes there and ends."""
    made: list[socket.socket] = []

    def make() -> None:
        with open(f"/proc/{process}/ns/net") as namespace:  # noqa: PTH123
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), NEWNET):
                return
        made.append(socket.create_server((SERVER, 0)))

    thread = threading.Thread(target=make)
    thread.start()
    thread.join()
    return made[0]


def _pump(listener: socket.socket, target: tuple[str, int]) -> None:
    """Carries bytes between whoever connects to *listener* and *target*, until the listener ends."""
    peers: dict[socket.socket, socket.socket] = {}
    with selectors.DefaultSelector() as selector, contextlib.ExitStack() as stack:
        selector.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                source = key.fileobj
                assert isinstance(source, socket.socket)
                if source is listener:
                    try:
                        here, _ = listener.accept()
                    except OSError:
                        return
                    there = socket.create_connection(target)
                    for one, other in ((here, there), (there, here)):
                        peers[stack.enter_context(one)] = other
                        selector.register(one, selectors.EVENT_READ)
                    continue
                try:
                    data = source.recv(65536)
                    peers[source].sendall(data)
                except OSError:
                    data = b""
                if not data:
                    for one in (source, peers[source]):
                        with contextlib.suppress(KeyError):
                            selector.unregister(one)
                        one.close()
