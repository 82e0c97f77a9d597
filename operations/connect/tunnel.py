"""A program that listens on this machine and leads somewhere else, for as long as it is needed."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType

from components.local.host.processes.child import guarded
from operations.errors import OperationError, Refused

ADDRESS = "127.0.0.1"
OPEN_SECONDS = 30.0
"""How long a tunnel may take until it listens."""
END_SECONDS = 5.0
"""How long it may take to end when it is told to."""
SHOWN = 3
"""Last lines of its output that an error holds."""


def require(program: str, *, mend: str) -> str:
    """Path of *program*. Raises Refused where there is none; *mend* says what to do."""
    found = shutil.which(program)
    if found is None:
        raise Refused(f"{program} is not installed on this machine: {mend}")
    return found


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((ADDRESS, 0))
        return int(probe.getsockname()[1])


@contextmanager
def tunnel(command: Sequence[str], *, port: int, environment: Mapping[str, str], hint: str) -> Iterator[None]:
    """Runs *command*, which listens on *port*, during the block.

    Raises OperationError where it ends or does not listen in time, and adds what it said last to one that the block raises:
    a tunnel may listen and lead nowhere. *hint*: what to look at then.
    """
    name = command[0].rpartition("/")[2]
    with tempfile.TemporaryFile("w+") as said:

        def complaint(what: str) -> str:
            said.seek(0)
            lines = [line.strip() for line in said.read().splitlines() if line.strip()][-SHOWN:]
            return f"{name} {what}: {' | '.join(lines) or 'it said nothing'}; {hint}"

        process = subprocess.Popen(
            guarded(command, grace=END_SECONDS),
            env=dict(environment),
            stdin=subprocess.PIPE,  # closed when we end, even by SIGKILL: the guard ends the program then
            stdout=said,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C that is meant for a query must not end it
        )
        assert process.stdin is not None
        before = {number: signal.signal(number, _leave) for number in (signal.SIGTERM, signal.SIGHUP)}
        try:
            _wait(process, port, complaint)
            try:
                yield
            except OperationError as error:
                raise OperationError(*error.sentences, complaint("says")) from None
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            process.stdin.close()
            process.wait()


def _leave(number: int, frame: FrameType | None) -> None:
    del frame
    sys.exit(128 + number)


def _wait(process: subprocess.Popen[bytes], port: int, complaint: Callable[[str], str]) -> None:
    deadline = time.monotonic() + OPEN_SECONDS
    while True:
        if process.poll() is not None:
            raise OperationError(complaint(f"ended with exit code {process.returncode}"))
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex((ADDRESS, port)) == 0:
                return
        if time.monotonic() > deadline:
            raise OperationError(complaint(f"does not listen after {OPEN_SECONDS:.0f} seconds"))
        time.sleep(0.1)
