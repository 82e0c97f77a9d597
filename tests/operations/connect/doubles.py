"""Stand-ins for the programs that lead into a cloud's network: they forward real connections, and say how they were called."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORWARD = """
import json, os, pathlib, socket, ssl, struct, sys, threading, time

OFFER = "R\\0\\0\\0{:c}\\0\\0\\0\\n{}SCRAM-SHA-256\\0\\0"

def relay(one, other):
    try:
        while data := one.recv(65536):
            # Cloud SQL ends the proxy's TLS before PostgreSQL, which therefore offers no binding to it
            other.sendall(data.replace(OFFER.format(42, "SCRAM-SHA-256-PLUS\\0").encode(), OFFER.format(23, "").encode()))
    except OSError:
        pass
    for end in (one, other):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

def forward(port, host, to, ca=None):
    listener = socket.create_server(("127.0.0.1", port))
    while True:
        near, _ = listener.accept()
        try:
            far = socket.create_connection((host, to), 5)
        except OSError as error:
            print(f"dial tcp {host}:{to}: {error}", flush=True)
            near.close()
            continue
        if ca:  # as the Cloud SQL Auth Proxy: plain here, TLS there
            far.sendall(struct.pack("!ii", 8, 80877103))
            assert far.recv(1) == b"S"
            context = ssl.create_default_context(cafile=ca)
            context.check_hostname = False
            far = context.wrap_socket(far)
        for ends in ((near, far), (far, near)):
            threading.Thread(target=relay, args=ends, daemon=True).start()

here = pathlib.Path(__file__).parent
told = json.loads((here / "told.json").read_text())
(here / "called.json").write_text(json.dumps({"argv": sys.argv[1:], "environ": dict(os.environ), "pid": os.getpid()}))
if told.get("fails"):
    print(told["fails"], flush=True)
    sys.exit(7)
"""

PLUGIN = """
if sys.argv[1] == "--version":
    print(told["version"])
    sys.exit()
asked = json.loads(sys.argv[5])["Parameters"]
forward(int(asked["localPortNumber"][0]), asked["host"][0], int(asked["portNumber"][0]))
"""

PROXY = """
forward(int(sys.argv[sys.argv.index("--port") + 1]), told["host"], told["port"], told["ca"])
"""


@dataclass(frozen=True)
class Double:
    """A program on PATH."""

    folder: Path

    def called(self) -> dict[str, Any]:
        """How it was called last."""
        found: dict[str, Any] = json.loads((self.folder / "called.json").read_text())
        return found

    def tell(self, **told: Any) -> None:
        """What it shall do."""
        (self.folder / "told.json").write_text(json.dumps(told))


def install(folder: Path, name: str, rest: str, **told: Any) -> Double:
    """Put program *name* into *folder*: what all do, then *rest*."""
    folder.mkdir(parents=True, exist_ok=True)
    program = folder / name
    program.write_text(f"#!{sys.executable}\n{FORWARD}{rest}")
    program.chmod(0o755)
    double = Double(folder)
    double.tell(**told)
    return double
