"""One run of a command behind its guard, seen from the supervisor's event loop."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from components.local.host.processes import guard
from components.local.host.processes.logfile import LogFile
from components.local.host.processes.process import KILL_SECONDS, Identity, end_session

CHUNK = 64 * 1024


def guarded(command: Sequence[str], *, grace: float) -> list[str]:
    """*command* behind :mod:`.guard`: isolated (-I) and without site packages (-S), to start fast."""
    return [sys.executable, "-I", "-S", guard.__file__, f"{grace:g}", *command]


class Child:
    """A command that runs. Made in the event loop's thread; its output goes to *log* as it comes."""

    def __init__(self, command: Sequence[str], *, cwd: Path, environment: Mapping[str, str], grace: float, log: LogFile) -> None:
        """Raises OSError when *cwd* is gone or the system has no process left."""
        self._grace, self._log = grace, log
        self.exited = asyncio.Event()
        self.code: int | None = None
        self._output, writer = os.pipe()
        try:
            self._process = subprocess.Popen(
                guarded(command, grace=grace),
                cwd=cwd,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=writer,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(writer)
        self.identity = Identity.of(self._process.pid)
        """None when it is over already."""
        os.set_blocking(self._output, False)
        asyncio.get_running_loop().add_reader(self._output, self._read)

    def _read(self) -> bool:
        """Move what the command wrote into the log. False when there is nothing more."""
        try:
            data = os.read(self._output, CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._log.write(data)
        else:
            asyncio.get_running_loop().remove_reader(self._output)
        return bool(data)

    def reap(self) -> None:
        """Look whether it has ended: called on SIGCHLD."""
        code = self._process.poll()
        if code is not None and self.code is None:
            self.code = guard.shell_code(code)
            self.exited.set()

    async def stop(self) -> None:
        """SIGTERM to its group, the grace to end, SIGKILL; returns when the guard has ended."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            async with asyncio.timeout(self._grace + KILL_SECONDS):
                await self.exited.wait()
        except TimeoutError:  # the guard itself hangs: stopped by SIGSTOP, say
            end_session(self._process.pid, grace=0)
            await self.exited.wait()

    def close(self) -> None:
        """End what the command left behind in its session, and keep its last output. Only after it has ended."""
        end_session(self._process.pid, grace=0)
        loop = asyncio.get_running_loop()
        while self._read():
            pass
        loop.remove_reader(self._output)
        os.close(self._output)
        if self._process.stdin and not self._process.stdin.closed:
            self._process.stdin.close()
