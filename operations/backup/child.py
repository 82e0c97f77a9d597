"""A client program of PostgreSQL at the end of a pipe: fed or read in constant memory, its end told in one sentence."""

from __future__ import annotations

import fcntl
import subprocess
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, Any

PIPE = 1 << 20
"""Bytes that Linux lets a pipe hold: the programs at its ends wait less for each other."""
PIECE = PIPE // 4
"""Bytes of one read: pg_dump writes by the thousand, and to hand each on would cost more than to check it."""
REPEATED = 3
"""Lines of what a program said last that an error repeats."""


class Failed(Exception):
    """It ended badly, or would take no more. The text follows the program's name: ``failed: ...``."""


class Child:
    """Started by :func:`running`."""

    def __init__(self, process: subprocess.Popen[bytes], *, fed: bool) -> None:
        self.lines = 0
        """Lines on its standard output that are no comment (``;``) and not empty; of a program that is fed, at its end."""
        self._process, self._deaf = process, False
        self._said: deque[str] = deque(maxlen=REPEATED)
        self._threads = [threading.Thread(target=self._listen, daemon=True)]
        if fed:
            self._threads.append(threading.Thread(target=self._count, daemon=True))
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError, AttributeError):  # the user's share of pipes is used up; not Linux
                if pipe is not None:
                    fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, PIPE)
        for thread in self._threads:
            thread.start()

    def read(self) -> bytes:
        """The next bytes of its standard output; none at the end."""
        return bytes(_there(self._process.stdout).read(PIECE))

    def feed(self, data: bytes) -> None:
        """Hands it the next bytes. One that ended well has heard enough; raises :class:`Failed` for one that did not."""
        if self._deaf:
            return
        try:
            _there(self._process.stdin).write(data)
        except BrokenPipeError:
            self._deaf = True
            self.finish()

    def finish(self) -> None:
        """Tells it that this was all, and waits for it. Raises :class:`Failed`."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        code = self._process.wait()
        for thread in self._threads:
            thread.join()
        if code < 0:
            raise Failed(f"was killed (signal {-code})")
        if code:
            raise Failed(f"failed: {'; '.join(self._said) or f'exit code {code}'}")

    def end(self) -> None:
        """Ends it whatever it does. Nothing happens after :meth:`finish`."""
        self._process.kill()
        self._process.wait()
        for thread in self._threads:
            thread.join()
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):
                    pipe.close()

    def _listen(self) -> None:
        for line in _there(self._process.stderr):
            if text := line.decode(errors="replace").strip():
                self._said.append(text)

    def _count(self) -> None:
        for line in _there(self._process.stdout):
            self.lines += bool(line.strip()) and not line.startswith(b";")


@contextmanager
def running(command: Sequence[str], environment: Mapping[str, str] | None = None, *, fed: bool = False) -> Iterator[Child]:
    """*command*, to be read from, or with *fed* to be written to. It does not outlive the block."""
    process = subprocess.Popen(
        command,
        env=environment,
        stdin=subprocess.PIPE if fed else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    child = Child(process, fed=fed)
    try:
        yield child
    finally:
        child.end()


def _there(pipe: IO[Any] | None) -> IO[Any]:
    assert pipe is not None
    return pipe
