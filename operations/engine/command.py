"""Runs the Pulumi CLI for the Automation API so that Ctrl-C ends an update in good order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import FrameType
from typing import IO

from pulumi.automation import CommandResult, PulumiCommand
from pulumi.automation.errors import create_command_error
from semver import VersionInfo

from operations.engine.pulumi_cli import Cli
from operations.errors import Interrupted

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EngineCommand(PulumiCommand):
    """The CLI in a session of its own.

    A Ctrl-C in a terminal goes to every process in the foreground, and a second one makes the engine drop what it does.
    Here it reaches only this process, which passes it on: once to finish the running steps and stop, twice to stop now.
    """

    def __init__(self, cli: Cli) -> None:
        # the base class would run `pulumi version` again
        self.command = str(cli.path)
        self.version = VersionInfo.parse(cli.version)
        self.interrupts = 0
        self._process: subprocess.Popen[str] | None = None

    def run(
        self,
        args: list[str],
        cwd: str,
        additional_env: Mapping[str, str],
        on_output: Callable[[str], object] | None = None,
        on_error: Callable[[str], object] | None = None,
    ) -> CommandResult:
        if self.interrupts:
            raise Interrupted("Stopped.")
        environment = {**os.environ, **additional_env, "PULUMI_AUTOMATION_API": "true"}
        command = [self.command, *([] if "--non-interactive" in args else ["--non-interactive"]), *args]
        with subprocess.Popen(
            command, cwd=cwd, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace", start_new_session=True,
        ) as process:  # fmt: skip
            self._process = process
            if self.interrupts:  # one that came while the process was being started
                self._signal(signal.SIGINT)
            assert process.stdout is not None
            assert process.stderr is not None
            out, err = _Reader(process.stdout, on_output), _Reader(process.stderr, on_error)
            for reader in (out, err):
                reader.join()
        self._process = None
        result = CommandResult(stdout="\n".join(out.lines), stderr="\n".join(err.lines), code=process.returncode)
        if result.code != 0:
            raise create_command_error(result)
        return result

    @contextmanager
    def interruptible(self, say: Callable[[str], None]) -> Iterator[None]:
        """Within the block a signal is passed on to the engine instead of tearing this process down.

        First signal: finish the steps at work, then stop. Second: stop at once. Third: kill. ``interrupts`` counts them.
        """

        def handle(number: int, frame: FrameType | None) -> None:
            del number, frame
            self.interrupts += 1
            if self.interrupts == 1:
                say("Stopping: the steps at work are finished first. Press Ctrl-C again to drop them.")
                self._signal(signal.SIGINT)
            elif self.interrupts == 2:
                say("Dropping the steps at work.")
                self._signal(signal.SIGINT)
            else:
                self._signal(signal.SIGKILL)

        # one that is ignored (nohup, a background job of a shell) stays ignored
        wanted = [number for number in _SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]
        before = {number: signal.signal(number, handle) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.send_signal(number)


class _Reader(threading.Thread):
    """Collects the lines of one stream of the engine, handing each on as it comes."""

    def __init__(self, stream: IO[str], then: Callable[[str], object] | None) -> None:
        super().__init__(daemon=True)
        self.lines: list[str] = []
        self._stream, self._then = stream, then
        self.start()

    def run(self) -> None:
        for line in self._stream:
            text = line.rstrip()
            self.lines.append(text)
            if self._then is not None:
                self._then(text)
